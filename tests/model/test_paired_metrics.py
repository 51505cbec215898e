"""Paired metrics: their values, their intervals, and what swapping the models does."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from stagebook.model import paired_metrics
from stagebook.model.calibration import calibration
from stagebook.model.paired_metrics import NUMBER, PROBABILITY, Floats, PairedMetric, PairedScores

TASKS = (PROBABILITY, NUMBER)


def named(task: str, scores: PairedScores, confidence: float = 0.95) -> dict[str, PairedMetric]:
    values = paired_metrics.metrics(task, scores, confidence, 0.5)
    return {metric.name: metric for metric in values}


def drawn(seed: int, rows: int, skill: float = 1.0) -> PairedScores:
    """Events, the probability of each as one model sees it, and as a related model does."""
    random = np.random.default_rng(seed)
    signal, shared = random.normal(size=rows), random.normal(size=rows)
    truth = (signal + random.normal(size=rows) > 0.5).astype(float)
    old = 1 / (1 + np.exp(-(signal + 0.5 * shared + 0.5 * random.normal(size=rows))))
    new = 1 / (1 + np.exp(-(skill * signal + 0.5 * shared + 0.5 * random.normal(size=rows))))
    return PairedScores(truth, old, new)


@st.composite
def pairs(draw: st.DrawFn) -> PairedScores:
    rows = draw(st.integers(1, 40))
    share = st.integers(0, 20).map(lambda value: value / 20)  # few values, so with ties
    truth = draw(arrays(np.float64, rows, elements=st.sampled_from([0.0, 1.0])))
    first, second = (draw(arrays(np.float64, rows, elements=share)) for _ in range(2))
    groups = draw(st.none() | arrays(np.intp, rows, elements=st.integers(0, 5)))
    return PairedScores(truth, first, second, groups)


@given(pairs(), st.sampled_from(TASKS))
def test_swapping_the_models_negates_each_difference(scores: PairedScores, task: str) -> None:
    swapped = PairedScores(scores.truth, scores.challenger, scores.champion, scores.clusters)
    for name, metric in named(task, swapped).items():
        before = named(task, scores)[name]
        assert (metric.champion, metric.challenger) == (before.challenger, before.champion)
        for value, other in (
            (metric.difference, before.difference),
            (metric.low, before.high),
            (metric.high, before.low),
        ):
            assert (value is None) == (other is None)
            assert value is None or value == pytest.approx(-other, abs=1e-12)


@given(pairs(), st.sampled_from(TASKS))
def test_the_same_predictions_twice_differ_by_zero_for_sure(
    scores: PairedScores, task: str
) -> None:
    same = PairedScores(scores.truth, scores.champion, scores.champion, scores.clusters)
    for metric in named(task, same).values():
        if not metric.reason:
            assert (metric.difference, metric.low, metric.high) == (0, 0, 0)


def test_values_are_those_of_scikit_learn() -> None:
    scores = drawn(1, 500)
    values = named(PROBABILITY, scores)
    assert values["auc"].champion == pytest.approx(roc_auc_score(scores.truth, scores.champion))
    assert values["brier"].champion == pytest.approx(
        brier_score_loss(scores.truth, scores.champion)
    )
    assert values["log_loss"].challenger == pytest.approx(log_loss(scores.truth, scores.challenger))


def by_pairs(scores: PairedScores) -> tuple[float, float]:
    """Difference of AUC and DeLong's variance from every pair of an event and a non-event."""
    events, others = np.flatnonzero(scores.truth), np.flatnonzero(scores.truth == 0)
    order = np.zeros((2, len(events), len(others)))
    for model, score in enumerate((scores.champion, scores.challenger)):
        for (row, event), (column, other) in product(enumerate(events), enumerate(others)):
            right = score[event] > score[other]
            order[model, row, column] = 0.5 if score[event] == score[other] else right
    apart = order[1] - order[0]
    variance = np.var(apart.mean(1), ddof=1) / len(events)
    return float(apart.mean()), float(variance + np.var(apart.mean(0), ddof=1) / len(others))


@given(st.integers(0, 1000), st.booleans())
def test_the_interval_of_auc_is_that_of_all_pairs(seed: int, rounded: bool) -> None:
    scores = drawn(seed, 60)
    if rounded:  # ties
        scores = PairedScores(scores.truth, scores.champion.round(1), scores.challenger.round(1))
    difference, variance = by_pairs(scores)
    metric = named(PROBABILITY, scores)["auc"]
    assert metric.difference == pytest.approx(difference)
    assert metric.high == pytest.approx(difference + 1.959964 * variance**0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("task", "name"),
    [(PROBABILITY, name) for name in ("auc", "brier", "log_loss", "accuracy")]
    + [(NUMBER, name) for name in ("mae", "rmse", "bias")],
)
def test_an_interval_is_about_that_of_a_bootstrap(task: str, name: str) -> None:
    scores = drawn(3, 600, skill=1.5)
    random = np.random.default_rng(0)
    differences = []
    for _ in range(600):
        rows = random.integers(0, 600, 600)
        again = PairedScores(scores.truth[rows], scores.champion[rows], scores.challenger[rows])
        differences.append(named(task, again)[name].difference)
    metric = named(task, scores)[name]
    assert metric.low is not None
    assert metric.high is not None
    low, high = np.quantile(np.array(differences, float), [0.025, 0.975])
    width = high - low
    assert metric.low == pytest.approx(low, abs=0.15 * width)
    assert metric.high == pytest.approx(high, abs=0.15 * width)


@pytest.mark.parametrize("name", ["auc", "brier", "log_loss", "accuracy"])
def test_an_interval_covers_the_true_difference_as_often_as_it_says(name: str) -> None:
    true = named(PROBABILITY, drawn(99, 200_000, skill=1.5))[name].difference
    metrics = [named(PROBABILITY, drawn(seed, 200, skill=1.5))[name] for seed in range(1000)]
    covered = np.mean([metric.low <= true <= metric.high for metric in metrics])  # type: ignore[operator]
    assert 0.93 <= covered <= 0.97


def test_rows_of_a_cluster_count_together() -> None:
    scores = drawn(5, 200, skill=1.5)
    repeated = PairedScores(
        *(np.repeat(each, 9) for each in (scores.truth, scores.champion, scores.challenger)),
        clusters=np.repeat(np.arange(200), 9),
    )
    for task, name in ((PROBABILITY, "auc"), (PROBABILITY, "brier"), (NUMBER, "rmse")):
        once, often = (named(task, each)[name] for each in (scores, repeated))
        assert once.low is not None
        assert once.high is not None
        width = once.high - once.low
        assert often.low == pytest.approx(once.low, abs=0.02 * width)
        assert often.high == pytest.approx(once.high, abs=0.02 * width)


def test_rows_of_one_class_have_no_auc_and_all_other_metrics() -> None:
    scores = PairedScores(np.ones(50), np.linspace(0.1, 0.9, 50), np.linspace(0.3, 0.8, 50))
    values = named(PROBABILITY, scores)
    assert values["auc"].reason == paired_metrics.ONE_CLASS
    assert values["auc"].difference is None
    assert all(values[name].low is not None for name in ("brier", "log_loss", "accuracy"))


def test_one_row_has_a_difference_and_no_interval() -> None:
    metric = named(NUMBER, PairedScores(np.ones(1), np.array([3.0]), np.array([2.0])))["mae"]
    assert (metric.difference, metric.low, metric.gain) == (-1, None, None)


def test_a_model_that_says_what_is_so_is_calibrated() -> None:
    random = np.random.default_rng(2)
    score = random.uniform(0.02, 0.98, 50_000)
    truth = (random.random(50_000) < score).astype(float)
    fit = calibration(PROBABILITY, truth, score)
    assert (fit.intercept, fit.slope) == (pytest.approx(0, abs=0.05), pytest.approx(1, abs=0.05))
    assert fit.error < 0.01
    assert [each.rows for each in fit.bins] == [5000] * 10


def test_a_model_that_exaggerates_has_a_slope_below_one() -> None:
    random = np.random.default_rng(2)
    logit = random.normal(size=50_000)
    truth = (random.random(50_000) < 1 / (1 + np.exp(-logit))).astype(float)
    fit = calibration(PROBABILITY, truth, 1 / (1 + np.exp(-2 * logit - 1)))
    assert fit.slope == pytest.approx(0.5, abs=0.03)
    assert fit.intercept == pytest.approx(-0.5, abs=0.05)


@pytest.mark.parametrize(
    ("truth", "score"),
    [
        ([0.0, 0.0, 1.0, 1.0], [0.1, 0.2, 0.8, 0.9]),
        ([1.0, 1.0, 1.0], [0.1, 0.2, 0.8]),
        ([0.0, 1.0, 1.0], [0.3, 0.3, 0.3]),
    ],
    ids=["apart", "one class", "one prediction"],
)
def test_a_line_that_does_not_exist_is_unknown(truth: list[float], score: list[float]) -> None:
    fit = calibration(PROBABILITY, np.array(truth), np.array(score))
    assert (fit.intercept, fit.slope) == (None, None)


@given(pairs(), st.sampled_from(TASKS))
def test_bins_have_every_row_once(scores: PairedScores, task: str) -> None:
    fit = calibration(task, scores.truth, scores.champion)
    total: Floats = np.array([[each.rows, each.rows * each.observed] for each in fit.bins]).sum(0)
    assert len(fit.bins) <= 10
    assert total == pytest.approx([len(scores.truth), scores.truth.sum()])
