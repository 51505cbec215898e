"""A line that a problem says to add is one that the parameters cell takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.execution.advice import Advice
from stagebook.execution.listings import IncompleteListing
from stagebook.notebook import parameters_cell
from stagebook.notebook.cells import Cell, Notebook
from stagebook.project.errors import Where

CELL = """import pandas as pd
from stagebook import In, Out

data: In = "data/in.csv"
result: Out = "data/result.csv"
rows: int = 3
"""


def advice() -> Advice:
    cell = Cell(1, "code", CELL, frozenset({"parameters"}))
    notebook = Notebook("notebooks/a.py", (cell,))
    return Advice.of(notebook, parameters_cell.parse(notebook), 2)


def added(hint: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name, role and paths that the line of a hint declares in the cell."""
    line = hint.partition("`stagebook sync`:  ")[2]
    signature = parameters_cell.parse_cell(CELL + line + "\n", Where("notebooks/a.py", 1))
    new = signature.declared[2:]
    return {one.name: (one.role.value, one.paths) for one in new}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/other.csv", "other"),
        ("data/in.csv.gz", "in_csv"),
        ("x/in.csv", "the_in"),
        ("x/list.csv", "the_list"),
        ("x/2013.csv", "the_2013"),
        ("x/rows.csv", "the_rows"),
        ("x/pd.csv", "the_pd"),
        ("x/été 2013.csv", "été_2013"),
    ],
)
def test_a_name_is_free_and_no_word_of_python(path: str, name: str) -> None:
    assert added(advice().read(path).hint) == {name: ("In", (path,))}
    assert added(advice().wrote(path).hint) == {name: ("Out", (path,))}


@given(st.from_regex(r"[a-zé0-9 _'\"-]{1,12}(\.[a-z]{1,3})?", fullmatch=True))
def test_a_line_is_valid_whatever_the_file_is_called(file: str) -> None:
    path = f"x/{file}"
    ((role, paths),) = added(advice().read(path).hint).values()
    assert (role, paths) == ("In", (path,))


def test_a_listing_names_its_files_or_the_folder_of_many() -> None:
    few = IncompleteListing("data/*.csv", ("x/a.csv", "x/b.csv"))
    many = IncompleteListing("x", tuple(f"x/{number}.csv" for number in range(9)))
    beside_an_output = IncompleteListing("data", tuple(f"data/{number}.csv" for number in range(9)))
    assert added(advice().listed(few).hint) == {"x": ("In", few.files)}
    assert added(advice().listed(many).hint) == {"x": ("In", ("x",))}
    ((_, paths),) = added(advice().listed(beside_an_output).hint).values()
    assert paths == beside_an_output.files


def test_a_declared_file_that_is_spelt_otherwise_is_named_by_its_name() -> None:
    problem = advice().read("data/in.csv")
    assert problem.code == "path-elsewhere"
    assert "`data`" in problem.hint
    assert advice().wrote("data/result.csv").code == "path-elsewhere"


def test_what_cannot_be_declared_gets_no_line() -> None:
    assert not re.search(": Out", advice().wrote("runs/x.html").hint)
