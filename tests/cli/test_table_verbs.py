"""The verbs for anyone with a table, as they are typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stagebook.cli.main import main

SCHEMA = """
import pandera.pandas as pa

class Throws(pa.DataFrameModel):
    first: int = pa.Field(ge=1, le=6)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dice_rules.py").write_text(SCHEMA)
    (tmp_path / "good.csv").write_text("first\n1\n6\n")
    (tmp_path / "bad.csv").write_text("first\n1\n7\n")
    return tmp_path


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_check_ends_with_0_or_10() -> None:
    assert typed("check", "good.csv", "--contract", "dice_rules:Throws").exit_code == 0
    refused = typed("check", "bad.csv", "--contract", "dice_rules:Throws", "--json")
    assert refused.exit_code == 10
    [failure] = json.loads(refused.stdout)["failures"]
    assert (failure["code"], failure["failed"], failure["sample"]) == (
        "value-refused",
        1,
        [[2, "7"]],
    )


def test_a_contract_that_is_not_there_is_told() -> None:
    done = typed("check", "good.csv", "--contract", "dice_rules:Throw", "--json")
    assert done.exit_code == 3
    [problem] = json.loads(done.stdout)["problems"]
    assert problem["code"] == "no-contract"
    assert problem["hint"] == "Did you mean `Throws`?"


def test_a_drafted_contract_holds_for_its_table(folder: Path) -> None:
    drafted = typed("contract", "good.csv")
    assert drafted.exit_code == 0
    (folder / "drafted_rules.py").write_text(drafted.stdout)
    assert typed("check", "good.csv", "--contract", "drafted_rules:Good").exit_code == 0


def test_a_profile_is_json_and_a_page_and_can_be_compared_with(folder: Path) -> None:
    kept = typed("profile", "good.csv", "--json").stdout
    assert json.loads(kept)["rows"] == 2
    (folder / "kept.json").write_text(kept)
    done = typed("profile", "bad.csv", "--against", "kept.json", "--html", "page.html")
    assert done.exit_code == 0
    assert "http" not in (folder / "page.html").read_text().replace("http-equiv", "")


@pytest.mark.parametrize(("text", "told"), [("", "empty"), (None, "not there")])
def test_a_file_that_is_no_table_is_named(folder: Path, text: str | None, told: str) -> None:
    if text is not None:
        (folder / "x.csv").write_text(text)
    done = typed("profile", "x.csv", "--json")
    assert done.exit_code == 3
    [problem] = json.loads(done.stdout)["problems"]
    assert problem["where"]["file"] == "x.csv"
    assert told in problem["message"]


def test_a_reference_is_kept_without_rows_and_used(folder: Path) -> None:
    (folder / "many.csv").write_text("first\n" + "1\n2\n3\n" * 100)
    (folder / "other.csv").write_text("first\n" + "5\n6\n6\n" * 100)
    assert typed("drift", "many.csv", "--save", "kept.json").exit_code == 0
    assert typed("drift", "kept.json", "many.csv", "--check").exit_code == 0
    assert typed("drift", "kept.json", "other.csv", "--check", "--json").exit_code == 11


def test_drift_needs_something_to_do() -> None:
    assert typed("drift", "good.csv").exit_code == 2
