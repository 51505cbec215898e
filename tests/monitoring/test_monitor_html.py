"""``stagebook monitor --html`` writes a page of the status."""

import json
from pathlib import Path

import compared_packages
import pytest
from click.testing import CliRunner, Result

from stagebook.cli.main import main

LOG = Path("log")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compared_packages.write(tmp_path_factory.mktemp("packages"), ["height", "weight"])


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def monitor(package: Path, *options: str) -> Result:
    LOG.mkdir(exist_ok=True)
    return CliRunner().invoke(main, ["monitor", str(LOG), "--package", str(package), *options])


def test_the_page_is_written_instead_of_printing(package: Path) -> None:
    result = monitor(package, "--html", "status.html")
    assert (result.exit_code, result.stdout) == (0, "")
    text = Path("status.html").read_text()
    assert text.startswith("<!doctype html>")


def test_the_page_goes_with_json(package: Path) -> None:
    result = monitor(package, "--html", "status.html", "--json")
    values = json.loads(result.stdout)
    text = Path("status.html").read_text()
    assert values["package"] in text
    assert values["model"] in text


def test_a_page_is_replaced_and_another_file_is_not(package: Path) -> None:
    assert monitor(package, "--html", "status.html").exit_code == 0
    assert monitor(package, "--html", "status.html").exit_code == 0
    Path("notes.html").write_text("my notes")
    assert monitor(package, "--html", "notes.html").exit_code != 0
    assert Path("notes.html").read_text() == "my notes"


def test_unreadable_files_are_on_the_page_and_the_exit_code_stays(package: Path) -> None:
    (LOG / "days").mkdir(parents=True)
    (LOG / "days" / "2026-11-28.parquet").write_text("nothing")
    result = monitor(package, "--html", "status.html", "--json")
    assert result.exit_code == 11
    (problem,) = json.loads(result.stdout)["problems"]
    assert 'id="problems"' in Path("status.html").read_text()
    assert problem["code"] == "bad-request-log"
