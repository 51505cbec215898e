import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.score_histogram import BINS, EDGES, ScoreHistogram, edge_of, merge

SCORES = st.lists(
    st.one_of(st.floats(0, 1), st.sampled_from(EDGES.tolist()), st.floats(), st.none()),
    max_size=40,
)


@given(st.lists(SCORES, max_size=5))
def test_the_histogram_of_all_rows_is_that_of_its_parts_merged(days):
    together = [score for day in days for score in day]
    assert ScoreHistogram.of(together) == merge(ScoreHistogram.of(day) for day in days)


@given(SCORES)
def test_each_row_is_counted_once(scores):
    histogram = ScoreHistogram.of(scores)
    absent = [score for score in scores if score is None or math.isnan(score)]
    inside = [score for score in scores if score is not None and 0 <= score <= 1]
    assert (histogram.missing, histogram.rows) == (len(absent), len(inside))
    assert histogram.outside == len(scores) - len(absent) - len(inside)


@given(SCORES)
def test_a_histogram_is_read_back_from_its_json(scores):
    histogram = ScoreHistogram.of(scores)
    text = json.dumps(histogram.as_json())
    assert ScoreHistogram.from_json(json.loads(text)) == histogram


@given(SCORES.filter(any), st.integers(0, BINS))
def test_rows_from_an_edge_on_are_those_with_a_score_of_at_least_the_edge(scores, number):
    threshold = number / BINS
    counts = ScoreHistogram.of(scores).counts
    above = [s for s in scores if s is not None and threshold <= s <= 1]
    # 1 itself has no bin of its own, so the last edge has no rows
    assert counts[edge_of(threshold) :].sum() == len(above) * (number < BINS)


def test_all_edges_are_in_the_bin_that_begins_with_them():
    counts = ScoreHistogram.of(EDGES).counts
    assert counts[:-1].tolist() == [1] * (BINS - 1)
    assert counts[-1] == 2
    below = ScoreHistogram.of(np.nextafter(EDGES[1:], 0)).counts
    assert below.tolist() == [1] * BINS


def test_numbers_of_pandas_and_single_precision_are_counted():
    series = pd.Series([0.25, None, 0.75], dtype="Float64")
    assert ScoreHistogram.of(series) == ScoreHistogram.of([0.25, None, 0.75])
    assert ScoreHistogram.of(np.float32([0.25, 0.75])).rows == 2


def test_the_counts_of_a_histogram_cannot_be_changed():
    histogram = ScoreHistogram.of([0.5])
    with pytest.raises(ValueError, match="read-only"):
        histogram.counts[0] = 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"bins": 100}, ValueError),
        ({"filled": [BINS]}, ValueError),
        ({"filled": [-1]}, ValueError),
        ({"filled": [3, 3], "counts": [1, 1]}, ValueError),
        ({"counts": [1, 2]}, ValueError),
        ({"counts": [-1]}, ValueError),
        ({"counts": [0.5]}, TypeError),
        ({"missing": None}, TypeError),
        ({"missing": -1}, ValueError),
    ],
)
def test_impossible_json_is_refused(change, error):
    values = ScoreHistogram.of([0.5]).as_json()
    with pytest.raises(error):
        ScoreHistogram.from_json({**values, **change})
    with pytest.raises(KeyError):
        ScoreHistogram.from_json({key: values[key] for key in values if key not in change})


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_of_the_scores_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold"):
        edge_of(threshold)
