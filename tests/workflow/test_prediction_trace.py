"""A prediction's trace: its request, its package in the tree or in the cache, what is unknown."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import refusals
from click.testing import CliRunner, Result
from rich.console import Console

from stagebook.cli import prediction_screen
from stagebook.cli.main import main
from stagebook.cli.printed import put
from stagebook.model.commit import dvc_hash
from stagebook.model.manifest import Manifest, PredictionInterface, render
from stagebook.project.masks import Masks
from stagebook.project.project import Project
from stagebook.serving import ids
from stagebook.serving.log.request_log import LogEntry, RequestLog
from stagebook.serving.refusal import RequestProblem, RowWarning
from stagebook.workflow import predictions
from stagebook.workflow.predictions import PredictionTrace

INTERFACE = PredictionInterface(
    "model.skops", "skops", "a.Model", "predict", ("city", "km"), ("minutes",)
)
FEATURES = pd.DataFrame({"city": ["Bern", "Graz"], "km": [12.5, np.nan]})
PREDICTIONS = pd.DataFrame({"minutes": [0.1 + 0.2, 7.0]})
LOCK = """\
schema: '2.0'
stages:
  fit:
    cmd: python fit.py
    deps:
    - path: trips.csv
      hash: md5
      md5: {raw}
    outs:
    - path: models/duration
      hash: md5
      md5: {md5}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a package that a stage made, all in DVC's cache."""
    root = tmp_path / "project"
    package = root / "models/duration"
    package.mkdir(parents=True)
    (root / "pyproject.toml").write_text("[tool.stagebook]\n")
    (root / "dvc.yaml").write_text(
        "stages:\n  fit:\n    cmd: python fit.py\n    deps: [trips.csv]\n"
        "    outs: [models/duration]\n"
    )
    (root / "trips.csv").write_text("km\n1\n")
    (package / "model.skops").write_text("a model")
    manifest = Manifest.of(package, "duration", INTERFACE)
    (package / "package.json").write_text(render(manifest))
    listed = [
        {"md5": cached(root, path.read_bytes()), "relpath": path.name}
        for path in sorted(package.iterdir())
    ]
    md5 = dvc_hash(package, manifest)
    assert f"{cached(root, json.dumps(listed).encode(), '.dir')}.dir" == md5
    raw = cached(root, (root / "trips.csv").read_bytes())
    (root / "dvc.lock").write_text(LOCK.format(raw=raw, md5=md5))
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    monkeypatch.chdir(root)
    return root


def cached(root: Path, content: bytes, suffix: str = "") -> str:
    md5 = hashlib.md5(content).hexdigest()
    file = root / ".dvc/cache/files/md5" / md5[:2] / f"{md5[2:]}{suffix}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return md5


def package_digest(root: Path) -> str:
    return hashlib.sha256((root / "models/duration/package.json").read_bytes()).hexdigest()


def logged(root: Path, *changes: dict[str, Any], **options: Any) -> str:
    """A log with entries of one request; returns its id."""
    values: dict[str, Any] = {
        "request": ids.new_id(),
        "time": 1_764_331_200.25,
        "package": package_digest(root),
        "route": "/predict",
        "status": 200,
        "features": FEATURES,
        "predictions": PREDICTIONS,
        "warnings": (),
        "problems": (),
        "milliseconds": 1.25,
    }
    log = RequestLog.open(root / "requests", **options)
    for change in changes or ({},):
        log.add(LogEntry(**{**values, **change}))
    log.close()
    return str(values["request"])


def traced(root: Path, name: str) -> PredictionTrace:
    return predictions.trace(Project.find(root), name, root / "requests")


def run(name: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["trace", f"prediction:{name}", *options])


def printed(trace: PredictionTrace) -> str:
    out = io.StringIO()
    for tree in prediction_screen.trees(trace):
        put(Console(file=out, width=200), tree)
    return out.getvalue()


def test_a_prediction_leads_to_its_row_its_package_and_raw_data(root: Path) -> None:
    warnings = [RowWarning("outside-training-range", "far", row, "km") for row in (0, 1)]
    request = logged(root, {"warnings": tuple(warnings)})
    result = run(f"{request}-1", "--log", "requests", "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.output)
    assert values["kind"] == "prediction"
    [entry] = values["requests"]
    assert entry["request"] == request
    assert entry["time"] == "2025-11-28T12:00:00.250+00:00"
    assert (entry["route"], entry["status"], entry["role"]) == ("/predict", 200, "champion")
    assert entry["rows"] == [
        {
            "row": 1,
            "features": {"city": "Graz", "km": None},
            "prediction": {"minutes": 7.0},
            "keys": {},
            "masked": [],
        }
    ]
    assert [warning["row"] for warning in entry["warnings"]] == [1]
    assert entry["package"]["digest"] == package_digest(root)
    assert (entry["package"]["name"], entry["package"]["path"]) == ("duration", "models/duration")
    assert [making["stage"] for making in values["makings"]] == ["fit"]
    assert [file["path"] for file in values["raw"]] == ["trips.csv"]
    assert values["problems"] == []


def test_a_request_leads_to_all_its_rows_to_the_bit(root: Path) -> None:
    [request] = traced(root, logged(root)).requests
    assert [row.prediction["minutes"] for row in request.rows] == [0.1 + 0.2, 7.0]
    assert [row.features["city"] for row in request.rows] == ["Bern", "Graz"]


def test_a_package_that_the_tree_no_longer_has_is_known_by_the_cache(root: Path) -> None:
    request = logged(root)
    before = traced(root, request)
    (root / "models/duration/package.json").write_text("{}")
    assert traced(root, request).trace.query.artefacts == before.trace.query.artefacts
    shutil.rmtree(root / "models")
    after = traced(root, request)
    assert after.trace.query.artefacts == before.trace.query.artefacts
    assert after.requests[0].package == before.requests[0].package


def test_the_request_is_shown_although_the_package_is_unknown(root: Path) -> None:
    request = logged(root, {"package": "0" * 64})
    result = run(request, "--log", "requests", "--json")
    assert result.exit_code == 3
    values = json.loads(result.output)
    assert [problem["code"] for problem in values["problems"]] == ["unknown-package"]
    assert all(problem["hint"] for problem in values["problems"])
    [entry] = values["requests"]
    assert entry["package"] == {"digest": "0" * 64, "name": None, "path": None, "md5": None}
    assert len(entry["rows"]) == 2
    assert values["makings"] == []
    assert "Bern" in run(request, "--log", "requests").stdout


def test_a_prediction_of_a_batch_is_shown_without_a_time_that_somebody_waited(root: Path) -> None:
    trace = traced(root, logged(root, {"route": "batch", "milliseconds": None}))
    assert trace.as_json()["requests"][0]["milliseconds"] is None
    assert "batch, status 200\n" in printed(trace)


def test_a_refused_request_shows_its_violations(root: Path) -> None:
    problems = (
        RequestProblem("unknown-column", "The model has no column `citty`.", column="citty"),
        RequestProblem("out-of-contract", "`km` must be above 0.", row=4, column="km"),
    )
    refused = {"status": 422, "features": None, "predictions": None, "problems": problems}
    request = logged(root, refused)
    trace = traced(root, request)
    [entry] = trace.as_json()["requests"]
    assert entry["rows"] == []
    assert [item["code"] for item in entry["violations"]] == ["unknown-column", "out-of-contract"]
    shown = printed(trace)
    assert "out-of-contract (row 4, km)" in shown
    assert "status 422" in shown
    problems_of_row = refusals.problems(traced, root, f"{request}-0")
    assert [problem.code for problem in problems_of_row] == ["no-prediction"]


def test_a_challenger_is_shown_after_the_champion(root: Path) -> None:
    challenger = {"role": "challenger", "package": "1" * 64, "predictions": PREDICTIONS + 1}
    trace = traced(root, f"{logged(root, challenger, {})}-0")
    assert [request.logged.role for request in trace.requests] == ["champion", "challenger"]
    assert [request.package is None for request in trace.requests] == [False, True]
    assert [problem.code for problem in trace.problems] == ["unknown-package"]
    assert "challenger" in printed(trace)


def test_what_the_log_leaves_out_or_masks_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "Bern-secret-value")
    features = FEATURES.assign(city=["Bern-secret-value", "Graz"])
    request = logged(root, {"features": features}, without={"km"}, masks=Masks.here())
    trace = traced(root, request)
    [entry] = trace.requests
    assert entry.left_out == ("km",)
    assert [row.masked for row in entry.rows] == [("city",), ()]
    assert "left out of the log km" in printed(trace)


@pytest.mark.parametrize("name", ["f" * 32, "0" * 32, f"{'0' * 32}-0"])
def test_an_id_that_the_log_lacks_is_a_problem(root: Path, name: str) -> None:
    logged(root)
    [problem] = refusals.problems(traced, root, name)
    assert problem.code == "no-prediction"
    assert problem.hint


def test_a_row_that_a_request_lacks_is_a_problem(root: Path) -> None:
    name = f"{logged(root)}-2"
    assert [problem.code for problem in refusals.problems(traced, root, name)] == ["no-prediction"]


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("0" * 32, (), "no-request-log"),
        ("0" * 32, ("--log", "missing"), "no-request-log"),
        ("nothing", ("--log", "models"), "bad-request-id"),
        ("", ("--log", "models"), "bad-request-id"),
    ],
)
def test_a_missing_log_or_a_bad_id_is_a_problem(
    name: str, options: tuple[str, ...], code: str
) -> None:
    result = run(name, *options, "--json")
    assert result.exit_code == 3
    [problem] = json.loads(result.output)["problems"]
    assert problem["code"] == code
    assert problem["hint"]


def test_the_folder_of_the_log_is_that_of_the_server_by_its_variable(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEBOOK_SERVE_LOG", "requests")
    assert run(logged(root)).exit_code == 0


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("option", [("--down",), ("--at", "HEAD")])
def test_options_that_have_no_meaning_for_a_prediction_are_refused(option: tuple[str, ...]) -> None:
    assert run("0" * 32, *option).exit_code == 2


def test_the_page_has_the_package(root: Path) -> None:
    assert run(logged(root), "--log", "requests", "--html", "page.html").exit_code == 0
    assert "models/duration" in (root / "page.html").read_text()


@pytest.mark.usefixtures("root")
def test_a_trace_of_a_file_imports_nothing_of_the_server() -> None:
    code = (
        "import sys\nfrom stagebook.cli.main import main\n"
        "main(['trace', 'trips.csv'], standalone_mode=False)\n"
        "print([name for name in sys.modules if name.startswith('stagebook.serving')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
