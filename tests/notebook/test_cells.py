"""Notebook files, as ``.ipynb`` and as py:percent, are the same cells."""

import json
import warnings
from pathlib import Path
from typing import Any

import folders
import pytest
import refusals

from stagebook.notebook import cells
from stagebook.notebook.cells import Cell, Notebook
from stagebook.project.errors import Problem, StagebookError

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
    found = refusals.problem(cells.parse, text, path)
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


# What is read as nbformat does


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "text": "x"},
        {"output_type": "execute_result", "data": {}},
        {"output_type": "display_data", "data": {}},
        {"output_type": "error"},
        {"output_type": "unknown"},
    ],
)
def test_an_output_that_misses_a_field_is_no_part_of_what_is_read(output: dict[str, Any]) -> None:
    text = ipynb({**cell("code", "n = 1"), "outputs": [output]})
    assert cells.parse(text, PATH) == cells.parse(ipynb(cell("code", "n = 1")), PATH)


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5, None, "4"])
@pytest.mark.parametrize("missing", ["id", "outputs", "execution_count"])
def test_a_cell_that_misses_a_field_is_read(minor: int | None, missing: str) -> None:
    short = {key: value for key, value in cell("code", "n = 1", "a", "a").items() if key != missing}
    (found,) = cells.parse(ipynb(short, nbformat_minor=minor), PATH).cells
    assert (found.text, found.tags) == ("n = 1", frozenset({"a"}))
    assert found.id == ("one" if minor == 5 and missing != "id" else None)


def test_metadata_that_a_build_does_not_use_may_be_wrong() -> None:
    own = {"tags": ["a"], "collapsed": "yes", "scrolled": 3, "jupyter": {"source_hidden": 3}}
    text = ipynb(
        {**cell("code", "n = 1"), "metadata": own, "prompt_number": 3},
        {**cell("markdown", "x", id_="two"), "outputs": [], "attachments": 3},
        metadata={"kernelspec": {"name": "x"}, "language_info": {"version": "3"}, "authors": "me"},
    )
    found = cells.parse(text, PATH)
    assert [(one.text, one.tags) for one in found.cells] == [
        ("n = 1", frozenset({"a"})),
        ("x", frozenset()),
    ]
    assert found.kernel == "x"


def test_an_old_notebook_is_converted() -> None:
    code = {
        "cell_type": "code",
        "input": ["n = 1\n", "m = 2"],
        "language": "python",
        "outputs": [{"output_type": "pyout"}, {"output_type": "stream", "text": "x"}],
        "metadata": {"tags": ["parameters"]},
    }
    heading = {"cell_type": "heading", "source": ["Title"], "level": 2}
    sheets = [{"cells": [code, heading]}, {"cells": [{"cell_type": "code", "input": "k = 3"}]}]
    text = json.dumps({"nbformat": 3, "metadata": {"name": "x"}, "worksheets": sheets})
    assert cells.parse(text, PATH) == Notebook(
        PATH,
        (
            Cell(1, "code", "n = 1\nm = 2", frozenset({"parameters"})),
            Cell(2, "markdown", "## Title"),
            Cell(3, "code", "k = 3"),
        ),
    )


def test_the_language_is_the_kernels_or_the_notebooks() -> None:
    kernel = {"name": "ir", "display_name": "R", "language": "R"}
    both = ipynb(metadata={"kernelspec": kernel, "language_info": {"name": "r"}})
    assert cells.parse(both, PATH).language == "R"
    assert cells.parse(ipynb(metadata={"language_info": {"name": "r"}}), PATH).language == "r"


@pytest.mark.parametrize("name", ["a.py", "a.ipynb"])
def test_a_byte_order_mark_is_no_part_of_a_notebook(tmp_path: Path, name: str) -> None:
    text = "# %%\nn = 1\n" if name == "a.py" else ipynb(cell("code", "n = 1"))
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    assert cells.find(tmp_path, tmp_path) == (name,)
    assert [one.text for one in cells.read(name, tmp_path).cells] == ["n = 1"]


# What is refused


@pytest.mark.parametrize("name", ["a.py", "a.ipynb"])
def test_a_pointer_of_git_lfs_is_called_one(tmp_path: Path, name: str) -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert cells.find(tmp_path, tmp_path) == (name,)
    with pytest.raises(StagebookError) as caught:
        cells.read(name, tmp_path)
    (found,) = caught.value.problems
    assert (found.code, "git lfs pull" in found.hint) == ("lfs-pointer", True)


def test_a_folder_named_like_a_notebook_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").mkdir()
    assert cells.find(tmp_path, tmp_path) == ("a.ipynb",)
    with pytest.raises(StagebookError) as caught:
        cells.read("a.ipynb", tmp_path)
    assert caught.value.problems[0].code == "no-notebook"


@pytest.mark.parametrize(
    ("text", "line"), [("", 1), ("x", 1), ('{\n"cells": [\n,]}', 3), ("# %%\na = 1", 1)]
)
def test_what_is_no_json_is_refused_with_its_line(text: str, line: int) -> None:
    found = problem(text, "notebooks/my own.ipynb")
    assert found.code == "not-json"
    assert found.where is not None
    assert found.where.line == line
    assert found.hint.endswith("git checkout 'notebooks/my own.ipynb'")


def test_a_merge_conflict_is_called_one() -> None:
    lines = ipynb(cell("code", "a")).replace(",", ",\n").splitlines()
    lines[2:2] = ["<<<<<<< HEAD", '"a": 1,', "=======", '"a": 2,', ">>>>>>> other"]
    found = problem("\n".join(lines))
    assert (found.code, "merge conflict" in found.hint) == ("not-json", True)
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
        ipynb(metadata={"language_info": "python"}),
        json.dumps({"nbformat": 3, "metadata": {}, "worksheets": 3}),
        json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [3]}]}),
        "[" * 100_000,
        ipynb(nbformat="4"),
    ],
)
def test_a_notebook_against_its_schema_is_refused(text: str) -> None:
    assert problem(text).code in ("bad-notebook", "old-notebook")


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": 3},
        {"source": "x = '\ud800'"},
        {"cell_type": "heading"},
        {"metadata": {"tags": "parameters"}},
        {"metadata": {"tags": ["a,b"]}},
        {"metadata": None},
        {"outputs": None},
    ],
)
def test_a_wrong_cell_is_named(wrong: dict[str, Any]) -> None:
    found = problem(ipynb(cell("code", "a", id_="a"), {**cell("code", "b", id_="b"), **wrong}))
    assert found.code == "bad-notebook"
    assert found.where is not None
    assert found.where.cell == 2


def test_a_notebook_of_a_format_to_come_is_refused() -> None:
    found = problem(ipynb(nbformat=5, nbformat_minor=0))
    assert (found.code, "nbformat 4" in found.hint) == ("bad-notebook", True)


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
    folders.write(root, files)
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
