"""How good a model is on its test split, by month."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.model.day_loss import DayLoss
from stagebook.model.reference_performance import BinaryMonth, Performance, RegressionMonth

NUMBERS = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30), st.randoms())
def test_the_order_of_rows_changes_no_sum(rows, random):
    shuffled = random.sample(rows, len(rows))
    months = [
        RegressionMonth.of("2026-05-01", *np.array(some, dtype=float).reshape(-1, 2).T)
        for some in (rows, shuffled)
    ]
    assert months[0] == months[1]


def test_the_sums_are_those_computed_by_hand():
    month = RegressionMonth.of("2026-05-01", np.array([1.0, 2.0, 6.0]), np.array([2.0, 0.0, 6.0]))
    assert month == RegressionMonth("2026-05-01", 3, 0, -1.0, 3.0, 5.0, 3.0, 14.0)


def test_sums_are_exact_where_adding_one_after_the_other_is_not():
    month = RegressionMonth.of("2026-05-01", np.zeros(3), np.array([1e100, 1.0, -1e100]))
    assert month.errors == 1.0


def test_rows_without_a_finite_score_are_counted_and_in_no_sum():
    scores = np.array([np.nan, np.inf, 5.0])
    month = RegressionMonth.of("2026-05-01", np.array([1.0, 1.0, 4.0]), scores)
    assert (month.rows, month.unscored, month.errors) == (1, 2, 1.0)


def test_what_came_true_is_counted_apart_from_the_others():
    month = BinaryMonth.of("2026-05-01", np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.2, 0.4]))
    assert month.came_true == ScoreHistogram.of([0.4, 0.9])
    assert month.others == ScoreHistogram.of([0.2])


BINARY = Performance(
    "binary",
    "late",
    "p",
    0.5,
    1,
    2,
    None,
    (BinaryMonth.of("2026-05-01", np.array([1.0, 0.0]), np.array([0.9, np.nan])),),
    (DayLoss("2026-05-02", 1, None, 0.01),),
)
REGRESSION = Performance(
    "regression",
    "minutes",
    "prediction",
    None,
    0,
    0,
    5.0,
    (RegressionMonth("2026-05-01", 2, 0, 0.0, 1.0, 0.5, 3.5, 0.1),),
    (DayLoss("2026-05-02", 2, None, 0.1),),
)


@pytest.mark.parametrize("performance", [BINARY, REGRESSION])
def test_a_performance_is_read_as_it_was_written(performance):
    assert Performance.from_json(json.loads(json.dumps(performance.as_json()))) == performance


@pytest.mark.parametrize(
    ("performance", "change"),
    [
        (BINARY, {"kind": "ranking"}),
        (BINARY, {"threshold": None}),
        (BINARY, {"label": 5}),
        (BINARY, {"undated": -1}),
        (BINARY, {"months": REGRESSION.as_json()["months"]}),
        (BINARY, {"months": [{**BINARY.as_json()["months"][0], "start": 5}]}),
        (REGRESSION, {"threshold": 0.5}),
        (REGRESSION, {"months": [{**REGRESSION.as_json()["months"][0], "rows": -1}]}),
        (REGRESSION, {"months": [{**REGRESSION.as_json()["months"][0], "errors": float("inf")}]}),
    ],
)
def test_an_impossible_performance_is_refused(performance, change):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Performance.from_json({**performance.as_json(), **change})
