import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.monitoring import losses
from stagebook.monitoring.binary_metrics import realized
from stagebook.monitoring.calibration import Block, Calibration
from stagebook.monitoring.cbpe import estimate
from stagebook.monitoring.losses import LossSums

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=30)
CALIBRATION = Calibration((Block(0, 900, 2, 10), Block(1100, 1999, 7, 10)), 20, None, None)


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), max_size=30), st.lists(st.floats(0, 1), max_size=30))
def test_the_sums_of_all_rows_are_those_of_both_parts(first, second):
    both = LossSums.of(first) + LossSums.of(second)
    whole = LossSums.of(first + second)
    assert both.rows == whole.rows
    assert (both.total, both.squares) == pytest.approx((whole.total, whole.squares))


@settings(max_examples=60)
@given(SCORES, SCORES, st.sampled_from([0.2, 0.5]))
def test_mean_losses_are_the_metrics(first, second, threshold):
    sides = ScoreHistogram.of(first), ScoreHistogram.of(second)
    metrics = realized(*sides, threshold)
    assert 1 - losses.errors(*sides, threshold).mean == pytest.approx(metrics.accuracy.value)
    assert losses.squared_errors(*sides).mean == pytest.approx(metrics.brier.value)
    expected = losses.expected_errors(sides[0], CALIBRATION, threshold)
    accuracy = estimate(sides[0], CALIBRATION, threshold).accuracy.value
    assert 1 - expected.mean == pytest.approx(accuracy)


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0, 1))
def test_squared_distances_to_a_value_come_from_the_sums(values, centre):
    distances = np.sum((np.array(values) - centre) ** 2)
    assert LossSums.of(values).about(centre) == pytest.approx(distances, abs=1e-9)


@given(SCORES)
def test_sums_are_read_back_from_their_json(values):
    sums = LossSums.of(values)
    assert LossSums.from_json(json.loads(json.dumps(sums.as_json()))) == sums


@pytest.mark.parametrize(
    "sums", [(2, 3.0, 3.0), (2, 1.0, 1.5), (2, -1.0, 1.0), (4, 3.0, 1.0), (2, float("nan"), 0.0)]
)
def test_sums_that_no_losses_have_are_refused(sums):
    with pytest.raises(ValueError, match="sum"):
        LossSums(*sums)
