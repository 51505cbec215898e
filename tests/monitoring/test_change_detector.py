"""The detector of a risen daily loss: rare false alarms, and a rise is found at any time."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.change_detector import (
    BETS,
    ChangeDetector,
    alarms,
    limit_of,
    resampled_rate,
)

LOSSES = st.floats(0, 1)


def beta(mean: float, spread: float, size: tuple[int, ...], seed: int) -> np.ndarray:
    """Losses of days with a mean and a standard deviation."""
    total = mean * (1 - mean) / spread**2 - 1
    return np.random.default_rng(seed).beta(mean * total, (1 - mean) * total, size)


def delays(series: np.ndarray, start: int, detector: ChangeDetector) -> Iterator[int]:
    """Days from a change until the alarm, for each series that has one."""
    for losses in series:
        current = detector
        for day, loss in enumerate(losses.tolist()):
            current = current.update(loss)
            if current.alarm:
                yield day + 1 - start
                break


@pytest.mark.parametrize(("mean", "spread"), [(0.15, 0.055), (0.3, 0.1), (0.02, 0.01)])
def test_false_alarms_are_rarer_than_the_set_rate(mean: float, spread: float) -> None:
    years = 400
    detector = ChangeDetector.start(limit=mean, days_between=2 * 365)
    count = alarms(beta(mean, spread, (years, 365), seed=7), detector)
    assert count / years < 0.5


def test_losses_of_zero_and_one_keep_the_rate_too() -> None:
    series = (np.random.default_rng(3).random((400, 365)) < 0.1).astype(float)
    assert alarms(series, ChangeDetector.start(0.1, 2 * 365)) / 400 < 0.5


@pytest.mark.parametrize("good_days", [0, 700])
def test_a_rise_is_found_as_soon_after_good_years(good_days: int) -> None:
    series = np.hstack(
        [beta(0.15, 0.055, (40, good_days), seed=1), beta(0.2, 0.055, (40, 200), seed=2)]
    )
    detector = ChangeDetector.start(limit=0.16, days_between=1095)
    waits = sorted(delays(series, good_days, detector))
    assert len(waits) == 40
    assert 5 < waits[20] < 45


@given(st.lists(LOSSES, max_size=30), st.floats(0.01, 0.99), st.floats(1, 1e5))
def test_a_series_at_once_is_that_day_by_day(
    losses: list[float], limit: float, between: float
) -> None:
    detector = ChangeDetector.start(limit, between)
    count, current = 0, detector
    for loss in losses:
        current = current.update(loss)
        if current.alarm:
            count, current = count + 1, detector
    assert alarms(np.array([losses], dtype=float), detector) == count


@given(st.lists(LOSSES, max_size=20), st.floats(0.01, 0.99), st.floats(1, 1e6))
def test_a_detector_survives_json(losses: list[float], limit: float, between: float) -> None:
    detector = ChangeDetector.start(limit, between)
    for loss in losses:
        detector = detector.update(loss)
    assert ChangeDetector.from_json(json.loads(json.dumps(detector.as_json()))) == detector


@given(st.lists(LOSSES, min_size=1, max_size=20), st.floats(0.01, 0.99))
def test_a_higher_loss_is_never_less_evidence(losses: list[float], limit: float) -> None:
    lower = higher = ChangeDetector.start(limit, 1000)
    for loss in losses:
        lower, higher = lower.update(loss), higher.update((loss + 1) / 2)
    assert higher.total >= lower.total - 1e-9


def test_years_of_loss_do_not_overflow() -> None:
    detector = ChangeDetector.start(0.1, 1095)
    for _ in range(2000):
        detector = detector.update(1.0)
    assert detector.alarm
    assert np.isfinite(detector.total)


def test_a_limit_is_above_the_mean_as_students_t_says() -> None:
    assert limit_of([0.1, 0.2, 0.3], alpha=0.05) == pytest.approx(
        0.2 + 2.920 * 0.1 / 3**0.5, abs=1e-4
    )
    assert limit_of([0.2, 0.2], alpha=0.05, tolerance=0.05) == pytest.approx(0.25)
    assert limit_of([0.2], alpha=0.05) is None
    assert limit_of([], alpha=0.05) is None


def test_the_realised_rate_of_the_reference_is_below_the_budget() -> None:
    losses = beta(0.15, 0.055, (1, 61), seed=11)[0].tolist()
    rate = resampled_rate(losses, alpha=0.05, days_between=1095)
    assert rate is not None
    assert 0 <= rate <= 1 / 3
    assert resampled_rate(losses[:10], alpha=0.05, days_between=1095) is None


@pytest.mark.parametrize(("limit", "between"), [(0, 10), (1, 10), (0.5, 0.5), (float("nan"), 10)])
def test_impossible_detectors_are_refused(limit: float, between: float) -> None:
    with pytest.raises(ValueError, match="detector"):
        ChangeDetector.start(limit, between)


def test_a_loss_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="loss"):
        ChangeDetector.start(0.1, 10).update(1.01)
    with pytest.raises(ValueError, match="bets"):
        ChangeDetector.from_json({"limit": 0.1, "days_between": 1, "evidence": [0.0] * (BETS + 1)})
