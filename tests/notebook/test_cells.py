"""Notebook files, as ``.ipynb`` and as py:percent, are the same cells."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from stagebook.errors import Problem, StagebookError
from stagebook.notebook import cells
from stagebook.notebook.cells import Cell, Notebook

PATH = "notebooks/train.ipynb"


def ipynb(*cells: dict[str, Any], **changes: Any) -> str:
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}
    return json.dumps({**document, **changes})


def cell(kind: str, source: str, *tags: str, id_: str = "one") -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "id": id_, "metadata": {}, "source": source}
    if tags:
        made["metadata"]["tags"] = list(tags)
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def problem(text: str, path: str = PATH) -> Problem:
    with pytest.raises(StagebookError) as caught:
        cells.parse(text, path)
    (found,) = caught.value.problems
    assert found.where is not None
    assert found.where.file == path
    return found


# What is read


def test_a_notebook_is_its_cells_in_order() -> None:
    text = ipynb(
        cell("markdown", "# Title", id_="a"),
        cell("code", "n = 1", "parameters", "hide", id_="b"),
        cell("raw", "raw", id_="c"),
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    assert cells.parse(text, PATH) == Notebook(
        PATH,
        (
            Cell(1, "markdown", "# Title", frozenset(), "a"),
            Cell(2, "code", "n = 1", frozenset({"parameters", "hide"}), "b"),
            Cell(3, "raw", "raw", frozenset(), "c"),
        ),
        "python3",
    )


def test_the_stage_is_named_after_the_file() -> None:
    assert Notebook("notebooks/Größe messen.ipynb", ()).stage == "Größe messen"


def test_only_code_cells_are_code() -> None:
    notebook = cells.parse(ipynb(cell("markdown", "a", id_="a"), cell("code", "b", id_="b")), PATH)
    assert [one.position for one in notebook.code_cells] == [2]


def test_source_in_lines_is_joined() -> None:
    lines = {**cell("code", ""), "source": ["a = 1\n", "b = 2"]}
    assert cells.parse(ipynb(lines), PATH).cells[0].text == "a = 1\nb = 2"


def test_percent_and_ipynb_of_one_notebook_are_the_same_cells() -> None:
    percent = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Title
#
# Text.

# %% tags=["parameters"]
n: int = 1  # größer

# %%
# %matplotlib inline
if n:
    print("# %% inside")

# %% [raw]
# raw
"""
    same = ipynb(
        cell("markdown", "# Title\n\nText.", id_="a"),
        cell("code", "n: int = 1  # größer", "parameters", id_="b"),
        cell("code", '%matplotlib inline\nif n:\n    print("# %% inside")', id_="c"),
        cell("raw", "raw", id_="d"),
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )

    def told(notebook: Notebook) -> object:
        rows = [(one.position, one.kind, one.text, one.tags) for one in notebook.cells]
        return rows, notebook.kernel

    assert told(cells.parse(percent, "train.py")) == told(cells.parse(same, PATH))


def test_a_percent_notebook_reads_the_same_twice() -> None:
    text = "# %%\na = 1\n\n# %%\nb = 2\n"
    assert cells.parse(text, "train.py") == cells.parse(text, "train.py")


def test_a_notebook_of_an_older_minor_format_has_cells_without_ids() -> None:
    old = cell("code", "a = 1")
    del old["id"]
    (found,) = cells.parse(ipynb(old, nbformat_minor=4), PATH).cells
    assert found.id is None


@pytest.mark.parametrize("ids", [("same", "same"), (None, None)])
def test_cells_whose_ids_are_wrong_are_read_without_a_warning(ids: tuple[Any, Any]) -> None:
    made = [cell("code", "a = 1", id_=one) for one in ids]
    for one in made:
        if one["id"] is None:
            del one["id"]
    with warnings.catch_warnings(action="error"):
        notebook = cells.parse(ipynb(*made), PATH)
    assert [one.text for one in notebook.cells] == ["a = 1", "a = 1"]


# What is refused


@pytest.mark.parametrize(
    ("text", "line"), [("", 1), ("x", 1), ('{\n"cells": [\n,]}', 3), ("# %%\na = 1", 1)]
)
def test_what_is_no_json_is_refused_with_its_line(text: str, line: int) -> None:
    found = problem(text, "notebooks/my own.ipynb")
    assert found.code == "not-json"
    assert found.where is not None
    assert found.where.line == line
    assert found.hint == "Restore it: git checkout 'notebooks/my own.ipynb'"


def test_a_merge_conflict_is_called_one() -> None:
    lines = ipynb(cell("code", "a")).replace(",", ",\n").splitlines()
    lines[2:2] = ["<<<<<<< HEAD", '"a": 1,', "=======", '"a": 2,', ">>>>>>> other"]
    found = problem("\n".join(lines))
    assert (found.code, found.hint) == ("not-json", "Resolve the merge conflict in it.")
    assert found.where is not None
    assert found.where.line == 3


@pytest.mark.parametrize("text", ["[]", "{}", "null", "3", '"a"', '{"cells": []}', '[{"a": 1}]'])
def test_json_that_is_no_notebook_is_refused(text: str) -> None:
    assert problem(text).code == "bad-notebook"


@pytest.mark.parametrize(
    "text",
    [
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        ipynb(cells=3),
        ipynb(cells=[3]),
        ipynb(cell("unknown", "a")),
        ipynb({**cell("code", "a"), "source": 3}),
        ipynb({**cell("code", "a"), "metadata": {"tags": "parameters"}}),
        ipynb({**cell("code", "a"), "outputs": None}),
        ipynb(metadata={"kernelspec": "python3"}),
        ipynb(nbformat="4"),
    ],
)
def test_a_notebook_against_its_schema_is_refused(text: str) -> None:
    assert problem(text).code == "bad-notebook"


@pytest.mark.parametrize("major", [2, 3])
def test_an_old_notebook_is_refused_with_the_command_that_upgrades_it(major: int) -> None:
    text = json.dumps(
        {"nbformat": major, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": []}
    )
    found = problem(text, "notebooks/my own.ipynb")
    assert found.code == "old-notebook"
    assert found.hint.endswith("--nbformat 4 --inplace 'notebooks/my own.ipynb'")


def test_a_notebook_of_a_format_to_come_is_refused() -> None:
    found = problem(ipynb(nbformat=5, nbformat_minor=0))
    assert (found.code, found.hint) == ("bad-notebook", "Stagebook reads nbformat 4.")


def test_a_notebook_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StagebookError) as caught:
        cells.read(PATH, tmp_path)
    assert caught.value.problems[0].code == "no-notebook"


@pytest.mark.parametrize("suffix", [".ipynb", ".py"])
def test_a_notebook_that_is_not_utf_8_is_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes("# %%\nx = 'größe'\n".encode("latin-1"))
    with pytest.raises(StagebookError) as caught:
        cells.read(f"a{suffix}", tmp_path)
    assert caught.value.problems[0].code == "bad-encoding"


def test_a_notebook_with_windows_line_ends_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"# %%\r\na = 1\r\nb = 2\r\n")
    assert cells.read("a.py", tmp_path).cells[0].text == "a = 1\nb = 2"


# Which files are notebooks


def find(root: Path, files: dict[str, str]) -> tuple[str, ...]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return cells.find(root / "notebooks", root)


def test_notebooks_are_found_sorted(tmp_path: Path) -> None:
    files = {f"notebooks/{name}": "{}" for name in ("b.ipynb", "Größe messen.ipynb", "a.ipynb")}
    assert find(tmp_path, files) == tuple(sorted(files))


@pytest.mark.parametrize("mark", ["# %%", "#%%", "# %% [markdown]"])
def test_a_python_file_with_a_cell_mark_is_a_notebook(tmp_path: Path, mark: str) -> None:
    assert find(tmp_path, {"notebooks/a.py": f"x = 1\n\n{mark}\n"}) == ("notebooks/a.py",)


@pytest.mark.parametrize("text", ["x = 1\n", "", "x = '# %%'\n", "x = 1  # %%\n"])
def test_a_python_file_without_cell_marks_is_a_module(tmp_path: Path, text: str) -> None:
    assert find(tmp_path, {"notebooks/a.py": text}) == ()


@pytest.mark.parametrize(
    "name", ["._train.ipynb", ".hidden.py", "deep/a.ipynb", ".ipynb_checkpoints/a.ipynb", "a.txt"]
)
def test_hidden_files_and_those_in_subfolders_are_no_notebooks(tmp_path: Path, name: str) -> None:
    assert find(tmp_path, {f"notebooks/{name}": "# %%\n"}) == ()


def test_a_module_in_another_encoding_is_still_looked_at(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    text = "# coding: latin-1\nname = 'größe'\n"
    (tmp_path / "notebooks" / "a.py").write_bytes(text.encode("latin-1"))
    assert find(tmp_path, {}) == ()


def test_without_the_folder_there_are_no_notebooks(tmp_path: Path) -> None:
    assert cells.find(tmp_path / "notebooks", tmp_path) == ()


# Its title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Train a model", "Train a model"),
        ("Some words.\n\n## Late `flights` ##\n\n# Another", "Late `flights`"),
        ("#hashtag\n\n    # code", None),
        ("", None),
    ],
)
def test_the_title_is_the_first_heading_in_markdown(text: str, title: str | None) -> None:
    found = cells.parse(ipynb(cell("code", "# a comment"), cell("markdown", text, id_="two")), PATH)
    assert found.title == title
