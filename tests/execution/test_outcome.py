import pytest

from stagebook.execution.outcome import CellError, of_cell_error
from stagebook.project.errors import Problem, StagebookError, Where


@pytest.mark.parametrize(
    ("problems", "hint"),
    [
        ([Problem("no-extra", "It is missing.", "pip install it")], "pip install it"),
        ([Problem("a", "One.", "First."), Problem("b", "Two.", "Second.")], "First."),
        ([Problem("a", "One."), Problem("b", "Two.", "Second.")], ""),
    ],
)
def test_a_cell_that_raises_a_problem_ends_with_its_hint(
    problems: list[Problem], hint: str
) -> None:
    error = StagebookError(*problems)
    ending = of_cell_error(CellError("StagebookError", str(error), "", 2), "notebooks/a.ipynb")
    (found,) = ending.problems
    assert (found.code, found.hint, found.where) == (
        "cell-failed",
        hint,
        Where("notebooks/a.ipynb", 2),
    )


def test_an_error_of_another_library_has_no_hint() -> None:
    ending = of_cell_error(CellError("ValueError", "no\n  → hint", "", 1), "a.ipynb")
    assert ending.problems[0].hint == ""
