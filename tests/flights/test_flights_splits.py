"""Every flight belongs to one period, cut at midnight in New York."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flights.source import TIME_ZONE
from flights.splits import PERIODS, Boundaries, period

BOUNDARIES = Boundaries("2013-09-01", "2013-10-01", "2013-11-01")


def local(*moments: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(moments)).as_unit("us").tz_localize(TIME_ZONE))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2013-01-01 00:00", "train"),
        ("2013-08-31 23:59", "train"),
        ("2013-09-01 00:00", "tune"),
        ("2013-09-30 23:59", "tune"),
        ("2013-10-01 00:00", "test"),
        ("2013-10-31 23:59", "test"),
        ("2013-11-01 00:00", "monitoring"),
        ("2013-12-31 23:59", "monitoring"),
    ],
)
def test_a_period_begins_at_midnight(moment: str, expected: str) -> None:
    assert period(local(moment), BOUNDARIES).tolist() == [expected]


hours = st.integers(0, 365 * 24 - 1).map(
    lambda hour: pd.Timestamp("2013-01-01", tz=TIME_ZONE) + pd.Timedelta(hours=hour)
)


@given(st.lists(hours, min_size=1, max_size=30))
def test_no_flight_is_in_two_periods_and_later_flights_are_in_no_earlier_one(
    moments: list[pd.Timestamp],
) -> None:
    departures = pd.Series(sorted(moments)).dt.as_unit("us")
    periods = period(departures, BOUNDARIES)
    assert periods.notna().all()
    assert periods.cat.codes.is_monotonic_increasing
    assert sum((periods == name).sum() for name in PERIODS) == len(moments)


def test_the_index_is_kept() -> None:
    departures = local("2013-12-01", "2013-01-01").set_axis([7, 3])
    assert period(departures, BOUNDARIES).to_dict() == {7: "monitoring", 3: "train"}


@pytest.mark.parametrize(
    "days", [("2013-10-01", "2013-09-01", "2013-11-01"), ("2013-09-01", "2013-09-01", "2013-11-01")]
)
def test_periods_out_of_order_are_refused(days: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="in this order"):
        Boundaries(*days)
