"""A project is found from any folder in it, and its settings are checked."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import refusals
from hypothesis import given
from hypothesis import strategies as st

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project
from stagebook.project.settings import (
    CompareSettings,
    Gate,
    ReportSettings,
    Settings,
    StageSettings,
    parse_duration,
    parse_settings,
    parse_size,
)


def parse(text: str) -> Settings:
    table = tomllib.loads(f"[tool.stagebook]\n{text}")["tool"]["stagebook"]
    return parse_settings(table, "flights")


def problems(text: str) -> tuple[Problem, ...]:
    return refusals.problems(parse, text)


def problem(text: str) -> Problem:
    return refusals.problem(parse, text)


def found_problem(start: Path) -> Problem:
    return refusals.problem(Project.find, start)


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


# Where a project is


def test_a_project_is_found_from_a_folder_deep_in_it(tmp_path: Path) -> None:
    write(tmp_path, "[tool.stagebook]\n")
    deep = tmp_path / "notebooks" / "deep"
    deep.mkdir(parents=True)
    assert Project.find(deep).root == tmp_path.resolve()


def test_a_pyproject_of_something_else_is_passed_by(tmp_path: Path) -> None:
    write(tmp_path, "[tool.stagebook]\n")
    write(tmp_path / "package", '[project]\nname = "x"\n')
    assert Project.find(tmp_path / "package").root == tmp_path.resolve()


def test_the_nearest_project_is_the_one(tmp_path: Path) -> None:
    write(tmp_path, "[tool.stagebook]\n")
    write(tmp_path / "inner", "[tool.stagebook]\n")
    assert Project.find(tmp_path / "inner").root == (tmp_path / "inner").resolve()


def test_a_root_that_is_reached_by_a_link_is_the_real_one(tmp_path: Path) -> None:
    write(tmp_path / "real", "[tool.stagebook]\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert Project.find(tmp_path / "link").root == (tmp_path / "real").resolve()


def test_without_a_project_the_line_that_makes_one_is_told(tmp_path: Path) -> None:
    found = found_problem(tmp_path)
    assert found.code == "no-project"
    assert "[tool.stagebook]" in found.hint


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[project]\nname = "flights"\n[tool.stagebook]\n', "flights"),
        ('[project]\nname = "flights"\n[tool.stagebook]\nname = "late"\n', "late"),
        ("[tool.stagebook]\n", "folder"),
        ("project = 3\n[tool.stagebook]\n", "folder"),
    ],
)
def test_a_project_has_a_name(tmp_path: Path, text: str, name: str) -> None:
    write(tmp_path / "folder", text)
    assert Project.find(tmp_path / "folder").settings.name == name


@pytest.mark.parametrize("text", ["tool = 3\n", "[tool]\nstagebook = 3\n", "[tool]\nx = 1\n", ""])
def test_a_pyproject_without_our_table_is_no_project(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert found_problem(tmp_path).code == "no-project"


@pytest.mark.parametrize(
    ("text", "line"), [("[tool.stagebook]\nthreads = \n", 2), ("[a]\nb = 1\nb = 2\n", 3)]
)
def test_bad_toml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    write(tmp_path, text)
    found = found_problem(tmp_path)
    assert (found.code, found.where) == ("bad-toml", Where("pyproject.toml", line=line))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes("# größe\n[tool.stagebook]".encode("latin-1"))
    assert found_problem(tmp_path).code == "bad-toml"


# Settings


def test_an_empty_table_has_defaults() -> None:
    assert parse("") == Settings("flights")
    assert parse("").stage("train") == StageSettings()


def test_every_setting_is_read() -> None:
    text = """
name = "late"
description = "Late flights"
notebooks = "nb/"
params = "./values"
runs = "out/runs"
code = ["lib", "."]
lock = "my.lock"
tracking_uri = "http://localhost:5000"
headline = ["metrics/a.json:auc"]
threads = 2
time_limit = "10 min"
memory_limit = "4 GB"
kernel = "python3"
distributions = ["pyarrow"]
[tool.stagebook.drift]
"data/new.parquet" = "data/old.parquet"
[tool.stagebook.report]
folder = "pages"
against = "main"
interactive = true
rows = 3
[tool.stagebook.gates."metrics/a.json:auc"]
floor = 0.6
drop = 0.01
[tool.stagebook.compare]
label = "late"
metric = "brier"
margin = 0.001
confidence = 0.9
threshold = 0.2
slices = ["origin"]
slice_margin = 0.01
cluster = "day"
"""
    defaults = StageSettings(2, 600.0, 4 * 10**9, "python3", ("pyarrow",))
    assert parse(text) == Settings(
        "late",
        "nb",
        "values",
        "out/runs",
        ("lib", "."),
        "my.lock",
        "http://localhost:5000",
        ("metrics/a.json:auc",),
        {"data/new.parquet": "data/old.parquet"},
        (Gate("metrics/a.json", "auc", floor=0.6, drop=0.01),),
        ReportSettings("pages", "main", True, 3),
        defaults,
        description="Late flights",
        compare=CompareSettings("late", "brier", 0.001, 0.9, 0.2, ("origin",), 0.01, "day"),
    )


def test_a_stage_inherits_what_it_does_not_set() -> None:
    settings = parse(
        'threads = 2\ntime_limit = "1 min"\n[tool.stagebook.stages.train]\nthreads = 4\n'
    )
    assert settings.stage("train") == StageSettings(threads=4, time_limit=60.0)
    assert settings.stage("other") == StageSettings(threads=2, time_limit=60.0)


def test_a_report_may_say_that_it_is_compared_with_nothing() -> None:
    assert parse('[tool.stagebook.report]\nagainst = ""\n').report == ReportSettings()


def test_a_stage_may_have_a_name_of_any_kind() -> None:
    settings = parse('[tool.stagebook.stages."Größe messen"]\nthreads = 3\n')
    assert settings.stage("Größe messen").threads == 3


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("thread = 2", "`threads`"),
        ('[tool.stagebook.stages.a]\ntime_limt = "1 s"', "`time_limit`"),
        ("[tool.stagebook.stages.a]\nnotebooks = 'x'", "distributions, kernel, "),
        ("[tool.stagebook.gates.'a.json:auc']\nflor = 1", "`floor`"),
        ("zzz = 1", "code, "),
        ("defaults = 1", "code, "),
    ],
)
def test_an_unknown_key_is_refused_with_a_near_one(text: str, hint: str) -> None:
    found = problem(text)
    assert (found.code, found.where) == ("unknown-setting", Where("pyproject.toml"))
    assert hint in found.hint


@pytest.mark.parametrize(
    "text",
    [
        "threads = 0",
        "threads = 1.5",
        "threads = true",
        'threads = "2"',
        "time_limit = true",
        "time_limit = []",
        "time_limit = inf",
        "time_limit = nan",
        "time_limit = 2013-10-01",
        "memory_limit = inf",
        'memory_limit = "4 XB"',
        "memory_limit = {}",
        "kernel = 3",
        'kernel = ""',
        'distributions = "pyarrow"',
        "distributions = [3]",
        "name = 3",
        'notebooks = ["nb"]',
        'notebooks = "../nb"',
        'notebooks = "/nb"',
        'notebooks = "."',
        'runs = "a/../.."',
        'code = "src"',
        'code = ["/lib"]',
        'code = ["C:\\\\lib"]',
        "headline = {}",
        "stages = 3",
        "stages = []",
        "[tool.stagebook.stages]\ntrain = 3",
        "[[tool.stagebook.stages.train]]\nthreads = 2",
        "[tool.stagebook.stages.train]\nthreads = 0",
        "gates = []",
        '[tool.stagebook.gates]\n"a.json:auc" = 0.7',
        '[tool.stagebook.gates."a.json:auc"]',  # without a bound
        '[tool.stagebook.gates."a.json:auc"]\nfloor = "0.7"',
        '[tool.stagebook.gates."a.json:auc"]\nfloor = nan',
        '[tool.stagebook.gates."a.json:auc"]\nceiling = true',
        '[tool.stagebook.gates."a.json:auc"]\ndrop = -0.1',
        '[tool.stagebook.gates."a.json:auc"]\nfloor = 2\nceiling = 1',
        "[tool.stagebook.gates.auc]\nfloor = 0.7",  # of no file
        '[tool.stagebook.gates.":auc"]\nfloor = 0.7',
        '[tool.stagebook.gates."a.json:"]\nfloor = 0.7',
        '[tool.stagebook.gates."../a.json:auc"]\nfloor = 0.7',
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(text: str) -> None:
    found = problem(text)
    assert (found.code, found.where) == ("bad-setting", Where("pyproject.toml"))
    assert found.message.startswith("[tool.stagebook")


def test_all_that_is_wrong_is_reported_at_once_and_once() -> None:
    text = """
threads = 0
zzz = 1
notebooks = 3
[tool.stagebook.stages.a]
kernel = 3
[tool.stagebook.stages.b]
yyy = 1
"""
    wrong = ("bad-setting", "unknown-setting")
    expected = {
        (wrong[0], "[tool.stagebook.stages.a]", "kernel"),
        (wrong[1], "[tool.stagebook.stages.b]", "yyy"),
        (wrong[1], "[tool.stagebook]", "zzz"),
        (wrong[0], "[tool.stagebook]", "notebooks"),
        (wrong[0], "[tool.stagebook]", "threads"),
    }
    found = problems(text)
    keys = "kernel|yyy|zzz|notebooks|threads"
    assert len(found) == len(expected)
    assert {
        (each.code, each.message.split(" ")[0], re.findall(keys, each.message)[0]) for each in found
    } == expected


# Durations and sizes

SECONDS = {"": 1, " s": 1, "s": 1, " sec": 1, " min": 60, "min": 60, " h": 3600, "  h": 3600}
BYTES = {"": 1, " MB": 10**6, "GB": 10**9, " MiB": 2**20, " GiB": 2**30}
numbers = st.integers(1, 10**6)


@given(numbers, st.sampled_from(sorted(SECONDS)))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    assert parse_duration(f"{number}{unit}") == number * SECONDS[unit]


@given(numbers, st.sampled_from(sorted(BYTES)))
def test_a_size_is_its_number_times_its_unit(number: int, unit: str) -> None:
    assert parse_size(f" {number}{unit} ") == number * BYTES[unit]


@given(st.floats(min_value=0.001, max_value=1e300))
def test_a_bare_number_is_itself(number: float) -> None:
    assert parse_duration(number) == number


@pytest.mark.parametrize(("text", "seconds"), [("0.5 min", 30), ("1.5e2 s", 150), (90, 90)])
def test_a_duration_may_have_decimals(text: Any, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "min", "10 minutes", "10 MB", "-1 s", "0", "0 s", "1 2 s", "1e999", "nan", "ten s"),
        *(0, -1, True, False, float("inf"), float("nan"), None, [], {}),
    ],
)
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match=r"\bs\b.*\bmin\b.*\bh\b"):
        parse_duration(text)


@given(st.text(max_size=8))
def test_any_text_is_a_positive_size_or_refused(text: str) -> None:
    try:
        size = parse_size(text)
    except ValueError:
        return
    assert size >= 0


# MLflow's address and the lock file


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.mark.usefixtures("unset")
@pytest.mark.parametrize(
    ("uri", "absolute"),
    [
        ("sqlite:///mlflow.db", "sqlite:////root/mlflow.db"),
        ("sqlite:///db/mlflow.db", "sqlite:////root/db/mlflow.db"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("postgresql://host/db", "postgresql://host/db"),
    ],
)
def test_a_relative_sqlite_path_starts_at_the_root(uri: str, absolute: str) -> None:
    assert Project(Path("/root"), Settings("x", tracking_uri=uri)).tracking_uri == absolute


@pytest.mark.usefixtures("unset")
def test_without_a_setting_the_store_lies_in_the_root() -> None:
    assert Project(Path("/root"), Settings("x")).tracking_uri == "sqlite:////root/mlflow.db"


@pytest.mark.parametrize("uri", ["http://elsewhere", "sqlite:///other.db"])
def test_the_environment_wins_over_the_setting(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    found = Project(Path("/root"), Settings("x", tracking_uri="http://here")).tracking_uri
    assert found == uri.replace("///", f"///{os.sep}root/")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    found = Project(Path("/root"), Settings("x", tracking_uri="http://here")).tracking_uri
    assert found == "http://here"


@pytest.mark.parametrize(
    ("files", "setting", "lock"),
    [
        ([], None, None),
        (["uv.lock"], None, "uv.lock"),
        (["poetry.lock", "uv.lock", "requirements.lock"], None, "requirements.lock"),
        (["uv.lock", "my.lock"], "my.lock", "my.lock"),
    ],
)
def test_the_lock_file_is_the_settings_or_a_usual_one(
    tmp_path: Path, files: list[str], setting: str | None, lock: str | None
) -> None:
    for name in files:
        (tmp_path / name).touch()
    assert Project(tmp_path, Settings("x", lock=setting)).lock == lock


def test_what_is_ours_lies_in_one_folder() -> None:
    assert Project(Path("/root"), Settings("x")).state == Path("/root/.stagebook")


def test_a_project_is_described_by_its_own_setting_or_by_that_of_python(tmp_path: Path) -> None:
    write(tmp_path, '[project]\nname = "a"\ndescription = "Of Python"\n[tool.stagebook]\n')
    assert Project.find(tmp_path).settings.description == "Of Python"
    write(
        tmp_path,
        '[project]\nname = "a"\ndescription = "x"\n[tool.stagebook]\ndescription = "Own"\n',
    )
    assert Project.find(tmp_path).settings.description == "Own"


@pytest.mark.parametrize("rows", ["-1", "true", '"5"', "1.5"])
def test_a_number_of_rows_that_is_not_a_count_is_refused(rows: str) -> None:
    with pytest.raises(StagebookError, match="rows"):
        parse(f"[tool.stagebook.report]\nrows = {rows}")


def test_code_may_lie_beside_the_project() -> None:
    assert parse_settings({"code": ["src", "../shared"]}, "p").code == ("src", "../shared")
