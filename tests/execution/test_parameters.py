"""Parameters are resolved: default, then params file, then override."""

from collections.abc import Mapping
from typing import Any

import pytest
import refusals
from hypothesis import given
from hypothesis import strategies as st

from stagebook.execution.parameters import ResolvedParameter, ValueOrigin, resolve
from stagebook.notebook import parameters_cell
from stagebook.notebook.values import same
from stagebook.pipeline import params_file
from stagebook.project.errors import Problem, Where

PATH = "params/train.yaml"
CELL = """from stagebook import In
trips: In = "data/trips.csv"
learning_rate: float = 0.1  # the step
seed: int | None = None
days: tuple[int, int] = (1, 31)
airport: str = "JFK"
"""


def resolved(yaml: str = "", cell: str = CELL, **overrides: str) -> dict[str, ResolvedParameter]:
    declared = parameters_cell.parse_cell(cell, Where("notebooks/train.ipynb", 2))
    found = resolve(declared, params_file.parse(yaml, PATH), overrides)
    return {one.name: one for one in found}


def problems(yaml: str = "", cell: str = CELL, **overrides: str) -> tuple[Problem, ...]:
    return refusals.problems(resolved, yaml, cell, **overrides)


def problem(yaml: str = "", cell: str = CELL, **overrides: str) -> Problem:
    return refusals.problem(resolved, yaml, cell, **overrides)


# Values and their origins


def test_parameters_keep_the_order_of_the_cell_and_files_are_none() -> None:
    assert list(resolved("airport: LGA\n")) == ["learning_rate", "seed", "days", "airport"]


def test_a_parameter_has_its_default_and_help() -> None:
    assert resolved()["learning_rate"] == ResolvedParameter(
        "learning_rate", 0.1, ValueOrigin.DEFAULT, 0.1, "the step"
    )


def test_the_params_file_wins_over_the_default() -> None:
    found = resolved("learning_rate: 0.2")["learning_rate"]
    assert (found.value, found.origin, found.default) == (0.2, ValueOrigin.PARAMS, 0.1)


def test_an_override_wins_over_the_params_file() -> None:
    found = resolved("learning_rate: 0.2", learning_rate="0.3")["learning_rate"]
    assert (found.value, found.origin, found.default) == (0.3, ValueOrigin.OVERRIDE, 0.1)


@given(
    st.integers(-9, 9),
    st.none() | st.integers(-9, 9),
    st.none() | st.integers(-9, 9),
)
def test_the_last_that_gives_a_value_wins(
    default: int, params: int | None, override: int | None
) -> None:
    yaml = "" if params is None else f"n: {params}\n"
    overrides = {} if override is None else {"n": str(override)}
    found = resolved(yaml, f"n: int = {default}", **overrides)["n"]
    given_values = [default, params, override]
    last = max(at for at, value in enumerate(given_values) if value is not None)
    assert (found.value, found.origin) == (given_values[last], list(ValueOrigin)[last])
    assert found.differs is (found.value != default)


def test_null_in_the_params_file_is_a_value() -> None:
    cell = "max_rows: int | None = 5_000"
    found = resolved("max_rows: null", cell)["max_rows"]
    assert (found.value, found.origin, found.differs) == (None, ValueOrigin.PARAMS, True)


@pytest.mark.parametrize(
    ("yaml", "name", "value"),
    [
        ("learning_rate: 1", "learning_rate", 1.0),
        ("days: [2, 3]", "days", (2, 3)),
        ("seed: 5", "seed", 5),
        ("airport: '2013-10-01'", "airport", "2013-10-01"),
    ],
)
def test_a_value_in_the_params_file_is_as_its_type_has_it(yaml: str, name: str, value: Any) -> None:
    assert same(resolved(yaml)[name].value, value)


@pytest.mark.parametrize(
    ("overrides", "value"),
    [
        ({"learning_rate": "1"}, 1.0),
        ({"seed": "null"}, None),
        ({"seed": "7"}, 7),
        ({"days": "[2, 3]"}, (2, 3)),
        ({"airport": "5"}, "5"),
        ({"airport": "null"}, "null"),
        ({"airport": ""}, ""),
    ],
)
def test_an_override_is_what_the_type_makes_of_its_text(
    overrides: Mapping[str, str], value: Any
) -> None:
    (name,) = overrides
    assert same(resolved(**overrides)[name].value, value)


@pytest.mark.parametrize(
    ("cell", "yaml", "differs"),
    [
        ("x: float = 1.0", "x: 1", False),
        ("x: float = float('nan')", "x: .nan", False),
        ("x: int | float = 1", "x: 1.0", True),
        ("x: bool | int = 1", "x: true", True),
        ("x: tuple[int, ...] = (1,)", "x: [1]", False),
    ],
)
def test_a_value_differs_if_type_or_content_do(cell: str, yaml: str, differs: bool) -> None:
    assert resolved(yaml, cell)["x"].differs is differs


def test_an_empty_params_file_gives_the_defaults() -> None:
    assert {one.origin for one in resolved("# nothing\n").values()} == {ValueOrigin.DEFAULT}


# What is refused


def test_an_unknown_name_has_its_line_and_the_nearest_one() -> None:
    found = problem("seed: 1\nlearnin_rate: 0.2\n")
    assert (found.code, found.where) == ("unknown-parameter", Where(PATH, line=2))
    assert "`learning_rate`" in found.hint


def test_an_unknown_name_near_none_is_told_all() -> None:
    assert "learning_rate, seed, days, airport" in problem("zzz: 1").hint


def test_an_unknown_override_is_refused() -> None:
    found = problem(learnin_rate="0.2")
    assert (found.code, str(found.where)) == ("unknown-parameter", "-P learnin_rate")


@pytest.mark.parametrize("given_in", ["yaml", "override"])
def test_a_path_is_no_parameter(given_in: str) -> None:
    found = problem("trips: other.csv") if given_in == "yaml" else problem(trips="other.csv")
    assert found.code == "unknown-parameter"
    assert "parameters cell" in found.hint


@pytest.mark.parametrize(
    "yaml",
    [
        "learning_rate: high",
        "learning_rate: true",
        "seed: 1.5",
        "seed: '1'",
        "days: [1]",
        "days: [1, a]",
        "airport: 5",
        "airport: null",
        "airport: 2013-10-01",
    ],
)
def test_a_wrong_type_has_its_line_and_the_declaration(yaml: str) -> None:
    found = problem(f"# first\n{yaml}\n")
    name = yaml.split(":")[0]
    declared = next(at for at, line in enumerate(CELL.split("\n"), 1) if line.startswith(name))
    assert (found.code, found.where) == ("wrong-type", Where(PATH, line=2))
    assert f"notebooks/train.ipynb, cell 2, line {declared}" in found.hint


def test_a_date_that_was_meant_as_text_is_to_be_quoted() -> None:
    assert "quotes" in problem("airport: 2013-10-01").hint
    assert "quotes" not in problem("airport: 5").hint


def test_a_wrong_override_is_refused() -> None:
    found = problem(seed="1.5")
    assert (found.code, str(found.where)) == ("wrong-type", "-P seed")


def test_a_value_that_is_nowhere_is_refused_with_the_line_to_add() -> None:
    found = problem(cell="a: int = 1\nb: list[int]")
    assert (found.code, found.where) == ("missing-value", Where("notebooks/train.ipynb", 2, 2))
    assert found.hint.endswith(f"{PATH}: b: <list[int]>")


@pytest.mark.parametrize(("yaml", "overrides"), [("b: 2", {}), ("", {"b": "2"})])
def test_a_required_value_may_come_from_file_or_override(
    yaml: str, overrides: dict[str, str]
) -> None:
    assert resolved(yaml, "b: int", **overrides)["b"].value == 2


def test_null_for_a_required_value_is_a_value() -> None:
    assert resolved("b: null", "b: int | None")["b"].origin is ValueOrigin.PARAMS


def test_all_that_is_wrong_is_reported_at_once() -> None:
    found = problems("zzz: 1\nseed: a\n", CELL + "b: int\n", days="x", yyy="1")
    assert [one.code for one in found] == [
        "unknown-parameter",
        "unknown-parameter",
        "wrong-type",
        "wrong-type",
        "missing-value",
    ]


def test_a_name_that_a_merge_brings_is_checked_too() -> None:
    found = problem("airport: x\n<<: {zzz: 1}\n")
    assert (found.code, found.where) == ("unknown-parameter", Where(PATH))
