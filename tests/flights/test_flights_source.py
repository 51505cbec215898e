"""The source's tables get the right types and lose nothing."""

from pathlib import Path

import pandas as pd
import pytest

from flights.source import clock_minutes, flights_table, read_table, weather_table
from flights.testing import flight, flights


def test_a_clock_time_becomes_minutes_after_midnight() -> None:
    assert clock_minutes(pd.Series([0, 1, 59, 100, 515, 2359, 2400])).tolist() == [
        0, 1, 59, 60, 315, 1439, 1440,
    ]  # fmt: skip


def test_a_scheduled_departure_is_a_moment_on_new_yorks_clock() -> None:
    table = flights(flight("2013-01-01", 515), flight("2013-07-01", 515))
    utc = table["scheduled_departure"].dt.tz_convert("UTC").dt.strftime("%d %H:%M").tolist()
    assert utc == ["01 10:15", "01 09:15"]


@pytest.mark.parametrize(("day", "clock"), [("2013-03-10", 230), ("2013-11-03", 130)])
def test_a_clock_time_that_does_not_exist_once_is_refused(day: str, clock: int) -> None:
    with pytest.raises(ValueError, match=f"{day} 0{clock // 100}:30:00"):
        flights(flight(day, clock))


def test_the_key_tells_day_time_airport_carrier_and_number() -> None:
    table = flights(flight("2013-01-01", 515, number=1545))
    assert table["flight_id"].tolist() == ["20130101-0515-EWR-UA1545"]


def test_every_flight_is_kept_in_its_order() -> None:
    raw = pd.DataFrame([flight("2013-01-02", 600, number=n, dep_delay=None) for n in (3, 1, 2)])
    assert flights_table(raw)["flight"].tolist() == [3, 1, 2]


def test_the_two_hours_called_one_in_november_stay_two() -> None:
    hours = ["2013-11-03T05:00:00Z", "2013-11-03T06:00:00Z"]
    local = {"year": 2013, "month": 11, "day": 3, "hour": 1}
    raw = pd.DataFrame({"origin": "EWR", **local, "temp": [51.98, 50.0], "time_hour": hours})
    table = weather_table(raw)
    assert table.columns.tolist() == ["origin", "time_hour", "temp"]
    assert table["time_hour"].dt.hour.tolist() == [5, 6]


def test_only_na_means_missing(tmp_path: Path) -> None:
    file = tmp_path / "airports.csv"
    file.write_text("faa,name\nNA,null\nABC,None\n", encoding="utf-8")
    table = read_table(file)
    assert table["faa"].isna().tolist() == [True, False]
    assert table["name"].tolist() == ["null", "None"]
