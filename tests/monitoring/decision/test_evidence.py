"""How much more a model loses is seen on its last days, from the beginning of a rise on."""

import pytest
from decided import DAYS, loss, status, wave

from stagebook.monitoring.decision import status_json
from stagebook.monitoring.decision.evidence import Evidence, Excess
from stagebook.monitoring.loss_signals import LABELS


def excess(values: list[float]) -> Excess:
    own = Evidence.of(status_json.read(status(loss(LABELS, values)))).excess
    assert own is not None
    return own


def test_days_before_a_rise_do_not_count() -> None:
    own = excess([*[0.15] * (DAYS - 15), *wave(0.4, 15)])
    assert own.days == 15
    assert own.now == pytest.approx(0.4)


def test_a_rise_of_few_days_is_seen_on_a_week() -> None:
    own = excess([*wave(0.15, DAYS - 4), *[0.9] * 4])
    assert own.days == 7


def test_without_a_rise_the_last_four_weeks_count() -> None:
    assert excess(wave(0.15, DAYS)).days == 28


def test_rows_of_days_without_requests_are_none() -> None:
    own = status()
    own["periods"] = own["periods"][-1:]
    assert Evidence.of(status_json.read(own)).rows_per_day == pytest.approx(1000 / 28)
