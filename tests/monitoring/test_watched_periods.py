"""The drift of days, weeks and months from a package's reference."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
import watched_logs
from watched_models import START, Watched, days_from

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.status import MonitorStatus

INPUT, PREDICTION = SignalKind.INPUT_DRIFT, SignalKind.PREDICTION_DRIFT


def after(days: int) -> date:
    """A day after the beginning of the log."""
    return START + timedelta(days=days)


def taller(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(height=frame["height"] + 1.5)


def heavier(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(weight=frame["weight"] + 4.0)


def drifts(status: MonitorStatus) -> list[Signal]:
    return [signal for signal in status.signals if signal.kind in (INPUT, PREDICTION)]


def compared(status: MonitorStatus, cadence: Cadence) -> dict[str, int]:
    return {item.period.name: item.compared for item in status.of(cadence)}


def test_days_like_the_reference_are_no_drift(tall: Watched, tmp_path: Path) -> None:
    status = tall.judged(tmp_path / "log", [], usual=days_from(START, 42))
    assert (status.state, status.signals) == (MonitorState.OK, ())
    assert compared(status, Cadence.WEEK) == {f"2026-W{week}": 4 for week in range(15, 21)}
    assert compared(status, Cadence.MONTH) == {"2026-04": 4, "2026-05": 4}
    assert set(compared(status, Cadence.DAY).values()) == {4}


def test_a_shift_is_reported_by_the_longest_period_and_its_first(
    tall: Watched, tmp_path: Path
) -> None:
    usual, shifted = days_from(START, 25), days_from(after(25), 17)
    status = tall.judged(tmp_path / "log", tall.answers(shifted, heavier), usual)
    (signal,) = drifts(status)
    assert (signal.kind, signal.state, signal.subject) == (INPUT, MonitorState.LOOK, "weight")
    assert (signal.period, signal.since) == ("2026-05", "2026-05-01")
    assert signal.value is not None
    assert signal.limit is not None
    assert signal.value > signal.limit
    drifted = [item.period.name for item in status.of(Cadence.DAY) if item.drifted]
    assert drifted == shifted
    may = status.of(Cadence.MONTH)[-1].drifted
    assert [(column.kind, column.column) for column in may] == [(INPUT, "weight")]
    assert (may[0].effect, may[0].limit) == (signal.value, signal.limit)


def test_a_shift_of_weeks_is_since_the_first_of_them(tall: Watched, tmp_path: Path) -> None:
    """The log has too little of the month."""
    shifted = days_from(after(-7), 14)
    status = tall.judged(tmp_path / "log", tall.answers(shifted, heavier))
    assert [(signal.period, signal.since) for signal in drifts(status)] == [
        ("2026-W15", "2026-03-30")
    ]


def test_a_shift_of_days_is_since_the_first_of_them(tall: Watched, tmp_path: Path) -> None:
    shifted = tall.answers(days_from(after(7), 2), heavier)
    (signal,) = drifts(tall.judged(tmp_path / "log", shifted, days_from(START, 7)))
    assert (signal.period, signal.since) == ("2026-04-14", "2026-04-13")


def test_days_without_requests_begin_a_new_stretch(tall: Watched, tmp_path: Path) -> None:
    shifted = tall.answers(["2026-04-09", "2026-04-11"], heavier)
    signals = drifts(tall.judged(tmp_path / "log", shifted))
    assert [(signal.period, signal.since) for signal in signals if signal.subject == "weight"] == [
        ("2026-04-11", "2026-04-11")
    ]


def test_drift_that_is_over_is_no_signal(tall: Watched, tmp_path: Path) -> None:
    first = tall.answers([START.isoformat()], heavier)
    status = tall.judged(tmp_path / "log", first, days_from(after(1), 13))
    assert drifts(status) == []
    assert [item.period.name for item in status.of(Cadence.DAY) if item.drifted] == ["2026-04-06"]


def test_a_shift_that_reaches_the_predictions_is_drift_of_both(
    tall: Watched, tmp_path: Path
) -> None:
    status = tall.judged(tmp_path / "log", tall.answers(days_from(START, 7), taller))
    subjects = {(signal.kind, signal.subject) for signal in drifts(status)}
    outputs = {(PREDICTION, f"probability_{name}") for name in (False, True)}
    assert subjects == {(INPUT, "height"), *outputs}


def test_a_period_that_has_just_begun_is_not_judged(tall: Watched, tmp_path: Path) -> None:
    begun = [tall.answer("2026-04-20", heavier, rows=40)]
    status = tall.judged(tmp_path / "log", begun, days_from(START, 14))
    assert (status.state, drifts(status)) == (MonitorState.OK, [])
    assert compared(status, Cadence.DAY)["2026-04-20"] == 0
    assert compared(status, Cadence.WEEK)["2026-W17"] == 0


def test_the_first_days_of_a_log_are_no_week_and_no_month(tall: Watched, tmp_path: Path) -> None:
    status = tall.judged(tmp_path / "log", tall.answers(days_from(START, 3), heavier))
    assert compared(status, Cadence.WEEK) == {"2026-W15": 0}
    assert compared(status, Cadence.MONTH) == {"2026-04": 0}
    assert [signal.period for signal in drifts(status)] == ["2026-04-08"]


def test_a_model_with_one_day_of_requests_a_week_has_weeks(tall: Watched, tmp_path: Path) -> None:
    days = [after(7 * week).isoformat() for week in range(4)]
    weeks = compared(tall.judged(tmp_path / "log", [], usual=days), Cadence.WEEK)
    assert list(weeks.values()) == [4, 4, 4, 4]


def test_days_are_judged_when_requests_have_become_fewer(tall: Watched, tmp_path: Path) -> None:
    fewer = [tall.answer(day, heavier, rows=40) for day in days_from(after(16), 8)]
    status = tall.judged(tmp_path / "log", fewer, days_from(START, 16))
    assert list(compared(status, Cadence.DAY).values())[-4:] == [4] * 4
    assert "weight" in {signal.subject for signal in drifts(status)}


def test_few_rows_are_not_judged(tall: Watched, tmp_path: Path) -> None:
    status = tall.judged(tmp_path / "log", [tall.answer("2026-04-06", heavier, rows=29)])
    assert (status.state, compared(status, Cadence.DAY)) == (MonitorState.OK, {"2026-04-06": 0})


@pytest.mark.parametrize("names", [("weight",), ("height", "weight")])
def test_columns_that_the_log_leaves_out_are_no_drift(
    names: tuple[str, ...], tall: Watched, tmp_path: Path
) -> None:
    entries = tall.answers(days_from(START, 5), heavier if len(names) == 1 else None)
    status = tall.status(watched_logs.write(tmp_path / "log", *entries, without=names))
    assert (status.state, status.signals) == (MonitorState.OK, ())
    assert set(compared(status, Cadence.DAY).values()) == {4 - len(names)}


def test_an_unknown_column_is_no_drift(tall: Watched, tmp_path: Path) -> None:
    entries = tall.answers(days_from(START, 5), lambda rows: rows.assign(extra=1))
    assert tall.judged(tmp_path / "log", entries).signals == ()


def test_missing_values_are_drift(tall: Watched, tmp_path: Path) -> None:
    """The model is not given them: it refuses missing values."""
    entries = []
    for entry in tall.answers(days_from(after(7), 2)):
        assert entry.features is not None
        rows = entry.features.assign(weight=entry.features["weight"].where(lambda own: own > 0))
        entries.append(watched_logs.replace(entry, features=rows))
    (signal,) = drifts(tall.judged(tmp_path / "log", entries, days_from(START, 7)))
    assert (signal.subject, signal.since) == ("weight", "2026-04-13")
