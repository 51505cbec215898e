"""Metrics and their changes, as a reader sees them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.report.metric_words import change, shown

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.696778, "0.6968"),
        (336776, "336,776"),
        (1234567.8, "1,234,568"),
        (1e-9, "1e-09"),
        (0.0, "0"),
        (True, "True"),
        (None, "none"),
        (math.nan, "NaN"),
        (-math.inf, "−∞"),
        ("late", "late"),
        (10**400, "1.000e+400"),
    ],
)
def test_a_value_is_shown_as_people_write_it(value: Any, words: str) -> None:
    assert shown(value) == words


@pytest.mark.parametrize(
    ("value", "before", "words"),
    [
        (0.7, 0.69, "▲ +0.01"),
        (0.69, 0.7, "▼ −0.01"),
        (0.7, 0.7, "unchanged"),
        (0.7, None, ""),
        (math.nan, 0.7, "0.7 before"),
        (0.7, math.nan, "NaN before"),
        (math.nan, math.nan, "unchanged"),
        ("good", 0.7, "0.7 before"),
        (True, False, "False before"),
        (1, True, "True before"),
        (10**400, 1, "▲ +1.00e+400"),
        (10**400, 1.5, "1.5 before"),
    ],
)
def test_a_change_says_what_was(value: Any, before: Any, words: str) -> None:
    assert change(value, before).words == words


@given(NUMBERS, NUMBERS)
def test_the_arrow_points_to_where_the_value_went(value: float, before: float) -> None:
    found = change(value, before)
    assert found.up is (None if value == before else value > before)
    assert found.words[0] == ("u" if value == before else "▲" if value > before else "▼")


@given(st.one_of(NUMBERS, st.integers(), st.text(), st.booleans(), st.none()))
def test_any_value_is_shown_on_one_short_line(value: Any) -> None:
    assert shown(value).isprintable()
    assert len(shown(value)) <= 40
