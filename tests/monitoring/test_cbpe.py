import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.profiles.score_histogram import BINS, ScoreHistogram, merge
from stagebook.monitoring.binary_metrics import realized
from stagebook.monitoring.calibration import Block, Calibration
from stagebook.monitoring.cbpe import estimate

AS_THEY_ARE = Calibration((), 0, None, None)
SCORES = st.lists(st.floats(0, 1), max_size=40)
BLOCKS = st.lists(st.integers(0, 20), min_size=2, max_size=4).map(sorted)
BOUNDED = ["auc", "accuracy", "precision", "recall", "specificity", "f1", "brier"]
RATES = ["accuracy", "brier", "log_loss", "positive_rate", "predicted_positive_rate", "mean_score"]


def steps(positives):
    """A calibration whose probabilities rise in steps."""
    width = BINS // len(positives)
    blocks = (
        Block(place * width, (place + 1) * width - 1, hits, 20)
        for place, hits in enumerate(positives)
    )
    return Calibration(tuple(blocks), 20 * len(positives), None, None)


def labelled(histogram, calibration, generator):
    """Both classes of a histogram when labels are drawn with calibrated probabilities."""
    positives = generator.binomial(histogram.counts, calibration.probabilities)
    return ScoreHistogram(positives), ScoreHistogram(histogram.counts - positives)


@settings(max_examples=60)
@given(SCORES, BLOCKS, st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_estimates_and_their_intervals_are_possible(scores, positives, threshold):
    metrics = estimate(ScoreHistogram.of(scores), steps(positives), threshold)
    for name in BOUNDED:
        item = metrics.figures[name]
        assert (item.value is None) == bool(item.reason)
        if item.low is not None:
            assert 0 <= item.low <= item.value <= item.high <= 1


@settings(max_examples=60)
@given(st.lists(SCORES.filter(len), min_size=1, max_size=4), BLOCKS)
def test_rates_of_all_days_are_the_mean_of_the_days(days, positives):
    histograms, calibration = [ScoreHistogram.of(day) for day in days], steps(positives)
    whole = estimate(merge(histograms), calibration)
    parts = [estimate(histogram, calibration) for histogram in histograms]
    rows = [part.rows for part in parts]
    for name in RATES:
        mean = np.average([part.figures[name].value for part in parts], weights=rows)
        assert whole.figures[name].value == pytest.approx(mean)


@settings(max_examples=60)
@given(SCORES)
def test_with_certain_labels_the_estimate_is_the_realized_metric(scores):
    histogram, calibration = ScoreHistogram.of(scores), steps([0, 20])
    sides = labelled(histogram, calibration, np.random.default_rng(0))
    certain = (calibration.probabilities == 0) | (calibration.probabilities == 1)
    assert certain.all()
    assert estimate(histogram, calibration).as_json() == realized(*sides).as_json()


@pytest.mark.parametrize("calibration", [AS_THEY_ARE, steps([1, 4, 11, 16])])
def test_the_estimate_is_the_mean_of_the_metrics_of_drawn_labels(calibration):
    generator = np.random.default_rng(2)
    histogram = ScoreHistogram.of(generator.beta(1, 2, 2000))
    expected = estimate(histogram, calibration)
    draws = [realized(*labelled(histogram, calibration, generator)) for _ in range(400)]
    for name, item in expected.figures.items():
        values = np.array([draw.figures[name].value for draw in draws])
        # F1 and the AUC are no means, so their expectation is theirs but for about 1 / rows
        error = 4 * values.std() / np.sqrt(len(draws)) + 1 / histogram.rows
        assert item.value == pytest.approx(values.mean(), abs=error), name


def test_standard_errors_are_the_spread_of_samples_with_drawn_labels():
    generator, calibration = np.random.default_rng(4), steps([1, 4, 11, 16])
    days = [ScoreHistogram.of(generator.beta(1, 2, 500)) for _ in range(600)]
    expected = estimate(merge(days), calibration)
    draws = [realized(*labelled(day, calibration, generator)) for day in days]
    for name in (*BOUNDED, "positive_rate"):
        spread = np.std([draw.figures[name].value for draw in draws])
        errors = [estimate(day, calibration).figures[name].standard_error for day in days[:50]]
        assert np.mean(errors) == pytest.approx(spread, rel=0.12), name
        assert expected.figures[name].standard_error < spread / 15


def test_without_rows_there_is_no_estimate():
    metrics = estimate(ScoreHistogram.of([None]), AS_THEY_ARE)
    assert {item.value for item in metrics.figures.values()} == {None}


def test_if_no_row_can_be_positive_there_is_no_auc():
    metrics = estimate(ScoreHistogram.of([0.2, 0.7]), steps([0, 0]))
    assert metrics.auc.value is None
    assert metrics.accuracy.value == 0.5
