"""A package keeps its feature service; other feature code is refused, and the same is replayed."""

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import refusals
import rides
from little_model import FEATURES, fitted
from little_model import write as write_little
from rich.console import Console

from stagebook.cli import model_screen
from stagebook.model import feature_check, feature_replay, manifest
from stagebook.model.contents import Contents
from stagebook.model.load import load, policy_of_environment
from stagebook.model.load_gate import as_recorded, pass_through
from stagebook.model.policy import Policy
from stagebook.model.verification import Check, CheckState, render
from stagebook.project.errors import Problem

OPEN: dict[str, Any] = {"materials": "ignore", "attestation": "ignore", "isolate": "never"}


@pytest.fixture(scope="session")
def rides_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("rides")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        package = rides.write(folder, rides.write_code(folder).service)
    rides.forget()
    return package


@pytest.fixture
def package(rides_package: Path, tmp_path: Path) -> Path:
    """A package that a test may spoil."""
    return Path(shutil.copytree(rides_package, tmp_path / "rides"))


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the project's code, on Python's path and in another place than before."""
    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    rides.forget()
    yield folder
    rides.forget()


def check(package: Path, **changes: Any) -> Check:
    """The gate's check of features."""
    report = pass_through(package, Policy(**{**OPEN, **changes}))
    (features,) = (check for check in report.checks if check.name == "features")
    return features


def replaced(old: str, new: str) -> Callable[[str], str]:
    """A change of the code."""

    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


def line_of(folder: Path, text: str) -> int:
    """The line of the code that has a text."""
    lines = (folder / f"{rides.NAME}.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_same_code_in_another_place_passes(package: Path, code: Path) -> None:
    rides.write_code(code)
    assert check(package).state is CheckState.PASSED
    assert load(package, **OPEN).checks[-1].name == "features"


def test_comments_layout_and_docstrings_do_not_count(package: Path, code: Path) -> None:
    text = '# A remark.\n\n\n    """In UTC."""\n    return shifted( minutes( start ) )  # both'
    change = replaced('    """The minute of the day."""\n    return shifted(minutes(start))', text)
    rides.write_code(code, lambda source: f"\n\n{change(source)}", rides.TIMES + "\n# The end.\n")
    assert check(package).state is CheckState.PASSED


CHANGES = {
    "function": (replaced("rain_mm / distance", "distance / rain_mm"), "rain_by_distance"),
    "helper": (replaced("values + SHIFT", "values - SHIFT"), "start_minute"),
    "constant": (replaced("SHIFT = 0.5", "SHIFT = 0.25"), "start_minute"),
    "on-demand dtype": (
        replaced('"float64")\ndef rain', '"float32")\ndef rain'),
        "rain_by_distance",
    ),
    "ttl": (replaced("ttl=timedelta(hours=3)", "ttl=timedelta(hours=4)"), "weather"),
    "known time": (replaced('known_time="published"', 'known_time="hour"'), "weather"),
    "dtype of a feature": (replaced("gusts: int", "gusts: float"), "gusts"),
    "dtype of a request column": (replaced("distance: float", "distance: int"), "distance"),
    "order": (
        replaced('[request["distance"], weather,', '[weather, request["distance"],'),
        "distance",
    ),
    "a feature more": (
        replaced('[request["distance"], weather,', '[request["distance", "station"], weather,'),
        "station",
    ),
    "a feature less": (replaced(", rain_by_distance]", "]"), "rain_by_distance"),
    "name of a view": (replaced('    "weather",\n', '    "winds",\n'), "weather"),
    "instant": (replaced('instant="start"', 'instant="station"'), "station"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_other_feature_code_is_refused_with_its_name(package: Path, code: Path, name: str) -> None:
    change, feature = CHANGES[name]
    rides.write_code(code, change)
    refused = check(package)
    assert refused.state is CheckState.REFUSED
    assert {problem.code for problem in refused.problems} == {"features-differ"}
    assert any(f"`{feature}`" in problem.message for problem in refused.problems)
    assert all(problem.hint for problem in refused.problems)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("function", "def rain_by_distance"),
        ("ttl", "weather = FeatureView"),
        ("order", "service = FeatureService"),
    ],
)
def test_a_refusal_names_the_file_and_the_line(
    package: Path, code: Path, name: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rides.write_code(code, CHANGES[name][0])
    (problem,) = (each for each in check(package).problems if each.where)
    assert problem.where
    assert Path(problem.where.file) == code / f"{rides.NAME}.py"
    monkeypatch.chdir(code.parent)
    (nearer,) = check(package).problems
    assert nearer.where == dataclasses.replace(problem.where, file=f"code/{rides.NAME}.py")
    first = line_of(code, line)
    assert problem.where.line in (first, first - 1)  # a function begins at its decorator


def test_a_local_module_that_a_function_uses_counts(package: Path, code: Path) -> None:
    rides.write_code(code, helper=rides.TIMES.replace("60.0", "61.0"))
    (problem,) = check(package).problems
    assert "`start_minute`" in problem.message
    assert f"{rides.HELPER}.py" in problem.message


def test_without_the_code_the_check_is_skipped_unless_it_is_demanded(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rides.forget()
    skipped = check(package)
    assert (skipped.state, skipped.problems) == (CheckState.UNCHECKED, ())
    assert rides.NAME in skipped.detail
    load(package, **OPEN)
    codes = [each.code for each in refusals.problems(load, package, **OPEN, features="refuse")]
    assert codes == ["no-feature-code"]
    monkeypatch.setenv("STAGEBOOK_LOAD_FEATURES", "refuse")
    assert policy_of_environment().features == "refuse"


def test_a_module_of_that_name_that_has_no_features_is_not_run(package: Path, code: Path) -> None:
    (code / f"{rides.NAME}.py").write_text("raise SystemExit('it was run')")
    rides.forget()
    assert check(package).state is CheckState.UNCHECKED
    refused = check(package, features="refuse")
    assert (refused.state, "it was run" in str(refused.problems)) == (CheckState.REFUSED, False)


def test_a_module_that_cannot_be_imported_is_not_here(package: Path, code: Path) -> None:
    text = f"import nowhere_at_all\n{rides.CODE}"
    (code / f"{rides.NAME}.py").write_text(text)
    rides.forget()
    assert check(package).state is CheckState.UNCHECKED
    (problem,) = check(package, features="refuse").problems
    assert "nowhere_at_all" in problem.message


def test_a_service_under_another_name_is_refused_with_the_nearest(
    package: Path, code: Path
) -> None:
    rides.write_code(code, replaced("service = FeatureService(", "services = FeatureService("))
    (problem,) = check(package).problems
    assert (problem.code, "`services`" in problem.hint) == ("features-differ", True)


def test_the_code_is_found_in_the_project_around_the_current_folder(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "pyproject.toml").write_text('[project]\nname = "rides"\n[tool.stagebook]\n')
    (project / "src" / f"{rides.NAME}.py").write_text(rides.CODE)
    (project / "src" / f"{rides.HELPER}.py").write_text(rides.TIMES)
    monkeypatch.chdir(project)
    rides.forget()
    before = list(sys.path)
    assert check(package).state is CheckState.PASSED
    assert sys.path == before
    rides.forget()


def test_a_package_without_a_service_has_no_check_of_features(packaged: Path) -> None:
    report = pass_through(packaged, Policy(**OPEN))
    assert "features" not in [check.name for check in report.checks]
    assert "## Features" not in (packaged / "MODEL_CARD.md").read_text()
    problem = refusals.problem(feature_check.require_features, Contents.read(packaged))
    assert problem.code == "no-packaged-features"
    problem = refusals.problem(
        feature_replay.replay, Contents.read(packaged), None, lambda rows: rows
    )
    assert problem.code == "no-packaged-features"


def test_a_site_that_opens_no_model_imports_no_features(package: Path, code: Path) -> None:
    (code / f"{rides.NAME}.py").write_text(f"{rides.CODE}\nraise SystemExit('it was run')")
    rides.forget()
    report = as_recorded(package, Policy(**OPEN))
    assert report.checks[-1].name == "features"
    assert report.checks[-1].state in (CheckState.UNCHECKED, CheckState.SKIPPED)
    assert rides.NAME not in sys.modules


def test_loading_a_package_without_a_service_imports_neither_pandera_nor_duckdb(
    packaged: Path,
) -> None:
    script = (
        "import sys, stagebook; from stagebook.model import feature_check;"
        f"stagebook.load({str(packaged)!r}, materials='ignore', attestation='ignore',"
        " isolate='never');"
        "print(sorted({'pandera', 'duckdb', 'dvc', 'mlflow'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [manifest.FEATURES, manifest.FEATURE_GOLDEN])
def test_both_files_of_a_service_belong_to_the_package(package: Path, name: str) -> None:
    (package / name).unlink()
    values = json.loads((package / manifest.FILE).read_text())
    del values["files"][name]
    (package / manifest.FILE).write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    problems = refusals.problems(load, package, **OPEN)
    assert [(each.code, each.where and each.where.file) for each in problems] == [
        ("package-changed", name)
    ]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_description_that_is_none_is_refused(
    package: Path, text: str, rehash: Callable[[Path], None]
) -> None:
    (package / manifest.FEATURES).write_text(text)
    rehash(package)
    refused = check(package)
    assert (refused.state, refused.problems[0].code) == (CheckState.REFUSED, "package-changed")


@pytest.mark.parametrize("module", ["antigravity", "__main__", "os.path", "../rides", ""])
def test_a_package_cannot_have_any_module_run(
    package: Path, module: str, rehash: Callable[[Path], None]
) -> None:
    values = json.loads((package / manifest.FEATURES).read_text())
    (package / manifest.FEATURES).write_text(json.dumps({**values, "module": module}))
    rehash(package)
    assert check(package).state is CheckState.UNCHECKED
    assert "antigravity" not in sys.modules


def test_a_description_that_disagrees_with_the_model_is_refused(
    package: Path, rehash: Callable[[Path], None]
) -> None:
    values = json.loads((package / manifest.FEATURES).read_text())
    values["features"] = values["features"][::-1]
    (package / manifest.FEATURES).write_text(json.dumps(values))
    rehash(package)
    assert [problem.code for problem in check(package).problems] == ["schema-differs"]


def test_the_same_inputs_give_the_same_bytes(
    rides_package: Path, code: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    again.mkdir()
    made = rides.write(again, rides.write_code(code).service)
    for name in (manifest.FEATURES, manifest.FEATURE_GOLDEN, "MODEL_CARD.md"):
        one, other = (folder / name for folder in (made, rides_package))
        assert one.read_bytes() == other.read_bytes() or name == "MODEL_CARD.md"
    assert "`little_rides:service`" in (made / "MODEL_CARD.md").read_text()


def test_the_check_is_on_the_screen_and_in_json(package: Path, code: Path) -> None:
    rides.write_code(code)
    report = pass_through(package, Policy(**OPEN))
    with (console := Console(width=120, force_terminal=False)).capture() as shown:
        model_screen.show(report, console)
    (line,) = (line for line in shown.get().splitlines() if "little_rides:service" in line)
    assert line.split()[:3] == ["✓", "features", "passed"]
    (features,) = (
        each for each in json.loads(render(report))["checks"] if each["name"] == "features"
    )
    assert features["detail"] == "little_rides:service, 5 features"


def replayed(package: Path, service: Any = None, **changes: Any) -> feature_replay.FeatureReplay:
    contents = Contents.read(package)
    if service is not None:  # the gate would refuse it
        return feature_replay.replay(contents, service, lambda rows: rows, **changes)
    model = load(package, **OPEN)
    service = feature_check.require_features(contents)
    return feature_replay.replay(contents, service, model.predict, **changes)


def test_golden_rows_are_the_same_to_the_bit_online(package: Path, code: Path) -> None:
    rides.write_code(code)
    result = replayed(package)
    result.require()
    assert result.rows > 100
    table = pq.read_table(package / manifest.FEATURE_GOLDEN).to_pandas()
    # not only rows with a value, and not only rows without
    assert 0.1 < table["expected.gusts"].isna().mean() < 0.9
    assert table["view.weather.gusts"].notna().sum() > table["expected.gusts"].notna().sum()


@pytest.mark.parametrize(
    ("name", "feature"),
    [
        ("function", "rain_by_distance"),
        ("on-demand dtype", "rain_by_distance"),
        ("ttl", "rain_mm"),
        ("constant", "start_minute"),
        ("order", "rain_mm"),
    ],
)
def test_a_replay_shows_other_code_in_the_features(
    package: Path, code: Path, name: str, feature: str
) -> None:
    other = rides.write_code(code, CHANGES[name][0]).service
    result = replayed(package, other)
    assert {problem.code for problem in result.problems} == {"feature-replay-differs"}
    assert any(feature in problem.message for problem in result.problems)


def test_a_replay_shows_another_model_in_the_predictions(package: Path, code: Path) -> None:
    rides.write_code(code)
    contents = Contents.read(package)
    service = feature_check.require_features(contents)
    model = load(package, **OPEN)

    def off(rows: pd.DataFrame) -> pd.DataFrame:
        return model.predict(rows) + 1e-6

    result = feature_replay.replay(contents, service, off)
    assert [problem.code for problem in result.problems] == ["golden-differs"]


def test_the_store_to_be_served_must_have_the_types_of_the_golden_rows(
    package: Path, code: Path, tmp_path: Path
) -> None:
    service = rides.write_code(code).service
    history = rides.weather()
    service.materialize(tmp_path / "same", {"weather": history})
    service.materialize(tmp_path / "other", {"weather": history.astype({"gusts": "int16"})})
    with service.open_online(tmp_path / "same") as store:
        replayed(package, store=store).require()
    with service.open_online(tmp_path / "other") as store:
        (problem,) = replayed(package, store=store).problems
    assert (problem.code, "`gusts`" in problem.message) == ("feature-replay-differs", True)


def problem_of(folder: Path, service: Any, **changes: Any) -> Problem:
    """Why a model is not packaged."""
    found = refusals.problem(rides.write, folder, service, **changes)
    assert not (folder / "rides").exists()
    return found


def test_splits_of_other_features_than_the_service_gives_are_refused(
    code: Path, tmp_path: Path
) -> None:
    service = rides.write_code(code).service
    other = rides.weather().assign(rain_mm=lambda table: table["rain_mm"] * 2)
    problems = refusals.problems(rides.write, tmp_path, service, tables={"weather": other})
    assert {problem.code for problem in problems} == {"features-not-as-given"}
    named = ("`rain_mm`", "`rain_by_distance`")
    assert all(name in problem.message for name, problem in zip(named, problems, strict=True))
    assert not (tmp_path / "rides").exists()


def test_a_model_with_features_in_another_order_is_refused(code: Path, tmp_path: Path) -> None:
    service = rides.write_code(code).service
    table = service.historical(rides.rides(), {"weather": rides.weather()})
    table["gusts"] = table["gusts"].astype("float64")
    names = list(service.features)
    swapped = rides.model([names[1], names[0], *names[2:]], table)
    problem = problem_of(tmp_path, service, model=swapped)
    assert problem.code == "features-differ"
    renamed = rides.model(
        ["distances", *names[1:]], table.rename(columns={"distance": "distances"})
    )
    problems = refusals.problems(rides.write, tmp_path, service, model=renamed)
    assert [problem.code for problem in problems] == ["features-differ"] * 2
    assert "Did you mean `distance`?" in problems[0].hint


def test_a_split_without_the_request_columns_is_refused(
    code: Path, tmp_path: Path, files: dict[str, Path]
) -> None:
    service = rides.write_code(code).service
    problem = refusals.problem(write_little, object(), tmp_path / "p", files, features=service)
    assert problem.code == "no-column"


def test_a_service_that_no_module_has_is_refused(code: Path, tmp_path: Path) -> None:
    service = dataclasses.replace(rides.write_code(code).service)
    assert problem_of(tmp_path, service).code == "service-not-in-module"


def test_tables_without_a_service_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    problem = refusals.problem(
        write_little, fitted(), tmp_path / "p", files, features=FEATURES, tables={}
    )
    assert problem.code == "tables-without-service"
