"""Latencies are counted in bins that merge; quantiles are as exact as they say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.latency import BINS, ERROR, LatencyHistogram, merge

TIMES = st.lists(st.floats(0.001, 1e8), max_size=60)


@given(TIMES, TIMES)
def test_a_merge_is_the_histogram_of_all_answers(left: list[float], right: list[float]) -> None:
    parts = [LatencyHistogram.of(left), LatencyHistogram.of(right)]
    assert merge(parts) == LatencyHistogram.of([*left, *right])


@given(TIMES.filter(bool), st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_differs_by_no_more_than_the_documented_error(
    times: list[float], share: float
) -> None:
    exact = sorted(times)[max(1, math.ceil(share * len(times))) - 1]
    quantile = LatencyHistogram.of(times).quantile(share)
    assert quantile == pytest.approx(exact, rel=ERROR + 1e-9)


@given(TIMES)
def test_json_gives_the_same_histogram(times: list[float]) -> None:
    histogram = LatencyHistogram.of(times)
    assert LatencyHistogram.from_json(histogram.as_json()) == histogram


def test_times_that_no_clock_gives_are_counted_apart() -> None:
    histogram = LatencyHistogram.of([np.nan, -1.0, np.inf, 5.0])
    assert (histogram.odd, histogram.answers, histogram.p50) == (3, 1, 5.0)


def test_times_beyond_the_bins_count_in_the_outer_ones() -> None:
    histogram = LatencyHistogram.of([0.0, 1e12])
    assert list(histogram.counts) == [0, BINS - 1]
    assert (histogram.minimum, histogram.maximum) == (0.0, 1e12)


def test_nothing_has_no_quantile() -> None:
    assert LatencyHistogram.of([]).p99 is None
    assert merge([]) == LatencyHistogram()


@pytest.mark.parametrize(
    "change",
    [
        {"growth": 1.1},
        {"filled": [BINS]},
        {"counts": [-1]},
        {"counts": [1.5]},
        {"counts": []},
        {"odd": "1"},
    ],
)
def test_a_histogram_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    values = LatencyHistogram.of([5.0]).as_json()
    with pytest.raises(ValueError, match=r"."):
        LatencyHistogram.from_json(values | change)
