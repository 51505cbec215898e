import json

import numpy as np
import pytest

from stagebook.monitoring.losses import LossSums
from stagebook.monitoring.risk_change import PERIOD, RESTARTS, RiskMonitor, upper_bound

ALPHA, DAYS, SAMPLES = 0.2, 120, 400


def errors(rows, wrong):
    """The sums of rows of which some are wrong."""
    return LossSums(rows, float(wrong), float(wrong))


def first_alarm(monitor, rows, wrong):
    """The first day with an alarm, counted from 1; None if there is none."""
    for day, count in enumerate(wrong.tolist(), 1):
        monitor = monitor.update(errors(rows, count))
        if monitor.alarm:
            return day
    return None


@pytest.mark.parametrize(("reference", "rows"), [(500, 100), (20_000, 20)])
def test_without_a_change_alarms_are_as_rare_as_alpha(reference, rows):
    generator = np.random.default_rng(3)
    alarms = 0
    for _ in range(SAMPLES):
        monitor = RiskMonitor.of(errors(reference, generator.binomial(reference, 0.15)), ALPHA)
        alarms += first_alarm(monitor, rows, generator.binomial(rows, 0.15, DAYS)) is not None
    assert alarms <= SAMPLES * ALPHA


def test_at_its_limit_a_loss_raises_alarms_as_rarely_as_its_half_of_alpha():
    # the limit is known here, so that only the deployed losses are left to chance
    generator, alarms = np.random.default_rng(5), 0
    for _ in range(SAMPLES):
        monitor = RiskMonitor(ALPHA, 0.15, 0.15)
        alarms += first_alarm(monitor, 200, generator.binomial(200, 0.15, DAYS)) is not None
    assert 0 < alarms <= SAMPLES * ALPHA / 2


def test_a_rise_is_detected_the_sooner_the_larger_it_is():
    generator = np.random.default_rng(8)
    monitor = RiskMonitor.of(errors(50_000, 7_500), ALPHA)
    days = [
        np.median([first_alarm(monitor, 500, generator.binomial(500, p, DAYS)) for _ in range(20)])
        for p in (0.18, 0.2, 0.25)
    ]
    assert days[0] <= 40
    assert days[1] <= 12
    assert days[2] <= 4


def test_a_rise_within_the_tolerance_is_no_alarm():
    wrong = np.random.default_rng(1).binomial(1000, 0.2, 100)
    reference = errors(50_000, 7_500)
    assert first_alarm(RiskMonitor.of(reference, ALPHA), 1000, wrong)
    assert first_alarm(RiskMonitor.of(reference, ALPHA, tolerance=0.06), 1000, wrong) is None


def test_an_alarm_stays_when_the_loss_falls_again():
    monitor = RiskMonitor.of(errors(50_000, 7_500), ALPHA)
    for wrong in (150, 300, 300, 300, 300, 0, 0, 0, 0, 0):
        monitor = monitor.update(errors(1000, wrong))
    assert monitor.alarm


def test_a_lower_loss_is_no_alarm():
    monitor = RiskMonitor.of(errors(50_000, 7_500), ALPHA)
    assert first_alarm(monitor, 1000, np.full(50, 100)) is None


def test_a_rise_after_a_good_half_year_is_detected_within_the_next_period_and_a_few_days():
    generator = np.random.default_rng(9)
    for _ in range(10):
        wrong = generator.binomial(500, [0.15] * 180 + [0.2] * (2 * PERIOD))
        day = first_alarm(RiskMonitor.of(errors(50_000, 7_500), ALPHA), 500, wrong)
        assert 180 < day <= 180 + PERIOD + 14


def test_the_alphas_of_the_sequences_and_of_the_limit_are_alpha_together():
    monitor = RiskMonitor.of(errors(1000, 150), ALPHA)
    for _ in range(400):
        monitor = monitor.update(errors(10, 1))
    lower_sides = [sequence.alpha / 2 for sequence in monitor.sequences]
    assert len(lower_sides) == RESTARTS + 1
    assert sum(lower_sides) == pytest.approx(ALPHA / 2)
    assert monitor.limit == upper_bound(errors(1000, 150), ALPHA / 2)
    assert [sequence.seen.rows for sequence in monitor.sequences[:2]] == [4000, 4000 - 10 * PERIOD]


def test_a_reference_without_a_loss_can_be_watched():
    monitor = RiskMonitor.of(errors(5000, 0), ALPHA)
    assert first_alarm(monitor, 1000, np.full(20, 0)) is None
    assert first_alarm(monitor, 1000, np.full(20, 20))


def test_a_monitor_goes_on_from_its_json():
    monitor = RiskMonitor.of(errors(1000, 150), ALPHA, 0.01)
    for wrong in (20, 60, 70):
        monitor = monitor.update(errors(100, wrong))
        assert RiskMonitor.from_json(json.loads(json.dumps(monitor.as_json()))) == monitor


@pytest.mark.parametrize(("rows", "mean"), [(50, 0.1), (2000, 0.02)])
def test_the_upper_bound_of_the_reference_is_above_its_mean_as_often_as_it_should(rows, mean):
    wrong = np.random.default_rng(4).binomial(rows, mean, 3000)
    missed = np.mean([upper_bound(errors(rows, count), 0.1) < mean for count in wrong.tolist()])
    assert missed <= 0.1
    assert upper_bound(errors(rows, rows * mean), 0.1) < 1


def test_one_row_bounds_nothing():
    assert upper_bound(errors(1, 0), 0.1) == 1


@pytest.mark.parametrize(
    "arguments",
    [(errors(0, 0), 0.1), (errors(9, 1), 0), (errors(9, 1), 1), (errors(9, 1), 0.1, -1)],
)
def test_an_impossible_monitor_is_refused(arguments):
    with pytest.raises(ValueError, match="monitor"):
        RiskMonitor.of(*arguments)
