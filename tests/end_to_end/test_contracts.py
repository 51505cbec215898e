"""A stage's tables are held against their contracts before its kernel starts and after it ends."""

import json
import os
import signal
from pathlib import Path

import pytest
from checkout import Checkout
from mlflow import MlflowClient

from stagebook.execution.outcome import Outcome

SCHEMAS = """
import os
import pandera.pandas as pa

with open(os.environ.get("SCHEMA_LOG", os.devnull), "a") as log:
    log.write("imported\\n")


class Trips(pa.DataFrameModel):
    hour: int = pa.Field(ge=0, le=23)
    minutes: float = pa.Field(gt=0)


class Hanging(pa.DataFrameModel):
    hour: int

    @pa.check("hour")
    def never_ends(cls, hour):
        import time
        open(os.environ["HANG"], "w").write(str(os.getpid()))
        time.sleep(600)


class Exiting(pa.DataFrameModel):
    hour: int

    @pa.check("hour")
    def exits(cls, hour):
        os._exit(7)
"""
GOOD = "hour,minutes\n0,12.5\n23,3.0\n"
BAD = "hour,minutes\n0,12.5\n24,3.0\n-1,4.0\n"
COPY = "import shutil\nshutil.copy(trips, long)"


@pytest.fixture
def trips(project: Checkout) -> Checkout:
    """A stage that copies a table; both sides have a contract."""
    project.write("src/schemas.py", SCHEMAS)
    project.write("data/trips.csv", GOOD)
    declare(project, "Trips")
    return project


def declare(project: Checkout, schema: str, code: str = COPY) -> None:
    project.notebook(
        "copies",
        f'from schemas import {schema}\ntrips: In[{schema}] = "data/trips.csv"\n'
        f'long: Out[{schema}] = "data/long.csv"',
        code,
    )


def test_tables_that_keep_their_contracts_pass_and_are_remembered_with_profiles(
    trips: Checkout,
) -> None:
    done = json.loads(trips.ok("stagebook", "run", "copies", "--json").output)
    tables = done["record"]["tables"]
    assert [(one["name"], one["role"], one["holds"], one["rows"]) for one in tables] == [
        ("trips", "input", True, 2),
        ("long", "output", True, 2),
    ]
    assert tables[0]["profile"] == tables[1]["profile"]  # the same content
    profile = trips.root / ".stagebook" / "profiles" / f"{tables[0]['profile']}.json"
    assert json.loads(profile.read_text())["rows"] == 2

    trips.ok("stagebook", "deliver")
    client = MlflowClient(f"sqlite:///{trips.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("little")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.tags["contract.data/trips.csv"] == "holds"
    assert json.loads(run.inputs.dataset_inputs[0].dataset.profile) == {"num_rows": 2}
    names = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert {"contracts.json", "profiles"} <= names
    inside = {one.path for one in client.list_artifacts(run.info.run_id, "profiles")}
    assert inside == {"profiles/trips.json", "profiles/long.json"}


def test_an_input_that_breaks_its_contract_keeps_the_kernel_from_starting(trips: Checkout) -> None:
    trips.ok("stagebook", "run", "copies")
    before = trips.read("data/long.csv")
    trips.write("data/trips.csv", BAD)
    done = trips.run("stagebook", "run", "copies")
    assert done.code == 10
    problems = trips.recorded_problems()
    assert {(each.code, each.where.file) for each in problems if each.where} == {
        ("value-refused", "data/trips.csv")
    }
    assert all("`hour`" in each.message for each in problems)
    record = trips.records()[-1]
    assert record["outcome"] == Outcome.REFUSED.value
    assert record["volatile"]["cells"] == []
    assert record["tables"][0]["holds"] is False
    samples = [failure["sample"] for failure in record["tables"][0]["failures"]]
    assert sorted(samples) == [[[2, "24"]], [[3, "-1"]]]
    assert trips.read("data/long.csv") == before
    assert trips.left_in_executions() == []


def test_an_output_that_breaks_its_contract_does_not_land_and_its_notebook_is_kept(
    trips: Checkout,
) -> None:
    declare(trips, "Trips", f"open(long, 'w').write({BAD!r})")
    done = trips.run("stagebook", "run", "copies")
    assert done.code == 10, done.output
    (problem, *_) = trips.recorded_problems()
    assert problem.where is not None
    assert (problem.code, problem.where.file) == ("value-refused", "data/long.csv")
    assert not (trips.root / "data" / "long.csv").exists()
    assert trips.records()[-1]["outcome"] == Outcome.REFUSED.value
    kept = json.loads(trips.read("runs/copies.failed.ipynb"))
    closing = "".join(kept["cells"][-1]["source"])
    assert Outcome.REFUSED.value in closing
    assert "24" in closing


@pytest.mark.slow
def test_a_table_is_inspected_once_for_each_content_and_contract(
    trips: Checkout, tmp_path: Path
) -> None:
    trips.env["SCHEMA_LOG"] = str(log := tmp_path / "log")
    log.touch()  # the kernel starts while the contract is imported
    trips.notebook(
        "read",
        'import schemas\ntrips: In[schemas.Trips] = "data/trips.csv"\n'
        'count: Metrics = "metrics/count.json"',
        "open(count, 'w').write('{\"n\": 1}')",
    )
    trips.ok("stagebook", "run", "read")
    first = log.read_text().count("imported")
    trips.ok("stagebook", "run", "read")
    assert (first, log.read_text().count("imported")) == (2, 3)  # the kernel imports it each time


@pytest.mark.parametrize(
    ("schema", "code", "named"),
    [("Absent", "no-contract", "Trips"), ("os", "not-a-contract", "schemas:os")],
)
def test_a_contract_that_cannot_be_had_is_told_as_such(
    trips: Checkout, schema: str, code: str, named: str
) -> None:
    declare(trips, schema)
    done = trips.run("stagebook", "run", "copies")
    assert done.code == 1, done.output
    (problem,) = trips.recorded_problems()
    assert problem.where is not None
    assert (problem.code, problem.where.file) == (code, "src/schemas.py")
    assert named in str(problem)
    assert trips.records()[-1]["outcome"] == "failed"


def test_a_check_that_ends_its_process_does_not_end_the_runner(trips: Checkout) -> None:
    declare(trips, "Exiting")
    done = trips.run("stagebook", "run", "copies")
    assert done.code == 1
    (problem,) = trips.recorded_problems()
    assert (problem.code, "exit code 7" in problem.message) == ("inspector-died", True)


def test_ctrl_c_while_a_check_hangs_ends_the_run_with_the_process_that_checks(
    trips: Checkout, tmp_path: Path
) -> None:
    declare(trips, "Hanging")
    trips.env["HANG"] = str(pipe := tmp_path / "pipe")
    os.mkfifo(pipe)
    process = trips.start("stagebook", "run", "copies")
    checking = int(pipe.read_text())
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    assert process.returncode == 130, output
    assert trips.records()[-1]["outcome"] == "interrupted"
    with pytest.raises(ProcessLookupError):
        os.kill(checking, 0)
