"""A package in MLflow's registry: with its evidence, once, and served from there."""

import contextlib
import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from checkout import BIN, Checkout
from mlflow import MlflowClient
from trackers import Request, free_port, gate, serving, store, wait_until

pytestmark = pytest.mark.slow


def register(project: Checkout, *options: str, code: int = 0) -> dict[str, Any]:
    """What `model register` says."""
    done = project.run("stagebook", "model", "register", "models/tall", "--json", *options)
    assert done.code == code, done.output
    found: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    return found


def problem(project: Checkout, *options: str, code: int) -> dict[str, Any]:
    """The one reason for which nothing is registered."""
    (found,) = register(project, *options, code=code)["problems"]
    assert found["hint"]
    return dict(found)


def versions(uri: str) -> list[Any]:
    return list(MlflowClient(uri).search_model_versions())


def logged(uri: str) -> list[Any]:
    client = MlflowClient(uri)
    experiments = [one.experiment_id for one in client.search_experiments()]
    return list(client.search_logged_models(experiments))


def test_a_version_has_the_packages_evidence_and_its_run(leaving: Checkout) -> None:
    made = register(leaving, "--alias", "champion")
    uri = store(leaving)
    (found,) = versions(uri)
    statement = json.loads(leaving.read("models/tall.intoto.json"))
    record = leaving.records()[-1]
    assert (made["name"], made["version"], made["made"]) == ("tall", 1, True)
    assert found.tags["stagebook.package"] == made["digest"]
    assert found.tags["stagebook.record"] == record["volatile"]["id"]
    assert found.tags["stagebook.commit"] == record["git"]["commit"]
    assert found.tags["stagebook.dirty"] == "false"
    evaluation = json.loads(leaving.read("models/tall/evaluation.json"))
    assert found.tags["stagebook.test.accuracy"] == str(evaluation["test"]["accuracy"])
    assert "data/people.csv " in found.tags["stagebook.raw"]
    assert statement["subject"][0]["digest"]["sha256"] == made["digest"]
    assert found.description == leaving.read("models/tall/MODEL_CARD.md")
    run = MlflowClient(uri).get_run(found.run_id)
    assert run.data.tags["stagebook.record"] == record["volatile"]["id"]
    assert [one.model_id for one in run.outputs.model_outputs] == [found.source[8:]]


def test_the_same_package_is_one_version_and_the_alias_moves(leaving: Checkout) -> None:
    first = register(leaving, "--alias", "champion")
    again = register(leaving, "--alias", "challenger")
    assert (again["version"], again["made"]) == (first["version"], False)
    assert again["run_id"] == first["run_id"]
    leaving.write("params/fit.yaml", "strength: 0.5\nrandom_state: 7\n")
    leaving.commit()
    leaving.build()
    second = register(leaving, "--alias", "champion")
    assert (second["version"], second["before"], second["made"]) == (2, 1, True)
    client = MlflowClient(store(leaving))
    assert client.get_registered_model("tall").aliases == {"challenger": 1, "champion": 2}
    assert len(logged(store(leaving))) == 2


LOADS = """
import mlflow.pyfunc, pandas as pd
rows = pd.read_parquet("data/test.parquet")[["height", "weight"]]
found = mlflow.pyfunc.load_model("models:/Tall people@champion").predict(rows)
assert len(found) == len(rows)
"""
LOADS_SAFELY = """
import stagebook
stagebook.load("models:/Tall people@champion")
"""


def test_a_registered_version_is_loaded_through_the_gate(leaving: Checkout) -> None:
    register(leaving, "--alias", "champion", "--name", "Tall people")
    loading = Checkout(leaving.root, {"MLFLOW_TRACKING_URI": store(leaving)})
    loading.ok("python", "-c", LOADS)
    client = MlflowClient(store(leaving))
    kept = Path(client.get_model_version_download_uri("Tall people", "1")) / "model.pkl"
    loading.ok("python", "-c", LOADS_SAFELY)
    leaving.ok("stagebook", "model", "check", "models:/Tall people@champion")
    kept.chmod(0o644)
    kept.write_bytes(kept.read_bytes() + b"more")
    for script in (LOADS, LOADS_SAFELY):
        done = loading.run("python", "-c", script)
        assert (done.code, "The file changed after it was packaged" in done.output) == (1, True)
    # MLflow would run what this names; Stagebook looks first
    (kept.with_name("evil.py")).write_text("open('ran', 'w')")
    described = kept.with_name("MLmodel")
    described.chmod(0o644)
    described.write_text(described.read_text().replace("stagebook.model.pyfunc", "evil"))
    assert loading.run("python", "-c", LOADS_SAFELY).code == 1
    checked = leaving.run("stagebook", "model", "check", "models:/Tall people@champion")
    assert (checked.code, "MLmodel" in checked.output) == (12, True)
    assert not (leaving.root / "ran").exists()


def test_a_registered_version_is_traced_by_number_and_by_alias(leaving: Checkout) -> None:
    register(leaving, "--alias", "champion")
    made = leaving.records()[-1]["volatile"]["id"]
    for name in ("models:/tall/1", "models:/tall@champion"):
        found = json.loads(leaving.ok("stagebook", "trace", name, "--json").output)
        assert found["asked"]["makings"] == [made]
        assert {one["stage"] for one in found["makings"]} == {"split", "fit", "package"}


def test_outside_of_the_project_an_archive_goes_to_a_server(
    leaving: Checkout, tmp_path: Path
) -> None:
    leaving.ok("stagebook", "model", "pack", "models/tall", "--to", str(tmp_path / "tall.tar"))
    outside = Checkout(tmp_path / "elsewhere")
    outside.root.mkdir()
    command = ("stagebook", "model", "register", str(tmp_path / "tall.tar"))
    lost = outside.run(*command)
    assert (lost.code, "--tracking-uri" in lost.output) == (4, True)
    with serving(tmp_path / "server") as server:
        outside.ok(*command, "--alias", "champion", "--tracking-uri", server.uri)
        (found,) = versions(server.uri)
        assert (found.version, found.run_id or None) == ("1", None)
        # its run is in another tracker; what the version itself says leads on
        at_server = Checkout(leaving.root, {"MLFLOW_TRACKING_URI": server.uri})
        said = at_server.ok("stagebook", "trace", "models:/tall@champion", "--json").output
        made = leaving.records()[-1]["volatile"]["id"]
        assert json.loads(said)["asked"]["makings"] == [made]
        again = at_server.ok("stagebook", "model", "register", "models/tall", "--json").output
        registered = json.loads(again.splitlines()[-1])
        assert (registered["version"], registered["made"]) == (1, False)
    assert list(outside.root.iterdir()) == []


def test_a_server_that_fails_midway_loses_nothing_and_doubles_nothing(
    leaving: Checkout, tmp_path: Path
) -> None:
    def refuse(request: Request) -> int | None:
        return 500 if "model_versions" in request.path or "model-versions" in request.path else None

    def refuse_files(request: Request) -> int | None:
        return 500 if request.method == "PUT" and "golden" in request.path else None

    with serving(tmp_path / "server") as server, gate(server.uri) as before:
        options = ("--tracking-uri", before.uri, "--alias", "champion")
        for answer in (refuse_files, lambda one: refuse(one) if one.changes else None):
            before.answer = answer
            found = problem(leaving, *options, code=4)
            assert found["code"] == "no-registry"
            assert versions(server.uri) == []
        before.answer = lambda request: None
        assert register(leaving, *options)["version"] == 1
        assert len(logged(server.uri)) == 1
        command = ("mlflow", "artifacts", "download", "-u", "models:/tall@champion")
        there = Checkout(leaving.root, {"MLFLOW_TRACKING_URI": server.uri})
        there.ok(*command, "-d", str(tmp_path / "tall"))
        leaving.ok("stagebook", "model", "check", str(tmp_path / "tall"))


def test_a_tracker_that_is_down_is_told_and_leaves_the_package_alone(leaving: Checkout) -> None:
    there = f"http://name:pass@127.0.0.1:{free_port()}"
    found = problem(leaving, "--tracking-uri", there, code=4)
    assert found["code"] == "no-registry"
    assert "127.0.0.1" in found["message"]
    assert "pass" not in found["message"].replace("did not accept the package", "")
    assert register(leaving)["version"] == 1


def test_what_is_not_fit_is_not_registered(leaving: Checkout) -> None:
    (leaving.root / "models/tall.intoto.json").rename(leaving.root / "kept.json")
    found = problem(leaving, code=12)
    assert found["code"] == "no-attestation"
    (leaving.root / "kept.json").rename(leaving.root / "models/tall.intoto.json")
    card = leaving.root / "models/tall/MODEL_CARD.md"
    card.chmod(0o644)
    card.write_text(card.read_text() + "Trust me.\n")
    assert problem(leaving, "--attestation", "ignore", code=12)["code"] == "package-changed"
    assert versions(store(leaving)) == []


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--alias", "the best"], 2, "the best"),
        (["--alias", "latest"], 2, "latest"),
        (["--name", "people/tall"], 2, "people/tall"),
    ],
)
def test_a_title_that_is_none_is_refused_before_anything(
    leaving: Checkout, options: list[str], code: int, named: str
) -> None:
    found = problem(leaving, *options, code=code)
    assert (found["code"], named in found["message"]) == ("bad-title", True)


def test_a_folder_that_is_no_package_is_refused(leaving: Checkout) -> None:
    ended = leaving.run("stagebook", "model", "register", "data", "--alias", "champion", "--json")
    assert (ended.code, [problem.code for problem in ended.problems]) == (3, ["no-package"])


@contextlib.contextmanager
def served(project: Checkout, model: str) -> Iterator[str]:
    """`mlflow models serve` of a registered version; its address, once it answers."""
    port = free_port()
    command = [BIN / "mlflow", "models", "serve", "-m", model, "--env-manager", "local"]
    environment = {**project.environment(), "MLFLOW_TRACKING_URI": store(project)}
    with (project.root / "served.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=project.root,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: _answers(address), lambda: process.poll() is None)
            yield address
        except AssertionError as error:
            error.add_note((project.root / "served.log").read_text())
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ping", timeout=5) as said:
            return bool(said.status == 200)
    except OSError:
        return False


def test_mlflow_serves_a_registered_version(leaving: Checkout) -> None:
    register(leaving, "--alias", "champion")
    golden = pd.read_parquet(leaving.root / "models/tall/golden.parquet")
    rows = golden[["weight", "height"]]
    body = json.dumps({"dataframe_split": json.loads(rows.to_json(orient="split"))}).encode()
    with served(leaving, "models:/tall@champion") as address:
        asked = urllib.request.Request(
            f"{address}/invocations", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=60) as said:
            found = pd.DataFrame(json.load(said)["predictions"])
    expected = golden["expected.probability_True"].tolist()
    assert found["probability_True"].tolist() == pytest.approx(expected, abs=1e-9)
