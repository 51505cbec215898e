"""The flight-delay pipeline, built whole from fresh clones, as README says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from checkout import BIN, Checkout
from ruamel.yaml import YAML
from served import serving

import stagebook
from flights.feature_views import service
from flights.features import FORECAST_AHEAD
from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.outcome import Outcome
from stagebook.execution.sandbox import Sandbox
from stagebook.model.policy import Policy
from stagebook.model.rows import TEST
from stagebook.notebook import cells, parameters_cell
from stagebook.project.project import Project
from stagebook.serving.options import Limits, ServingOptions

pytestmark = pytest.mark.build

ROOT = Path(__file__).parents[2]
SERVED = Policy(attestation="ignore", materials="ignore", isolate="never")
STAGES = (
    "ingest",
    "views",
    "features",
    "split",
    "train",
    "evaluate",
    "package",
    "replay",
    "decide",
)


def clone(folder: Path, **variables: str) -> tuple[Checkout, str]:
    """A fresh clone, built by `make repro` with the packages that are installed already."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    # the project holds Stagebook itself, so what runs it has to be the clone's, too
    checkout = Checkout(folder, {"PYTHONPATH": str(folder / "src"), **variables})
    venv = BIN.parent
    made = checkout.ok("make", "repro", f"VENV={venv}", "-o", f"{venv}/.installed")
    return checkout, made.output


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, str]:
    return clone(tmp_path_factory.mktemp("first") / "clone")


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, str]:
    """Built in warm processes."""
    return clone(tmp_path_factory.mktemp("second") / "clone", STAGEBOOK_WARM="1")


def hashes(checkout: Checkout) -> dict[str, str]:
    lock = YAML(typ="safe").load(checkout.read("dvc.lock"))
    outs = (out for stage in lock["stages"].values() for out in stage["outs"])
    return {out["path"]: out["md5"] for out in outs}


def contents(checkout: Checkout, outputs: tuple[str, ...]) -> dict[str, bytes]:
    """The bytes of each file of a stage's outputs and pages."""
    places = [checkout.root / path for path in (*outputs, "runs")]
    found = [file for place in places for file in (place, *place.rglob("*")) if file.is_file()]
    return {str(file): file.read_bytes() for file in found}


def test_make_repro_ends_with_what_was_built_the_score_and_where_to_look(
    first: tuple[Checkout, str],
) -> None:
    checkout, output = first
    built, score, look = output.rstrip().splitlines()[-3:]
    assert built.startswith("built")
    assert all(stage in built for stage in STAGES)
    auc = json.loads(checkout.read("metrics/evaluate.json"))["test"]["auc"]
    assert f"test.auc {auc:.4g}" in score
    assert "runs/*.html" in look
    assert "mlflow ui" in look


def test_the_build_reads_every_flight(first: tuple[Checkout, str]) -> None:
    flights = pd.read_parquet(first[0].root / "data" / "raw" / "flights.parquet")
    assert len(flights) == 336_776


def test_a_cold_and_a_warm_build_give_the_same_bytes(
    first: tuple[Checkout, str], second: tuple[Checkout, str]
) -> None:
    for (checkout, _), warm in ((first, False), (second, True)):
        assert {record["volatile"]["warm"] for record in checkout.records()} == {warm}
    assert hashes(first[0]) == hashes(second[0])


def test_a_second_build_runs_nothing(first: tuple[Checkout, str]) -> None:
    assert first[0].build() == {"sources"}


def test_the_package_is_made_again_to_the_byte_in_an_environment_of_the_lock_file(
    first: tuple[Checkout, str], tmp_path: Path
) -> None:
    checkout, _ = first
    archive = str(tmp_path / "late_arrival.tar")
    checkout.ok("stagebook", "model", "pack", "models/late_arrival", "--to", archive)
    into = tmp_path / "again"
    done = checkout.ok("stagebook", "model", "recreate", archive, "--into", str(into), "--json")
    found = json.loads(done.output.splitlines()[-1])
    assert found["likeness"] == "identical", found
    assert found["stage"] == "package"
    (python,) = (into / ".venv" / "bin").glob("python")
    asked = "import stagebook, sys; print(stagebook.__file__, sys.prefix)"
    said = subprocess.run([python, "-I", "-c", asked], capture_output=True, text=True, check=True)
    code, prefix = said.stdout.split()
    # neither the code nor the environment that these tests run with took part
    assert Path(code).is_relative_to(into)
    assert Path(prefix) == into / ".venv"
    made = {file.name: file.read_bytes() for file in (into / "models/late_arrival").iterdir()}
    folder = checkout.root / "models/late_arrival"
    assert made == {file.name: file.read_bytes() for file in folder.iterdir()}


def test_each_stage_runs_again_from_the_lock_with_the_same_bytes(
    first: tuple[Checkout, str],
) -> None:
    done = first[0].run("stagebook", "verify", "--json")
    results = json.loads(done.output.splitlines()[-1])["stages"]
    verdicts = {item["stage"]: item["verdict"] for item in results}
    assert verdicts == dict.fromkeys((*STAGES, "online"), "identical"), results
    assert done.code == 0


def test_no_stage_of_the_model_reads_the_months_kept_for_monitoring(
    first: tuple[Checkout, str],
) -> None:
    pipeline = YAML(typ="safe").load(first[0].read("dvc.yaml"))
    readers = {
        name
        for name, stage in pipeline["stages"].items()
        if "data/monitoring.parquet" in stage.get("deps", [])
    }
    assert readers == {"replay", "site"}  # the site only says whether they drifted


def test_the_replay_of_the_build_says_what_the_page_about_it_shows(
    first: tuple[Checkout, str],
) -> None:
    checkout, _ = first
    own = json.loads(checkout.read("metrics/decide.json"))
    assert own == json.loads((ROOT / "metrics/decide.json").read_text("utf-8"))
    for name, month in own["months"].items():
        last = (pd.Period(name).to_timestamp("D", how="end")).strftime("%Y-%m-%d")
        words = ("stagebook", "monitor", "--at", last, "--json")
        run = checkout.run(*words)
        status = json.loads(run.output.splitlines()[-1])
        assert (run.code, status["state"]) == (0 if month["state"] == "ok" else 11, month["state"])
    decision = checkout.ok("stagebook", "decision", "models/decision.json", "--json")
    assert json.loads(decision.output.splitlines()[-1])["action"] == month["decision"]


def test_a_prediction_of_the_replay_leads_to_the_raw_flights(first: tuple[Checkout, str]) -> None:
    checkout, _ = first
    labels = pd.read_parquet(checkout.root / "data" / "replay" / "labels.parquet")
    name = f"prediction:{labels['prediction'].iloc[-1]}"
    traced = checkout.ok("stagebook", "trace", name, "--log", "data/replay/log", "--json")
    values = json.loads(traced.output)
    assert values["requests"][0]["package"]["path"] == "models/late_arrival"
    assert values["problems"] == []


def test_a_page_in_runs_says_nothing_of_contracts_that_hold(first: tuple[Checkout, str]) -> None:
    for page in (first[0].root / "runs").glob("*.html"):
        text = page.read_text("utf-8")
        assert "The contract" not in text.partition("Colophon")[0], page.name
        assert "The columns differ" not in text, page.name


@pytest.mark.parametrize("stage", STAGES)
def test_every_figure_and_page_is_there(first: tuple[Checkout, str], stage: str) -> None:
    node = nbformat.read(first[0].root / "runs" / f"{stage}.ipynb", 4)
    assert "## Colophon" in node.cells[-1].source
    assert all(cell.outputs is not None for cell in node.cells if cell.cell_type == "code")
    assert (first[0].root / "runs" / f"{stage}.html").stat().st_size > 100_000


@pytest.mark.parametrize("stage", STAGES)
def test_nbval_finds_the_same_outputs_in_each_executed_notebook(
    first: tuple[Checkout, str], stage: str, tmp_path: Path
) -> None:
    checkout, _ = first
    project = Project.find(checkout.root)
    declared = parameters_cell.parse(cells.read(f"notebooks/{stage}.ipynb", project.root))
    box = Sandbox.of(
        DeclaredFiles(project.root), tmp_path / "box", declared.inputs, declared.outputs
    ).lay()
    executed = box.files / f"{stage}.ipynb"
    executed.write_bytes((checkout.root / "runs" / f"{stage}.ipynb").read_bytes())
    threads = str(project.settings.defaults.threads)
    env = {
        **checkout.environment(),
        "PYTHONPATH": str(checkout.root / "src"),
        "OMP_NUM_THREADS": threads,
        "PYTHONHASHSEED": "0",
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "STAGEBOOK_MATERIALS": str(checkout.root / "models/late_arrival/materials.json"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"]
    options = [
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore",
        "-c",
        os.devnull,
        "--rootdir",
        str(box.files),
    ]
    done = subprocess.run(
        [*command, *options, executed.name],
        cwd=box.files,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_a_spoilt_input_ends_evaluate_before_its_kernel_starts(first: tuple[Checkout, str]) -> None:
    checkout, _ = first
    declared = parameters_cell.parse(cells.read("notebooks/evaluate.ipynb", checkout.root))
    file = checkout.root / "data" / "test.parquet"
    kept, before = file.read_bytes(), contents(checkout, declared.outputs)
    renamed = pd.read_parquet(file).rename(columns={"humidity_pct": "humidity"})
    file.unlink()  # it may share its bytes with DVC's cache
    try:
        renamed.to_parquet(file, index=False)
        done = checkout.run("stagebook", "run", "evaluate")
    finally:
        file.unlink(missing_ok=True)
        file.write_bytes(kept)
    assert done.code == 10, done.output
    assert "data/test.parquet" in done.output
    (problem,) = [each for each in checkout.recorded_problems() if each.code == "column-missing"]
    assert "`humidity_pct`" in problem.message
    assert "`humidity`" in problem.hint
    record = checkout.records()[-1]
    assert (record["stage"], record["outcome"]) == ("evaluate", Outcome.REFUSED.value)
    assert record["volatile"]["cells"] == []
    assert contents(checkout, declared.outputs) == before
    assert checkout.left_in_executions() == []


def test_the_model_is_the_same_in_java_on_every_test_flight(first: tuple[Checkout, str]) -> None:
    command = ("stagebook", "model", "export", "models/late_arrival", "--to")
    done = first[0].ok(*command, "pmml", "--json")
    report = json.loads(done.output.splitlines()[-1])
    assert report["compared_on"]["of"] == TEST
    assert (report["parity"]["rows"], report["parity"]["off"]) == (28_618, 0)
    assert report["parity"]["largest"]["difference"] < 1e-12
    refused = first[0].run(*command, "onnx", "--json")
    problem = json.loads(refused.output.splitlines()[-1])["problems"][0]
    assert (refused.code, problem["code"]) == (12, "not-convertible")


def views(checkout: Checkout, known_until: pd.Timestamp | None = None) -> dict[str, pd.DataFrame]:
    """The tables of the feature views; the rows that were known at an instant, if it is given."""
    tables = {
        view.name: (view, pd.read_parquet(checkout.root / view.table))
        for view in service.resolution.views
    }
    return {
        name: table if known_until is None else table[table[view.known_time] <= known_until]
        for name, (view, table) in tables.items()
    }


def test_the_online_store_is_the_last_known_state_of_the_tables(
    first: tuple[Checkout, str], tmp_path: Path
) -> None:
    checkout, _ = first
    tables, store = views(checkout), checkout.root / "data" / "online.sqlite"
    service.materialize(tmp_path / "again.sqlite", tables)
    assert (tmp_path / "again.sqlite").read_bytes() == store.read_bytes()
    flights = pd.read_parquet(checkout.root / "data" / "features.parquet")
    spine = flights[list(service.request)].drop_duplicates(["origin", "carrier", "dest"])
    with service.open_online(store) as opened:
        # the last weather is known, and at the end the last departure has left its window
        for instant in ("2013-12-31 00:00", "2014-01-01 07:27"):
            request = spine.assign(
                forecast_at=pd.Timestamp(instant, tz="UTC")
                .as_unit("us")
                .tz_convert("America/New_York")
            )
            online, offline = opened.online(request), service.historical(request, tables)
            settled = list(service.features)
            if instant < "2014":  # the delays of that moment were replaced by those of the end
                settled = [name for name in settled if not name.endswith("_delay_min")]
                assert online["temperature_f"].notna().any()
            pd.testing.assert_frame_equal(online[settled], offline[settled], check_exact=True)


@pytest.mark.parametrize("moment", ["2013-10-15 17:00", "2013-10-07 18:30"])
def test_a_store_of_a_moment_serves_the_flights_of_that_moment_as_the_test_has_them(
    first: tuple[Checkout, str], tmp_path: Path, moment: str
) -> None:
    checkout, _ = first
    now = pd.Timestamp(moment, tz="America/New_York")
    test = pd.read_parquet(checkout.root / "data" / "test.parquet")
    flights = test[test["forecast_at"] == now].reset_index(drop=True)
    assert flights["carrier_delay_min"].notna().any()
    assert (flights["scheduled_departure"] - now == FORECAST_AHEAD).all()
    store = tmp_path / "online.sqlite"
    service.materialize(store, views(checkout, now))
    request = flights[list(service.request)]
    features = list(service.features)
    with service.open_online(store) as opened:
        looked_up = opened.online(request)[features]
    pd.testing.assert_frame_equal(looked_up, flights[features], check_exact=True)

    package = checkout.root / "models" / "late_arrival"
    expected = stagebook.load(package, materials="ignore", attestation="ignore").predict(flights)
    with serving(ServingOptions(str(package), SERVED, port=0, online=store)) as served:
        predictions = served.predict(request, "/predict")
    pd.testing.assert_frame_equal(predictions, expected.reset_index(drop=True), check_exact=True)


def test_the_test_month_is_served_with_the_predictions_of_the_package_to_the_bit(
    first: tuple[Checkout, str],
) -> None:
    checkout, _ = first
    package, store = checkout.root / "models" / "late_arrival", checkout.root / "data/online.sqlite"
    test = pd.read_parquet(checkout.root / "data" / "test.parquet")
    expected = stagebook.load(package, materials="ignore", attestation="ignore").predict(test)
    features, step = test[list(service.features)], Limits().rows
    with serving(ServingOptions(str(package), SERVED, port=0, online=store)) as served:
        parts = [
            served.predict(features[start : start + step]) for start in range(0, len(test), step)
        ]
    predictions = pd.concat(parts, ignore_index=True)
    assert len(predictions) == 28_618
    pd.testing.assert_frame_equal(predictions, expected.reset_index(drop=True), check_exact=True)
