"""`stagebook check`, `contract`, `profile` and `drift` on small files, outside of any project."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from stagebook.cli.main import main
from stagebook.data.profiles import profile as profiles
from stagebook.project.errors import Exit

CONTRACTS = """
import pandera.pandas as pa

class Throws(pa.DataFrameModel):
    first: int = pa.Field(ge=1, le=6)
    second: int = pa.Field(ge=1, le=6)

    class Config:
        strict = True
"""
BAD = "first,second,note\n3,4,a\n7,2,b\nsix,2,c\n"
EXPECTED = [("first", "column-type"), ("first", "value-refused"), ("note", "column-extra")]
CLI = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a contract and a table, that one stands in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "dice_rules.py").write_text(CONTRACTS)
    (tmp_path / "broken_rules.py").write_text("import nothing_of_this_name\n")
    rows = "".join(f"{1 + n % 6},{1 + n // 6 % 6}\n" for n in range(600))
    (tmp_path / "throws.csv").write_text(f"first,second\n{rows}")
    yield tmp_path
    for name in ("dice_rules", "broken_rules", "throws_rules"):
        sys.modules.pop(name, None)


def stagebook(*words: str, code: int = Exit.DONE) -> Result:
    """Types a command, which has to end with this code."""
    result = CliRunner().invoke(main, words)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def check(file: str, *more: str, code: int = Exit.DONE) -> Result:
    return stagebook("check", file, "--contract", "dice_rules:Throws", *more, code=code)


@pytest.mark.parametrize("spec", ["dice", ":Throws", "dice:"])
def test_a_contract_that_is_no_module_and_name_is_wrong_usage(spec: str) -> None:
    done = CliRunner().invoke(main, ["check", "x.csv", "--contract", spec])
    assert done.exit_code == 2
    assert "MODULE:SCHEMA" in done.output


def test_a_table_that_keeps_its_contract_is_told_so() -> None:
    (line,) = check("throws.csv").stdout.splitlines()
    assert line.startswith("throws.csv passes dice_rules:Throws")
    assert " 600 " in line


def test_a_table_that_is_refused_ends_with_10_and_every_failure(folder: Path) -> None:
    (folder / "bad.csv").write_text(BAD)
    shown = check("bad.csv", code=Exit.REFUSED).stdout
    assert shown.count("✗") == 3
    assert "'six'" in shown
    assert re.search(r"\b2\b.*\b7\b", shown)


def test_json_of_a_check_has_the_same_failures(folder: Path) -> None:
    (folder / "bad.csv").write_text(BAD)
    verdict = json.loads(check("bad.csv", "--json", code=Exit.REFUSED).stdout)
    assert [(one["column"], one["code"]) for one in verdict["failures"]] == EXPECTED
    assert json.loads(check("throws.csv", "--json").stdout)["failures"] == []


def test_a_contract_is_found_in_src_too(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "dice_rules.py").rename(folder / "src" / "dice_rules.py")
    check("throws.csv")


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ("no_such_rules:Throws", "contract-not-imported"),
        ("broken_rules:Throws", "contract-not-imported"),
        ("dice_rules:Throw", "no-contract"),
        ("dice_rules:pa", "not-a-contract"),
    ],
)
def test_a_contract_that_cannot_be_had_ends_with_3(contract: str, said: str) -> None:
    words = ("check", "throws.csv", "--contract", contract, "--json")
    [problem] = json.loads(stagebook(*words, code=Exit.INVALID).stdout)["problems"]
    assert problem["code"] == said


def test_a_check_without_a_contract_is_a_wrong_command() -> None:
    assert "--contract" in stagebook("check", "throws.csv", code=Exit.USAGE).stderr


def test_a_draft_is_a_contract_that_its_table_keeps(folder: Path) -> None:
    (folder / "throws_rules.py").write_text(stagebook("contract", "throws.csv").stdout)
    held = stagebook("check", "throws.csv", "--contract", "throws_rules:Throws")
    assert "passes" in held.stdout


def test_json_of_a_profile_is_a_profile() -> None:
    found = profiles.parse(stagebook("profile", "throws.csv", "--json").stdout)
    assert found.rows == 600
    assert [one.name for one in found.columns] == ["first", "second"]


def test_json_of_a_profile_has_the_keys_that_the_reference_shows() -> None:
    page = CLI.read_text(encoding="utf-8").partition("### `stagebook profile`")[2]
    [text] = re.findall(r"```json\n(.*?)```", page.partition("\n### ")[0], re.DOTALL)
    shown, real = json.loads(text), json.loads(stagebook("profile", "throws.csv", "--json").stdout)
    assert shown.keys() == real.keys()
    one, other = shown["columns"][0], real["columns"][0]
    assert one.keys() == other.keys()
    assert one["shown"].keys() == other["shown"].keys()
    assert one["numbers"].keys() == other["numbers"].keys()
    assert one["numbers"]["grid"].keys() == other["numbers"]["grid"].keys()


@pytest.fixture
def five(folder: Path) -> str:
    """The throws of a die that has lost its six."""
    text = (folder / "throws.csv").read_text()
    (folder / "five.csv").write_text(text.replace("\n6,", "\n5,"))
    return "five.csv"


def test_a_profile_is_shown_beside_one_that_was_kept_and_beside_a_table(
    folder: Path, five: str
) -> None:
    (folder / "kept.json").write_text(stagebook("profile", "throws.csv", "--json").stdout)
    shown = stagebook("profile", five, "--against", "kept.json").stdout
    assert "mean 3.333, was 3.5" in shown
    assert stagebook("profile", five, "--against", "throws.csv").stdout == shown


def assert_self_contained(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    for address in re.findall(r"""(?:src|href)=["']?([^"'\s>]+)|url\(["']?([^"')]+)""", text):
        assert "".join(address).startswith(("#", "data:"))
    assert "@import" not in text


def test_a_page_of_a_profile_loads_nothing(folder: Path, five: str) -> None:
    told = stagebook("profile", five, "--against", "throws.csv", "--html", "pages/five.html")
    assert told.stdout == ""
    assert told.stderr == "Written: pages/five.html\n"
    assert_self_contained(folder / "pages" / "five.html")


def test_a_page_that_cannot_be_written_is_told_with_its_path(folder: Path) -> None:
    (folder / "taken").write_text("")
    told = stagebook("profile", "throws.csv", "--html", "taken/a.html", code=Exit.INVALID)
    assert "error taken/a.html" in told.stderr


def truncated(folder: Path) -> None:
    whole = folder / "whole.parquet"
    duckdb.sql(f"copy (select range as n from range(1000)) to '{whole}'")
    (folder / "cut.parquet").write_bytes(whole.read_bytes()[:-100])


@pytest.mark.parametrize("verb", [("profile",), ("contract",), ("drift", "throws.csv")])
@pytest.mark.parametrize("file", ["none.csv", "empty.csv", "cut.parquet", "notes.txt"])
def test_a_file_that_is_no_whole_table_ends_with_3_and_its_name(
    folder: Path, verb: tuple[str, ...], file: str
) -> None:
    (folder / "empty.csv").write_text("")
    (folder / "notes.txt").write_text("first\n1\n")
    truncated(folder)
    assert f"error {file}" in stagebook(*verb, file, code=Exit.INVALID).stderr


def test_a_kept_reference_says_what_its_table_says(five: str) -> None:
    told = stagebook("drift", "throws.csv", "--save", "kept.json")
    assert (told.stdout, told.stderr) == ("", "Written: kept.json\n")
    by_table = stagebook("drift", "throws.csv", five, "--json").stdout
    assert stagebook("drift", "kept.json", five, "--json").stdout == by_table
    assert json.loads(by_table)["verdict"] == "drift"


def test_check_ends_with_11_for_a_drifted_batch_only(five: str) -> None:
    assert "1 of 2" in stagebook("drift", "throws.csv", five).stdout
    stagebook("drift", "throws.csv", five, "--check", code=Exit.DRIFTED)
    stagebook("drift", "throws.csv", "throws.csv", "--check")


def test_check_ends_with_11_where_a_column_is_lost(folder: Path) -> None:
    (folder / "lost.csv").write_text("first\n" + "1\n2\n3\n4\n5\n6\n" * 100)
    done = stagebook("drift", "throws.csv", "lost.csv", "--check", "--json", code=Exit.DRIFTED)
    found = json.loads(done.stdout)
    assert found["verdict"] == "drift"
    assert [one["code"] for one in found["problems"]] == ["column-lost"]


def test_a_reference_is_saved_over_an_older_one_and_over_nothing_else(folder: Path) -> None:
    stagebook("drift", "throws.csv", "--save", "kept.json")
    first = (folder / "kept.json").read_text()
    stagebook("drift", "throws.csv", "--by", "100", "--save", "kept.json")
    assert (folder / "kept.json").read_text() != first
    (folder / "own.json").write_text('{"mine": 1}')
    done = stagebook("drift", "throws.csv", "--save", "own.json", code=Exit.INVALID)
    assert "own.json" in done.stderr
    assert (folder / "own.json").read_text() == '{"mine": 1}'


def test_a_length_of_blocks_that_is_none_is_wrong_usage(folder: Path) -> None:
    done = stagebook("drift", "throws.csv", "throws.csv", "--by", "fortnight", code=Exit.USAGE)
    assert "quarter" in done.stderr


def test_profiles_of_parts_merge_into_that_of_the_whole(folder: Path) -> None:
    head, *lines = (folder / "throws.csv").read_text().splitlines(keepends=True)
    (folder / "a.csv").write_text(head + "".join(lines[:200]))
    (folder / "b.csv").write_text(head + "".join(lines[200:]))
    (folder / "a.json").write_text(stagebook("profile", "a.csv", "--json").stdout)
    both = profiles.parse(stagebook("profile", "--merge", "a.json", "b.csv", "--json").stdout)
    whole = profiles.parse(stagebook("profile", "throws.csv", "--json").stdout)
    assert (both.rows, both.columns[0].name) == (whole.rows, whole.columns[0].name)
    title = stagebook("profile", "--merge", "a.json", "b.csv").stdout.splitlines()[0]
    assert title.startswith("a.json + b.csv: 600 ")
    stagebook("profile", "a.csv", "b.csv", code=Exit.USAGE)
    (folder / "other.csv").write_text("x\n1\n")
    mixed = ("profile", "--merge", "a.json", "other.csv", "--json")
    (problem,) = json.loads(stagebook(*mixed, code=Exit.INVALID).stdout)["problems"]
    assert problem["code"] == "profile-columns"


def test_a_cell_that_is_a_secret_is_not_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "hunter2-and-a-lot-more-to-make-it-longer-than-a-column-of-the-screen"
    monkeypatch.setenv("API_KEY_1", secret)
    (folder / "cells.csv").write_text(f"name,n\n{secret},1\n{secret},2\n")
    for more in ((), ("--json",)):
        done = stagebook("profile", "cells.csv", *more)
        assert "***" in done.stdout
        assert secret[:8] not in done.output
    stagebook("profile", "cells.csv", "--html", "cells.html")
    assert secret[:8] not in (folder / "cells.html").read_text()
    assert secret[:8] not in stagebook("contract", "cells.csv").output
    refused = check("cells.csv", code=Exit.REFUSED)
    assert secret[:8] not in refused.output
    (folder / "long.csv").write_text(f"first,second\n1,{secret}\n")
    assert secret[:8] not in check("long.csv", code=Exit.REFUSED).output
    assert secret[:8] not in stagebook("profile", f"{secret}.csv", code=Exit.INVALID).output


def test_a_column_that_is_called_like_a_secret_is_shown_and_reported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SORT_KEY", "departure")
    (folder / "flights.csv").write_text("departure\n1\n")
    done = stagebook("profile", "flights.csv")
    assert "\ndeparture " in done.stdout
    assert done.stderr.count("SORT_KEY") == 1
    monkeypatch.setenv("SORT_KEY", "arrivalsx")
    assert "***" in stagebook("profile", "arrivalsx.csv", code=Exit.INVALID).stderr


def test_a_page_of_drift_is_written_also_where_check_ends_with_11(folder: Path, five: str) -> None:
    stagebook("drift", "throws.csv", five, "--check", "--html", "page.html", code=Exit.DRIFTED)
    assert_self_contained(folder / "page.html")


def test_json_of_drift_has_the_keys_that_the_reference_names(five: str) -> None:
    page = CLI.read_text(encoding="utf-8").partition("### `stagebook drift`")[2]
    named = set(re.findall(r"`([a-z]+)`", page.partition("\n##")[0].partition("The JSON has")[2]))
    found = json.loads(stagebook("drift", "throws.csv", five, "--json").stdout)
    column = found["columns"][0]
    known = {*found, *column, *column["findings"][0]}
    known |= {one["basis"] for one in column["findings"]}
    assert named <= known


def test_a_reference_alone_has_to_be_saved() -> None:
    assert "--save" in stagebook("drift", "throws.csv", code=Exit.USAGE).stderr


def test_a_wrong_column_of_time_is_a_problem_of_the_reference(five: str) -> None:
    told = stagebook("drift", "throws.csv", five, "--time", "frist", "--json", code=Exit.INVALID)
    [problem] = json.loads(told.stdout)["problems"]
    assert problem["code"] == "no-time-column"
    assert problem["where"]["file"] == "throws.csv"


def test_a_kept_reference_cannot_be_cut_again(five: str) -> None:
    stagebook("drift", "throws.csv", "--save", "kept.json")
    told = stagebook("drift", "kept.json", five, "--by", "week", "--json", code=Exit.INVALID)
    assert [one["code"] for one in json.loads(told.stdout)["problems"]] == ["cannot-cut"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", '"format":1', "profile-format"),
        ("reference", '"reference":1', "reference-format"),
    ],
)
def test_another_format_version_is_told_with_the_file(
    folder: Path, five: str, key: str, value: str, said: str
) -> None:
    if key == "format":
        text = stagebook("profile", "throws.csv", "--json").stdout
    else:
        stagebook("drift", "throws.csv", "--save", "kept.json")
        text = (folder / "kept.json").read_text()
    assert value in text
    (folder / "kept.json").write_text(text.replace(value, f'"{key}":99', 1))
    told = stagebook("drift", "kept.json", five, "--json", code=Exit.INVALID)
    [problem] = json.loads(told.stdout)["problems"]
    assert problem["code"] == said
    assert problem["where"]["file"] == "kept.json"
