"""Bounds of metrics over all ways to label the other rows, compared with all ways."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.monitoring.binary_metrics import realized
from stagebook.monitoring.label_bounds import bounds
from stagebook.monitoring.labelled_rows import BinaryCounts

SCORES = [0.05, 0.25, 0.49975, 0.50025, 0.75, 0.95]
scores = st.lists(st.sampled_from(SCORES), max_size=4)
NAMES = (
    "accuracy",
    "precision",
    "recall",
    "specificity",
    "f1",
    "brier",
    "log_loss",
    "positive_rate",
    "auc",
)


def counts(*sides: list[float]) -> BinaryCounts:
    return BinaryCounts(*map(ScoreHistogram.of, sides))


@settings(max_examples=150)
@given(scores, scores, st.lists(st.sampled_from(SCORES), max_size=6))
def test_each_bound_holds_for_all_labels_and_is_attained_by_some(
    positives: list[float], negatives: list[float], others: list[float]
) -> None:
    values: dict[str, list[float]] = {name: [] for name in NAMES}
    for choice in itertools.product([True, False], repeat=len(others)):
        chosen = [score for score, is_positive in zip(others, choice, strict=True) if is_positive]
        rest = [score for score, is_positive in zip(others, choice, strict=True) if not is_positive]
        metrics = realized(
            ScoreHistogram.of([*positives, *chosen]), ScoreHistogram.of([*negatives, *rest])
        )
        for name, figure in metrics.figures.items():
            if name in values and figure.value is not None:
                values[name].append(figure.value)
    limits = bounds(counts(positives, negatives, others))
    assert {name for name, seen in values.items() if seen} == set(limits)
    for name, limit in limits.items():
        assert limit.low == pytest.approx(min(values[name]), abs=1e-12), name
        assert limit.high == pytest.approx(max(values[name]), abs=1e-12), name


def test_the_auc_of_many_rows_is_within_its_bounds_for_random_labels() -> None:
    random = np.random.default_rng(7)
    known, others = random.random(300), random.random(200)
    labels = random.random(300) < known
    limit = bounds(counts(known[labels], known[~labels], others))["auc"]
    for _ in range(100):
        own = random.random(200) < random.random()
        area = roc_auc_score(np.concatenate((labels, own)), np.concatenate((known, others)))
        assert limit.low - 0.001 <= area <= limit.high + 0.001  # bins are ties


def test_without_other_rows_both_bounds_are_the_metric() -> None:
    sides = ([0.9, 0.6], [0.2, 0.55, 0.1])
    figures = realized(*map(ScoreHistogram.of, sides)).figures
    for name, limit in bounds(counts(*sides, [])).items():
        assert limit.low == pytest.approx(figures[name].value)
        assert limit.high == pytest.approx(figures[name].value)


def test_bounds_are_as_wide_as_the_share_of_other_rows() -> None:
    limit = bounds(counts([0.9] * 45, [0.1] * 45, [0.3] * 10))["accuracy"]
    assert math.isclose(limit.high - limit.low, 0.1)


def test_rows_of_one_class_without_others_have_no_auc() -> None:
    assert "auc" not in bounds(counts([0.9, 0.8], [], []))
    assert "auc" in bounds(counts([0.9, 0.8], [], [0.3]))


def test_no_rows_have_no_bounds() -> None:
    assert bounds(counts([], [], [])) == {}
