"""Problems say where, what and what to do, to people and to machines."""

import json

import pytest

from stagebook.project.errors import Exit, Problem, StagebookError, Where, did_you_mean


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where("a.ipynb"), "a.ipynb"),
        (Where("a.ipynb", cell=2), "a.ipynb, cell 2"),
        (Where("a.yaml", line=3), "a.yaml, line 3"),
        (Where("a.ipynb", 2, 3), "a.ipynb, cell 2, line 3"),
    ],
)
def test_a_place_names_what_is_known_of_it(where: Where, text: str) -> None:
    assert str(where) == text


def test_a_problem_reads_as_place_message_and_hint() -> None:
    problem = Problem("code", "It broke.", "Mend it.", Where("a.py"))
    assert str(problem) == "a.py: It broke.\n  → Mend it."


def test_a_problem_without_place_or_hint_is_its_message() -> None:
    assert str(Problem("code", "It broke.")) == "It broke."


def test_a_problem_survives_json() -> None:
    problem = Problem("code", "It broke.", "Mend it.", Where("a.py", 1, 2))
    assert json.loads(json.dumps(problem.as_json())) == {
        "code": "code",
        "message": "It broke.",
        "hint": "Mend it.",
        "where": {"file": "a.py", "cell": 1, "line": 2},
    }


def test_an_error_says_all_of_its_problems() -> None:
    problems = Problem("one", "First."), Problem("two", "Second.")
    error = StagebookError(*problems)
    assert error.problems == problems
    assert str(error) == "First.\nSecond."


def test_an_error_is_of_an_invalid_project_unless_it_says_otherwise() -> None:
    problem = Problem("code", "It broke.")
    assert StagebookError(problem).exit_code is Exit.INVALID
    assert StagebookError(problem, exit_code=Exit.ENVIRONMENT).exit_code is Exit.ENVIRONMENT


def test_the_nearest_name_is_suggested() -> None:
    assert "`learning_rate`" in did_you_mean("learnin_rate", ["seed", "learning_rate"])


def test_no_name_is_suggested_where_none_is_near() -> None:
    assert did_you_mean("xyz", ["seed", "learning_rate"], "It has two.") == "It has two."
