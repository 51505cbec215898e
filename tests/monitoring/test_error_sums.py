"""Metrics of a regression from sums of its errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from stagebook.monitoring.error_sums import NO_ROWS, ONE_LABEL, ErrorSums

values = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), max_size=30)


def sums(pairs: list[tuple[float, float]]) -> ErrorSums:
    array = np.array(pairs, np.float64).reshape(-1, 2)
    return ErrorSums.of(array[:, 0], array[:, 1])


def test_metrics_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(5)
    labels = random.normal(1e5, 3, 500)
    scores = labels + random.normal(0.5, 2, 500)
    figures = ErrorSums.of(scores, labels).figures
    assert figures["mae"].value == pytest.approx(mean_absolute_error(labels, scores), rel=1e-12)
    assert figures["rmse"].value == pytest.approx(root_mean_squared_error(labels, scores))
    assert figures["bias"].value == pytest.approx((scores - labels).mean())
    assert figures["r2"].value == pytest.approx(r2_score(labels, scores))


def test_intervals_hold_the_true_metric_as_often_as_they_should() -> None:
    random = np.random.default_rng(6)
    truth = {"mae": 2 * math.sqrt(2 / math.pi), "rmse": 2.0, "bias": 0.0}
    hits = dict.fromkeys(truth, 0)
    for _ in range(400):
        labels = random.normal(0, 1, 200)
        figures = ErrorSums.of(labels + random.normal(0, 2, 200), labels).figures
        for name, value in truth.items():
            hits[name] += figures[name].low <= value <= figures[name].high
    # 95 % of 400 are 380; the standard deviation is 4.4
    assert all(363 <= times <= 396 for times in hits.values()), hits


@given(values, values)
def test_sums_merge_exactly(
    first: list[tuple[float, float]], second: list[tuple[float, float]]
) -> None:
    assert sums(first) + sums(second) == sums([*second, *first])


@given(values)
def test_sums_are_read_as_they_are_written(pairs: list[tuple[float, float]]) -> None:
    assert ErrorSums.from_json(sums(pairs).as_json()) == sums(pairs)


def test_a_row_without_a_finite_score_is_in_no_sum() -> None:
    part = ErrorSums.of(np.array([1.0, np.nan, np.inf, 1e300]), np.array([0.5, 1, 1, 1]))
    assert (part.rows, part.missing, part.error.value) == (1, 3, 0.5)


def test_metrics_that_do_not_exist_have_a_reason() -> None:
    assert ErrorSums().figures["mae"].reason == NO_ROWS
    assert sums([(1.0, 0.1), (2.0, 0.1), (4.0, 0.1)]).figures["r2"].reason == ONE_LABEL
    assert sums([(1.0, 0.0)]).figures["rmse"].low is None
