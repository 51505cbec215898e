"""The losses of a test split's days, by which later days are judged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.data.drift.day_profiles import UNDATED
from stagebook.model import day_loss
from stagebook.model.day_loss import DayLoss, binary_losses, regression_losses, scale_of

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])), min_size=1
)


@given(ROWS)
def test_the_ranking_loss_is_the_share_of_pairs_in_the_wrong_order(rows):
    labels, scores = np.array(rows, dtype=float).T
    [day] = binary_losses(np.zeros(len(rows), np.int64), labels, scores)
    pairs = [
        1.0 if high < low else 0.5 if high == low else 0.0
        for high in scores[labels == 1]
        for low in scores[labels == 0]
    ]
    if pairs:
        assert day.ranking == pytest.approx(sum(pairs) / len(pairs))
    else:
        assert day.ranking is None
    assert day.error == pytest.approx(np.mean((labels - scores) ** 2))


def test_each_day_has_its_own_loss_and_rows_without_label_score_or_day_have_none():
    days = np.array([0, 0, 31, 31, 31, UNDATED])
    labels = np.array([1.0, 0.0, 1.0, np.nan, 0.0, 1.0])
    scores = np.array([0.5, 0.5, 0.5, 0.5, np.nan, 0.5])
    assert binary_losses(days, labels, scores) == [
        DayLoss("1970-01-01", 2, 0.5, 0.25),
        DayLoss("1970-02-01", 1, None, 0.25),
    ]


def test_errors_of_a_regression_are_shares_of_ten_mean_errors():
    labels, scores = np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 2.0, 8.0, 1.0])
    scale = scale_of(labels, scores)
    assert scale == 20.0
    days = np.array([0, 0, 1, 1])
    assert regression_losses(days, labels, scores, scale) == [
        DayLoss("1970-01-01", 2, None, 0.025),
        DayLoss("1970-01-02", 1, None, 0.25),
    ]
    assert day_loss.error_share(1e9, 1, scale) == 1.0
    assert day_loss.error_share(0.0, 0, scale) is None


def test_a_model_without_errors_has_no_scale():
    assert scale_of(np.ones(2), np.ones(2)) is None
    assert regression_losses(np.zeros(1, np.int64), np.ones(1), np.ones(1), None) == [
        DayLoss("1970-01-01", 1, None, None)
    ]


def test_only_the_last_days_are_kept(monkeypatch):
    monkeypatch.setattr(day_loss, "MOST_DAYS", 2)
    ones = np.ones(3)
    assert [day.day for day in binary_losses(np.array([3, 1, 2]), ones, ones)] == [
        "1970-01-03",
        "1970-01-04",
    ]
