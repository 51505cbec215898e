"""What an error or another program's output names of the project."""

from dataclasses import replace
from pathlib import Path

import pytest

from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.mentions import Mentions
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.spelling import PathNames


@pytest.fixture
def mentions(tmp_path: Path) -> Mentions:
    for name in ("data/in.csv", "data/other.csv", "notebooks/beside.csv", "figures/old.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    folder = tmp_path / ".stagebook/executions/x"
    box = Sandbox.of(DeclaredFiles(tmp_path), folder, ("data/in.csv",), ("data/out.csv",)).lay()
    names = PathNames(str(tmp_path), str(box.files), "notebooks")
    return Mentions(box, names, frozenset({"figures/typo.csv"}))


@pytest.mark.parametrize(
    ("text", "touched"),
    [
        ("[Errno 2] Failed to open local file 'data/other.csv'", {("read", "data/other.csv")}),
        ("No such file: '../data/other.csv'", {("read", "data/other.csv")}),
        ("No such file: '{root}/data/other.csv'", {("read", "data/other.csv")}),
        ("No such file: '{files}/../data/other.csv'", {("read", "data/other.csv")}),
        ("No such file: 'beside.csv'", {("read", "notebooks/beside.csv")}),
        ("No such file: 'figures/new.parquet'", {("wrote", "figures/new.parquet")}),
        ("No such file: 'figures/typo.csv'", set()),
        ("Cannot save file into a non-existent directory: 'figures'", {("wrote into", "figures")}),
        ("Cannot save file into a non-existent directory: '../data'", {("wrote into", "data")}),
        ("Cannot save file into a non-existent directory: 'new'", {("wrote", "new")}),
        ('No files found that match the pattern "../data/other.csv"', {("read", "data/other.csv")}),
        ('No files found that match the pattern "data/o*.csv"', {("searched", "data/o*.csv")}),
        ('No files found that match the pattern "data/*/x.csv"', {("searched", "data/*/x.csv")}),
        ("DataSourceError: ../data/other.csv: could not be opened", {("read", "data/other.csv")}),
        ("Permission denied: '{root}/new.csv'", {("wrote", "new.csv")}),
        ("Permission denied: 'data/in.csv'", {("changed", "data/in.csv")}),
        ("see 'data/other.csv'", set()),
    ],
)
def test_an_error_names_files_as_the_project_has_them(
    mentions: Mentions, text: str, touched: set[tuple[str, str]]
) -> None:
    box = mentions.sandbox
    assert set(mentions.touched(text.format(root=box.root, files=box.files))) == touched


def test_only_a_line_about_a_refusal_counts_in_what_a_cell_prints(mentions: Mentions) -> None:
    root = mentions.sandbox.root
    printed = (
        f"cat: {root}/data/other.csv: Permission denied\n"
        f"sh: line 1: {root}/new file.txt: Permission denied\n"
        f"{root}/figures/old.png is fine\n"
        "cat: ../figures/old.png: No such file or directory\n"
        "head: cannot open 'beside.csv' for reading: No such file or directory\n"
        "cat: figures/none.png: No such file or directory\n"
        "data/in.csv was not needed\n"
    )
    found = {("read", "data/other.csv"), ("wrote", "new file.txt")}
    found |= {("read", "figures/old.png"), ("read", "notebooks/beside.csv")}
    assert set(mentions.printed(printed)) == found


@pytest.mark.parametrize(
    ("folder", "cell"),
    [
        ("figures", "df.to_csv('figures/new.csv')"),
        ("../figures", "df.to_parquet('../figures/new.csv', index=False)"),
        ("../figures", "save(path='../figures/new.csv', log='../data/in.csv')"),
    ],
)
def test_a_folder_that_pandas_lacks_is_told_by_the_file_in_the_cell(
    mentions: Mentions, folder: str, cell: str
) -> None:
    text = f"Cannot save file into a non-existent directory: '{folder}'"
    assert set(replace(mentions, code=cell).touched(text)) == {("wrote", "figures/new.csv")}
