"""A secret that is a word of the project is found there, and the search for it is bounded."""

from pathlib import Path

import pandas as pd
import pytest
from folders import git, write

from stagebook.workflow import own_words, word_search

SETTINGS = '[project]\nname = "rides"\n\n[tool.stagebook]\n'
WORD = "zebrafinch"
HEAD = '# %% tags=["parameters"]\nfrom stagebook import Out\nout: Out = "a.csv"\n\n# %%\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project without any word."""
    write(tmp_path, {"pyproject.toml": SETTINGS, "src/lib.py": "x = 1\n"})
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def is_own(root: Path, word: str = WORD, *arguments: str) -> bool:
    """Whether a secret with this value is a word of the project."""
    return own_words.find({"MY_TOKEN": word}, root, arguments) == ("MY_TOKEN",)


@pytest.mark.parametrize(
    "code",
    [
        "zebrafinch = 1",
        "from birds import zebrafinch as bird",
        "def f(zebrafinch): ...",
        "x.zebrafinch",
        "class zebrafinch: ...",
        "row = {'zebrafinch': 1}",
        "frame[['zebrafinch', 'wren']]",
        "mlflow.log_metric('zebrafinch', 1)",
    ],
)
def test_a_name_in_code_is_a_word_of_the_project(root: Path, code: str) -> None:
    assert not is_own(root)
    write(root, {"src/birds.py": f"{code}\n"})
    assert is_own(root)
    write(root, {"src/birds.py": "", "notebooks/birds.py": f"{HEAD}{code}\n"})
    assert is_own(root)


@pytest.mark.parametrize(
    "code", ["# zebrafinch", "print('zebrafinch')", "zebrafinches = 1", "my_zebrafinch = 1", "if ("]
)
def test_a_text_or_a_part_of_a_name_is_none(root: Path, code: str) -> None:
    write(root, {"src/birds.py": f"{code}\n"})
    assert not is_own(root)


def test_a_name_after_an_escape_in_a_notebook_is_a_word(root: Path) -> None:
    cell = (
        '{"cell_type": "code", "id": "a", "execution_count": null, "metadata": {}, "outputs": [], '
    )
    cell += '"source": "import os\\nzebrafinch = 1"}'
    notebook = f'{{"cells": [{cell}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}'
    write(root, {"notebooks/birds.ipynb": notebook})
    assert is_own(root)


@pytest.mark.parametrize(
    "files",
    [
        {"params/birds.yaml": "zebrafinch: 1\n"},
        {"metrics/birds.json": '{"zebrafinch": 0.5}'},
        {"params/zebrafinch.yaml": ""},
        {"src/zebrafinch.py": ""},
        {"params/birds.yaml": "a: {train.zebrafinch: 1}\n"},
    ],
)
def test_a_key_or_the_name_of_a_file_is_a_word(root: Path, files: dict[str, str]) -> None:
    write(root, files)
    assert is_own(root)


@pytest.mark.parametrize(
    "name", ["a.csv", "a.parquet", "a.feather", "a.jsonl", "a.csv.gz", "a.tsv"]
)
def test_a_column_of_a_table_that_code_or_the_command_names_is_a_word(
    root: Path, name: str
) -> None:
    table = pd.DataFrame({"wren": ["zebrafinch"], "robin": [1]})
    for columns, own in ((["wren", "robin"], False), ([WORD, "robin"], True)):
        table.columns = pd.Index(columns)
        _write(table, root / name)
        assert is_own(root, WORD, name) is own
        write(root, {"src/birds.py": f'path = "{name}"\n'})
        assert is_own(root) is own
        write(root, {"src/birds.py": ""})


def _write(table: pd.DataFrame, path: Path) -> None:
    match path.name.partition(".")[2]:
        case "parquet":
            table.to_parquet(path)
        case "feather":
            table.to_feather(path)
        case "jsonl":
            table.to_json(path, orient="records", lines=True)
        case suffix:
            table.to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")


def test_columns_of_a_folder_are_those_of_a_part_and_of_the_names_of_folders(root: Path) -> None:
    for column, folder in ((WORD, "year=2025"), ("wren", f"{WORD}=2025")):
        path = root / f"birds.{column}" / folder / "a.parquet"
        path.parent.mkdir(parents=True)
        pd.DataFrame({column: [1]}).to_parquet(path)
        assert is_own(root, WORD, f"birds.{column}")
    assert not is_own(root, "wrenlike", "birds.wren")


def test_code_that_git_ignores_has_no_words(root: Path) -> None:
    write(root, {"src/vendor/birds.py": "zebrafinch = 1\n"})
    assert is_own(root)
    write(root, {".gitignore": "vendor/\n"})
    git(root, "init", "-q")
    assert not is_own(root)


def test_without_git_the_packages_of_an_environment_have_no_words(root: Path) -> None:
    write(root, {"src/env/pyvenv.cfg": "", "src/env/lib/birds.py": "zebrafinch = 1\n"})
    assert not is_own(root)


def test_a_damaged_table_has_no_words(root: Path) -> None:
    write(root, {"a.parquet": "PAR1", "b.csv.gz": WORD, "c.jsonl": "[1]\n", "d.feather": "x"})
    for name in ("a.parquet", "b.csv.gz", "c.jsonl", "d.feather", "no.csv"):
        assert not is_own(root, WORD, name)


def test_only_files_with_the_word_are_parsed_and_not_all_of_them(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_search, "PARSED", 2)
    write(root, {f"src/a{number}.py": "wren = 1\n" for number in range(5)})
    write(root, {"src/b.py": "zebrafinch = 1\n"})
    assert is_own(root)
    write(root, {f"src/a{number}.py": "# zebrafinch\n" for number in range(5)})
    assert not is_own(root)


def test_a_large_file_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_search, "LARGEST", 100)
    write(root, {"src/b.py": "zebrafinch = 1\n" + "#" * 200})
    assert not is_own(root)


def test_only_the_words_among_several_secrets_are_named(root: Path) -> None:
    write(root, {"src/b.py": "zebrafinch = goldfinch = 1\n"})
    environ = {"A_TOKEN": WORD, "B_TOKEN": "bullfinches", "C_TOKEN": "goldfinch"}
    assert own_words.find(environ, root, ()) == ("A_TOKEN", "C_TOKEN")
