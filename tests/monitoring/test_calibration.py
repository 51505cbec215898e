import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from stagebook.data.profiles.score_histogram import BINS, CENTRES, ScoreHistogram
from stagebook.monitoring.calibration import (
    Block,
    Calibration,
    expected_calibration_error,
    isotonic,
)

CELLS = st.dictionaries(
    st.integers(0, BINS - 1), st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=30
)


def both(cells):
    """The histograms of the positive and the negative rows in some bins."""
    counts = np.zeros((2, BINS), np.int64)
    for place, pair in cells.items():
        counts[:, place] = pair
    return ScoreHistogram(counts[0]), ScoreHistogram(counts[1])


def drawn(rows, probability, seed=1):
    """The histograms of rows with uniform scores and labels of a given probability."""
    generator = np.random.default_rng(seed)
    scores = generator.uniform(size=rows)
    labels = generator.uniform(size=rows) < probability(scores)
    return ScoreHistogram.of(scores[labels]), ScoreHistogram.of(scores[~labels])


@settings(max_examples=60)
@given(CELLS.filter(lambda cells: any(sum(pair) for pair in cells.values())))
def test_probabilities_are_those_of_isotonic_regression(cells):
    positives, negatives = both(cells)
    totals = positives.counts + negatives.counts
    calibration = Calibration(isotonic(positives.counts, totals), int(totals.sum()), None, None)
    bins = np.flatnonzero(totals)
    reference = IsotonicRegression(out_of_bounds="clip").fit(
        CENTRES[bins], positives.counts[bins] / totals[bins], sample_weight=totals[bins]
    )
    assert calibration.probabilities == pytest.approx(reference.predict(CENTRES), abs=1e-9)


@settings(max_examples=60)
@given(CELLS)
def test_probabilities_rise_with_the_score_and_are_probabilities(cells):
    probabilities = Calibration.of(*both(cells)).probabilities
    assert np.all(np.diff(probabilities) >= -1e-12)
    assert np.all((probabilities >= 0) & (probabilities <= 1))


@settings(max_examples=60)
@given(CELLS)
def test_a_calibration_is_read_back_from_its_json(cells):
    calibration = Calibration.of(*both(cells))
    again = Calibration.from_json(json.loads(json.dumps(calibration.as_json())))
    assert again == calibration
    assert np.array_equal(again.probabilities, calibration.probabilities)


@settings(max_examples=60)
@given(CELLS)
def test_pooled_rows_are_all_rows(cells):
    positives, negatives = both(cells)
    blocks = isotonic(positives.counts, positives.counts + negatives.counts)
    assert sum(block.positives for block in blocks) == positives.rows
    assert sum(block.rows for block in blocks) == positives.rows + negatives.rows


def test_scores_that_are_too_high_are_calibrated():
    calibration = Calibration.of(*drawn(50_000, lambda scores: scores**2))
    assert calibration.calibrated
    assert calibration.probabilities == pytest.approx(CENTRES**2, abs=0.1)
    assert calibration.error_after < 0.03 < 0.1 < calibration.error_before


def test_scores_that_are_probabilities_are_mostly_left_as_they_are():
    calibrations = [Calibration.of(*drawn(3000, lambda scores: scores, seed)) for seed in range(20)]
    left = [calibration for calibration in calibrations if not calibration.calibrated]
    assert len(left) >= 16
    for calibration in left:
        assert calibration.error_after >= calibration.error_before
        assert np.array_equal(calibration.probabilities, CENTRES)


def test_the_same_rows_give_the_same_calibration():
    sides = drawn(1000, lambda scores: scores**2)
    assert Calibration.of(*sides) == Calibration.of(*sides)


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_few_rows_are_enough_for_an_answer(rows):
    sides = ScoreHistogram.of([0.9] * rows), ScoreHistogram.of([0.2] * rows)
    assert np.isfinite(Calibration.of(*sides).probabilities).all()


def test_with_labels_of_one_class_the_scores_are_left_as_they_are():
    some, none = ScoreHistogram.of([0.2, 0.9]), ScoreHistogram.of([])
    for pair in ((some, none), (none, some), (none, none)):
        calibration = Calibration.of(*pair)
        assert not calibration.calibrated
        assert calibration.error_before is None


def test_the_expected_calibration_error_is_the_mean_distance_in_groups():
    probabilities = np.repeat([0.1, 0.6], 5)
    totals = np.full(10, 100)
    positives = np.repeat([30, 60], 5)
    assert expected_calibration_error(probabilities, positives, totals) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "change",
    [
        {"bins": 10},
        {"blocks": [[5, 3, 1, 2]]},
        {"blocks": [[0, BINS, 1, 2]]},
        {"blocks": [[0, 3, 3, 2]]},
        {"blocks": [[0, 3, 0, 0]]},
    ],
)
def test_an_impossible_calibration_is_refused(change):
    values = Calibration((Block(0, 3, 1, 2),), 2, 0.2, 0.1).as_json()
    assert Calibration.from_json(values).rows == 2
    with pytest.raises(ValueError, match=r"bins|blocks|rows"):
        Calibration.from_json({**values, **change})
