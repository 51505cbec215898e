"""A regression is watched for a year: the demand of electricity, half hour by half hour."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from electricity import READ_AFTER, Change, Forecast, demand

from stagebook.cli.main import main
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.cohorts import DAY, Maturity
from stagebook.monitoring.day_store import DayStore, LogSummary
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.judged_labels import JudgedLabels
from stagebook.monitoring.label_join import Judged
from stagebook.monitoring.labelled_store import LabelledStore
from stagebook.monitoring.labels import LabelOptions, Labels
from stagebook.monitoring.monitored_model import MonitoredModel
from stagebook.monitoring.performance import PeriodPerformance
from stagebook.monitoring.signal import MonitorState, SignalKind
from stagebook.monitoring.status import MonitorStatus, judge

pytestmark = pytest.mark.slow

ROWS = 8
"""Half hours of a request."""

CHANGED = date(2014, 10, 15)
"""A Wednesday in the middle of a month."""


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> Forecast:
    return Forecast.write(tmp_path_factory.mktemp("electricity"))


@pytest.fixture(scope="module")
def log(forecast: Forecast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year without a change, with a request every four hours."""
    return forecast.log(tmp_path_factory.mktemp("year") / "log", rows=ROWS)


@pytest.fixture(scope="module")
def year(forecast: Forecast, log: Path) -> LogSummary:
    return read(forecast, log)


def read(forecast: Forecast, log: Path) -> LogSummary:
    model = MonitoredModel.read(forecast.folder)
    return DayStore(log.parent / "state", log, model.package).read_all()


def status(forecast: Forecast, log: LogSummary) -> MonitorStatus:
    return judge(MonitoredModel.read(forecast.folder), log, ErrorBudget(), tolerance=0.0)


def since(forecast: Forecast, folder: Path, change: Change) -> dict[str, date]:
    """By column that is reported, since when it has been another."""
    changed = status(forecast, read(forecast, forecast.log(folder / "log", change)))
    assert changed.state is MonitorState.LOOK
    assert drifted(changed, Cadence.WEEK, before=CHANGED - timedelta(days=2)) == []
    return {signal.subject: date.fromisoformat(signal.since) for signal in changed.signals}


def drifted(
    status: MonitorStatus, cadence: Cadence, before: date = date.max
) -> list[tuple[str, str]]:
    """The periods, and the columns that drifted in them."""
    return [
        (item.period.name, column.column)
        for item in status.of(cadence)
        if item.period.first < before
        for column in item.drifted
    ]


def test_a_year_like_those_before_is_quiet(forecast: Forecast, year: LogSummary) -> None:
    quiet = status(forecast, year)
    assert (quiet.state, quiet.signals, quiet.gaps) == (MonitorState.OK, (), ())
    assert drifted(quiet, Cadence.MONTH) == drifted(quiet, Cadence.WEEK) == []
    # in UTC, one day of the training alone is a holiday from midnight to midnight
    assert drifted(quiet, Cadence.DAY) == [("2014-12-25", "holiday")]
    months = [item.period.summary.requests for item in quiet.of(Cadence.MONTH)]
    assert months[:3] == [31 * 6, 28 * 6, 31 * 6]
    assert len(months) == 12


@pytest.mark.parametrize("days", range(7))
def test_a_week_or_month_that_goes_on_is_not_drift(
    forecast: Forecast, year: LogSummary, days: int
) -> None:
    last = (date(2014, 6, 23) + timedelta(days=days)).isoformat()
    known = {day: own for day, own in year.days.items() if "2014-02-05" <= day <= last}
    running = status(forecast, replace(year, days=known))
    assert running.last == last
    assert running.signals == ()


def test_a_meter_that_doubles_is_reported_since_its_week(
    forecast: Forecast, tmp_path: Path
) -> None:
    def doubled(table: pd.DataFrame) -> pd.DataFrame:
        later = table["time"] >= pd.Timestamp(CHANGED, tz="UTC")
        return table.assign(demand=table["demand"].where(~later, table["demand"] * 2))

    began = since(forecast, tmp_path, doubled)
    assert sorted(began) == ["demand_day", "demand_week", "prediction"]
    assert abs(began["demand_day"] - CHANGED) <= timedelta(days=6)
    assert abs(began["demand_week"] - CHANGED - timedelta(days=7)) <= timedelta(days=6)


def test_a_column_in_another_unit_is_reported_since_its_week(
    forecast: Forecast, tmp_path: Path
) -> None:
    def fahrenheit(table: pd.DataFrame) -> pd.DataFrame:
        later = table["time"] >= pd.Timestamp(CHANGED, tz="UTC")
        degrees = table["temperature"]
        return table.assign(temperature=degrees.where(~later, degrees * 9 / 5 + 32))

    began = since(forecast, tmp_path, fahrenheit)
    assert sorted(began) == ["temperature"]
    assert abs(began["temperature"] - CHANGED) <= timedelta(days=6)


def test_the_status_of_a_regression_speaks_of_no_classifier(
    forecast: Forecast, year: LogSummary, log: Path
) -> None:
    state = str(log.parent / "state")
    words = ["monitor", str(log), "--package", str(forecast.folder), "--state", state]
    screen = CliRunner().invoke(main, words)
    assert screen.exit_code == 0
    assert "AUC" not in screen.output
    assert "label" in screen.output
    values = json.loads(CliRunner().invoke(main, [*words, "--json"]).output)
    assert values["state"] == "ok"
    assert (values["reference"], [loss["name"] for loss in values["losses"]]) == ({}, ["refused"])


def read_meters(changed: bool, now: datetime) -> pd.DataFrame:
    """The meters that have been read; from October on, weekends may need 15 % more than before."""
    table = demand(ROWS)
    later = table["at"] >= pd.Timestamp(2014, 10, 1, tz="UTC")
    is_weekend = table["weekday"].isin(["Saturday", "Sunday"])
    if changed:
        table["demand"] = table["demand"].where(~(later & is_weekend), table["demand"] * 1.15)
    return table[table["known"] <= now]


def labelled(
    forecast: Forecast, year: LogSummary, log: Path, *, changed: bool, now: datetime
) -> MonitorStatus:
    """The status at a time, from the requests of at most six months and their meters until then."""
    name = f"{changed}-{now:%m-%d}"
    path = log.parent / f"{name}.parquet"
    read_meters(changed, now).to_parquet(path)
    model = MonitoredModel.read(forecast.folder)
    performance = model.reference.performance if model.reference else None
    assert performance is not None
    options = LabelOptions("demand", "prediction", (), None, "known")
    judged = Judged(performance.kind, performance.score, ("week",))
    first = (now - timedelta(days=208)).date().isoformat()
    days = [day for day in year.days if first <= day < now.date().isoformat()]
    store = LabelledStore(log.parent / name, log, judged)
    own = store.read(Labels.open(path, options, performance.kind), days)
    assert own.problems == ()
    maturity = Maturity((READ_AFTER + timedelta(days=2)).total_seconds())
    assert maturity.after == 20 * DAY
    labels = JudgedLabels.of(
        own.of_package(model.package.digest), own.problems, performance, maturity, now
    )
    until = replace(year, days={day: year.days[day] for day in days})
    return judge(model, until, ErrorBudget(), 0.0, labels)


def month(status: MonitorStatus, name: str) -> PeriodPerformance:
    """What the labels say of a month."""
    (own,) = (item.performance for item in status.of(Cadence.MONTH) if item.period.name == name)
    assert own is not None
    return own


def error(status: MonitorStatus, name: str, part: str) -> float:
    """The mean absolute error of a part of the week in a month, in megawatts."""
    value = month(status, name).slices["week"][part].figures["mae"].value
    assert value is not None
    return value


def test_half_a_year_whose_meters_are_read_late_gives_no_alarm(
    forecast: Forecast, year: LogSummary, log: Path
) -> None:
    now = datetime(2015, 1, 25, tzinfo=UTC)
    quiet = labelled(forecast, year, log, changed=False, now=now)
    (errors,) = (loss for loss in quiet.losses if loss.source == "labels")
    assert (quiet.state, errors.alarms, len(errors.days)) == (MonitorState.OK, (), 183)
    assert month(quiet, "2014-12").waiting == ()  # the last day has too few rows for a loss
    assert error(quiet, "2014-10", "weekend") == pytest.approx(101, abs=5)
    assert error(quiet, "2014-10", "workdays") == pytest.approx(141, abs=5)


def test_a_heat_wave_that_the_model_has_not_learned_is_seen_by_its_labels(
    forecast: Forecast, year: LogSummary, log: Path
) -> None:
    now = datetime(2014, 2, 20, tzinfo=UTC)
    summer = labelled(forecast, year, log, changed=False, now=now)
    assert summer.state is MonitorState.ACT
    (signal,) = summer.signals
    assert (signal.kind, signal.since) == (SignalKind.LABELS, "2014-01-08")
    january = month(summer, "2014-01").figures["mae"].value
    assert january == pytest.approx(378, abs=15)


def test_an_error_of_the_model_is_not_judged_before_its_meters_are_read(
    forecast: Forecast, year: LogSummary, log: Path
) -> None:
    now = datetime(2014, 10, 19, tzinfo=UTC)
    early = labelled(forecast, year, log, changed=True, now=now)
    assert early.state is MonitorState.OK
    october = month(early, "2014-10")
    assert (october.mature, october.slices) == ((), {})
    assert (len(october.waiting), october.bounds) == (18, {})  # an error has no bound


def test_an_error_of_the_model_is_seen_by_its_labels_and_by_the_slice_that_has_it(
    forecast: Forecast, year: LogSummary, log: Path
) -> None:
    now = datetime(2014, 12, 10, tzinfo=UTC)
    late = labelled(forecast, year, log, changed=True, now=now)
    assert late.state is MonitorState.ACT
    (signal,) = late.signals
    assert (signal.kind, signal.subject) == (SignalKind.LABELS, "mean absolute error")
    # in UTC, Saturday the fourth begins in Melbourne on Friday
    assert signal.since == "2014-10-03"
    assert signal.value is not None
    assert signal.limit is not None
    assert 150 < signal.limit < 200 < signal.value < 350
    assert error(late, "2014-10", "weekend") > 3 * error(late, "2014-10", "workdays")
    assert error(late, "2014-09", "weekend") < 1.3 * error(late, "2014-09", "workdays")
    assert late.of(Cadence.MONTH)[-1].waiting[-1] == "2014-12-09"
