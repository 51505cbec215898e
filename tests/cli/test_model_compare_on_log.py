"""``stagebook model compare --log``: the same verdict as on a file of the same rows."""

import json
from pathlib import Path
from typing import Any

import compared_packages
import pytest
import replayed_logs
from click.testing import CliRunner, Result
from replayed_logs import FIRST, SECOND, LogOfServer

from stagebook.cli.main import main

RULE = """[tool.stagebook]
[tool.stagebook.compare]
label = "tall"
slices = ["city"]
"""
LENIENT = ("--materials", "ignore", "--attestation", "ignore")
PEOPLE = compared_packages.people(400, 300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages, a log of two days of the one that sees nothing of use, and labels."""
    folder = tmp_path_factory.mktemp("replayed")
    compared_packages.write(folder, ["weight"]).rename(folder / "blind")
    compared_packages.write(folder, ["weight", "height"]).rename(folder / "seeing")
    blind = replayed_logs.opened(folder / "blind")
    # a server's log has the features of the champion alone; a shadow predicts with its own
    seeing = replayed_logs.opened(folder / "seeing")
    log = LogOfServer(folder / "log", blind, seeing)
    names = log.serve(PEOPLE.head(200), FIRST, [1, 7, 30])
    log.close()
    names += log.serve(PEOPLE.tail(100), SECOND, [50])
    labels = PEOPLE[["tall", "city"]].assign(prediction=names, day=PEOPLE["id"] // 3)
    labels.to_csv(folder / "labels.csv", index=False)
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(RULE)
    return tmp_path


def compare(folder: Path, *words: str) -> Result:
    sides = [str(folder / "blind"), str(folder / "seeing")]
    return CliRunner().invoke(main, ["model", "compare", *sides, *LENIENT, *words])


def on_log(folder: Path, *words: str) -> Result:
    source = ("--log", str(folder / "log"), "--labels", str(folder / "labels.csv"))
    return compare(folder, *source, *words)


def values(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return parsed


def near(value: Any) -> Any:
    """Nested values, equal but for the order in which numbers are added up."""
    if isinstance(value, dict):
        return {name: near(part) for name, part in value.items()}
    if isinstance(value, list):
        return [near(part) for part in value]
    return pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value


@pytest.mark.usefixtures("project")
def test_a_log_gives_what_a_file_of_its_rows_gives(folder: Path, tmp_path: Path) -> None:
    PEOPLE.assign(day=PEOPLE["id"] // 3).to_parquet(tmp_path / "rows.parquet", index=False)
    options = ("--cluster", "day", "--json")
    there = on_log(folder, *options)
    here = compare(folder, "--data", str(tmp_path / "rows.parquet"), *options)
    assert (there.exit_code, values(there)["verdict"]) == (0, "better")
    ours, theirs = values(here), values(there)
    assert ours.pop("data")["log"] is None
    data = theirs.pop("data")
    assert theirs == near(ours)
    assert (data["rows"], data["clusters"], data["unlabelled"], data["md5"]) == (300, 101, 0, None)
    log = data["log"]
    assert (log["first"], log["last"], log["served"], log["shadow"]) == (FIRST, SECOND, 300, 300)


@pytest.mark.usefixtures("project")
def test_days_bound_the_rows(folder: Path) -> None:
    result = on_log(folder, "--since", SECOND, "--json")
    assert values(result)["data"]["rows"] == 100
    result = on_log(folder, "--until", FIRST, "--json")
    assert values(result)["data"]["rows"] == 200


@pytest.mark.usefixtures("project")
def test_the_screen_says_where_the_predictions_are_from(folder: Path) -> None:
    lines = dict(line.split(None, 1) for line in on_log(folder).stdout.splitlines()[:7] if line)
    assert lines["rows"].startswith("300 of ")
    assert "shadow" in lines["predicted"]
    assert on_log(folder).stdout.splitlines()[-1] == "The challenger may replace the champion."


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--log", "log"),
        ("--labels", "labels.csv"),
        ("--data", "rows.parquet", "--log", "log", "--labels", "labels.csv"),
        ("--data", "rows.parquet", "--labels", "labels.csv"),
        ("--data", "rows.parquet", "--since", FIRST),
        ("--log", "log", "--labels", "labels.csv", "--until", "yesterday"),
    ],
)
def test_options_that_do_not_go_together_are_refused(folder: Path, words: tuple[str, ...]) -> None:
    assert compare(folder, *words).exit_code == 2


@pytest.mark.usefixtures("project")
def test_a_challenger_is_judged_by_its_own_predictions_of_logged_features(folder: Path) -> None:
    sides = [str(folder / "seeing"), str(folder / "blind")]
    seeing = replayed_logs.opened(folder / "seeing")
    log = LogOfServer(Path("own").resolve(), seeing)
    labels = PEOPLE[["tall"]].assign(prediction=log.serve(PEOPLE))
    labels.to_parquet("labels.parquet")
    words = ["--log", "own", "--labels", "labels.parquet", *LENIENT, "--json"]
    Path("pyproject.toml").write_text(RULE.replace('slices = ["city"]', ""))
    result = CliRunner().invoke(main, ["model", "compare", *sides, *words])
    assert (result.exit_code, values(result)["verdict"]) == (15, "worse")
    assert values(result)["data"]["log"]["shadow"] == 0
