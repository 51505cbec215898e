"""What runs and params files report as undeclared is declared in the parameters cell."""

import json
from pathlib import Path
from typing import Any

import pytest
import spooled
from folders import write
from refusals import problem

from stagebook.pipeline.layout import Layout
from stagebook.project.project import Project
from stagebook.workflow import declaring

CELL = """import pandas as pd
from stagebook import In, Out

data: In = "data/in.csv"
result: Out = (
    "data/result.csv"
)  # the result

rows: int = 3
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write(tmp_path, {"pyproject.toml": "[tool.stagebook]\n"})
    return Project.find(tmp_path)


def notebook(project: Project, cell: str, name: str = "make") -> None:
    text = f'# %% tags=["parameters"]\n{cell}\n# %%\nprint(1)\n'
    write(project.root, {f"notebooks/{name}.py": text})


def ran(
    project: Project, *files: tuple[str, list[str]], name: str = "1", stage: str = "make"
) -> None:
    """Records an execution that reported these undeclared files."""
    problems: list[dict[str, Any]] = [
        {
            "code": "undeclared-read" if role == "In" else "undeclared-write",
            "message": "",
            "hint": "",
            "where": None,
            "undeclared": {"role": role, "paths": paths},
        }
        for role, paths in files
    ]
    values = spooled.record(name, stage, outcome="undeclared", problems=problems)
    spooled.put(project.state, values)


def new_lines(project: Project, before: str = CELL) -> list[tuple[int, str]]:
    """The new lines of the cell, each with the number of lines before it in the new cell."""
    (change,) = declaring.fixes(project)
    after = change.after.removeprefix('# %% tags=["parameters"]\n').splitlines()
    old = iter([*before.splitlines(), "", "# %%", "print(1)"])
    expected, found = next(old), []
    for number, line in enumerate(after):
        if line == expected:
            expected = next(old, "")
        else:
            found.append((number, line))
    return found


def test_a_file_is_declared_after_those_of_its_role(project: Project) -> None:
    notebook(project, CELL)
    ran(project, ("In", ["data/more.csv"]), ("Out", ["data/log.txt"]))
    assert new_lines(project) == [
        (4, 'more: In = "data/more.csv"'),
        (8, 'log: Out = "data/log.txt"'),
    ]


def test_an_import_that_is_missing_comes_after_the_others_from_stagebook(project: Project) -> None:
    cell = "from stagebook import Out\nimport pandas\n\nx: Out = 'x.txt'\n"
    notebook(project, cell)
    ran(project, ("In", ["y.txt"]))
    assert new_lines(project, cell) == [
        (1, "from stagebook import In"),
        (5, 'y: In = "y.txt"'),
    ]


@pytest.mark.parametrize("cell", ["", "# only a remark\n", '"""Says what it does."""\n', "n = 1\n"])
def test_a_cell_without_files_gets_import_and_line(project: Project, cell: str) -> None:
    notebook(project, cell or "\n")
    ran(project, ("In", ["y.txt"]))
    (change,) = declaring.fixes(project)
    lines = change.after.split("# %%")[1].splitlines()
    place = lines.index("from stagebook import In")
    assert lines[place + 1] == 'y: In = "y.txt"'


def test_markers_that_are_used_and_not_imported_are_imported(project: Project) -> None:
    cell = 'import pandas\n\nx: In = "x.txt"\ny: Out["z"] = "y.txt"\n'
    notebook(project, cell)
    assert new_lines(project, cell) == [
        (1, "from stagebook import In"),
        (2, "from stagebook import Out"),
    ]


def test_several_files_of_one_folder_are_a_list_with_one_name(project: Project) -> None:
    notebook(project, CELL)
    ran(project, ("In", ["raw/a.csv", "raw/b.csv"]), ("In", ["old/raw.csv"]))
    assert [line for _, line in new_lines(project)] == [
        'raw: In = ["raw/a.csv", "raw/b.csv"]',
        'the_raw: In = "old/raw.csv"',
    ]


def test_what_is_declared_by_now_is_not_declared_again(project: Project) -> None:
    notebook(project, CELL.replace('"data/in.csv"', '["data/in.csv", "raw"]'))
    ran(project, ("In", ["raw/a.csv"]), ("Out", ["data/result.csv"]))
    assert declaring.fixes(project) == ()


def test_only_the_last_execution_counts(project: Project) -> None:
    notebook(project, CELL)
    ran(project, ("In", ["old.csv"]), name="1")
    ran(project, ("In", ["new.csv"]), name="2")
    ran(project, ("In", ["other.csv"]), name="3", stage="other")
    assert [line for _, line in new_lines(project)] == ['new: In = "new.csv"']
    ran(project, name="4")
    assert declaring.fixes(project) == ()


def test_a_file_that_was_written_and_read_is_an_output(project: Project) -> None:
    notebook(project, CELL)
    ran(project, ("In", ["data/x.csv"]), ("Out", ["data/x.csv"]))
    assert [line for _, line in new_lines(project)] == ['x: Out = "data/x.csv"']


@pytest.mark.parametrize("path", ["../beside.csv", "runs/x.csv", "/tmp/x.csv", "a/${x}"])
def test_a_file_that_a_stage_cannot_write_is_not_declared(project: Project, path: str) -> None:
    notebook(project, CELL)
    ran(project, ("Out", [path]))
    assert declaring.fixes(project) == ()


def test_a_parameter_of_the_params_file_is_declared_with_its_value(project: Project) -> None:
    notebook(project, CELL)
    params = "rows: 4\ndepth: 3\nnames: [a, b]\nrate: .5\nnothing: null\nwhole: {a: [1]}\n"
    write(project.root, {"params/make.yaml": params})
    assert new_lines(project) == [
        (9, "depth: int = 3"),
        (10, "names: list[str] = ['a', 'b']"),
        (11, "rate: float = 0.5"),
        (12, "nothing = None"),
        (13, "whole: dict[str, list[int]] = {'a': [1]}"),
    ]


@pytest.mark.parametrize("name", ["row", "data", "pd", "class", "not a name", "2x"])
def test_a_parameter_that_is_a_mistake_of_the_params_file_stays(
    project: Project, name: str
) -> None:
    notebook(project, CELL)
    write(project.root, {"params/make.yaml": f"{name}: 3\n"})
    assert declaring.fixes(project) == ()


def test_a_notebook_that_is_not_valid_is_left_to_sync(project: Project) -> None:
    notebook(project, "for x in y: pass\n")
    write(project.root, {"notebooks/other.ipynb": "{", "params/make.yaml": "z: 1\n"})
    ran(project, ("In", ["x.csv"]))
    assert declaring.fixes(project) == ()


def test_a_json_notebook_keeps_all_else(project: Project) -> None:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["n = 1"]}
    text = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [
        {**cell, "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}],
         "execution_count": 7}]}, indent=3)  # fmt: skip
    write(project.root, {"notebooks/make.ipynb": text, "params/make.yaml": "other: 2\n"})
    (change,) = declaring.fixes(project)
    gap = "\n            "
    assert change.after == text.replace('"n = 1"', f'"n = 1\\n",{gap}"other: int = 2"')


def test_a_fix_that_contradicts_another_stage_is_refused_before_anything_is_written(
    project: Project,
) -> None:
    notebook(project, CELL)
    notebook(project, 'from stagebook import Out\nx: Out = "data/x.csv"\n', name="other")
    ran(project, ("Out", ["data/x.csv"]))
    edits = declaring.fixes(project)
    assert [edit.path for edit in edits] == ["notebooks/make.py"]
    assert problem(Layout.read, project, edits).code == "claimed-twice"
    assert CELL in (project.root / "notebooks/make.py").read_text()
