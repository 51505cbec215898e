"""A regression is watched for a year: the demand of electricity, half hour by half hour."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from electricity import Change, Forecast

from stagebook.cli.main import main
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_store import DayStore, LogSummary
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.monitored_model import MonitoredModel
from stagebook.monitoring.signal import MonitorState
from stagebook.monitoring.status import MonitorStatus, judge

pytestmark = pytest.mark.slow

CHANGED = date(2014, 10, 15)
"""A Wednesday in the middle of a month."""


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> Forecast:
    return Forecast.write(tmp_path_factory.mktemp("electricity"))


@pytest.fixture(scope="module")
def log(forecast: Forecast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year without a change, with a request every four hours."""
    return forecast.log(tmp_path_factory.mktemp("year") / "log", rows=8)


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
