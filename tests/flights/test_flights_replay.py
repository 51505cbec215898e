"""When a flight of the replay has landed, and the month in which its forecast is made."""

import pandas as pd
import pytest

from flights.features import forecast_at
from flights.replay import landed, month


def flights(*departures: str, minutes: float = 120) -> pd.DataFrame:
    scheduled = pd.Series(pd.to_datetime(list(departures))).dt.as_unit("us")
    local = scheduled.dt.tz_localize("America/New_York")
    return pd.DataFrame(
        {
            "flight_id": [f"f{number}" for number in range(len(local))],
            "scheduled_departure": local,
            "forecast_at": forecast_at(local),
            "scheduled_minutes": minutes,
        }
    )


def arrivals(*delays: int | None) -> pd.DataFrame:
    names = [f"f{number}" for number in range(len(delays))]
    return pd.DataFrame({"flight_id": names, "arr_delay": pd.array(list(delays), dtype="Int16")})


def test_a_flight_has_landed_when_its_schedule_and_its_delay_are_over() -> None:
    own = flights("2013-11-01 10:00", "2013-11-01 12:00").set_axis([7, 3])
    known = landed(own, arrivals(-10, 45)[::-1])
    assert known.index.tolist() == [7, 3]
    assert known.astype(str).tolist() == [
        "2013-11-01 15:50:00+00:00",
        "2013-11-01 18:45:00+00:00",
    ]
    assert known.dtype == "datetime64[us, UTC]"


def test_a_clock_that_is_set_back_adds_no_hour() -> None:
    known = landed(flights("2013-11-03 00:30"), arrivals(0))
    assert known.astype(str).tolist() == ["2013-11-03 06:30:00+00:00"]


@pytest.mark.parametrize("delays", [[None], []])
def test_a_flight_without_an_arrival_is_refused(delays: list[int | None]) -> None:
    with pytest.raises(ValueError, match="1 flights"):
        landed(flights("2013-11-01 10:00"), arrivals(*delays))


def test_a_month_is_that_of_the_forecast_in_utc() -> None:
    own = flights("2013-10-31 20:59", "2013-10-31 21:00")
    assert month(own).tolist() == ["2013-10", "2013-11"]
