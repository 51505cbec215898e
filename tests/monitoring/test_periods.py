"""Days become weeks and months; days without requests between others are listed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import problem
from watched_logs import OTHER, OWN

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_summary import DaySummary, Occurrences, merge
from stagebook.monitoring.periods import Gap, calendar_day, gaps, periods

DATES = st.dates(date(1, 1, 8), date(9999, 12, 24))


def day(name: str, requests: int = 1) -> DaySummary:
    return DaySummary(OWN, (name,), requests=requests)


@given(st.lists(DATES, max_size=30, unique=True), st.sampled_from(Cadence))
def test_every_day_is_in_one_period(days: list[date], cadence: Cadence) -> None:
    summaries = [day(item.isoformat()) for item in days]
    spans = periods(summaries, cadence)
    assert sum(period.summary.requests for period in spans) == len(days)
    assert [period.first for period in spans] == sorted({cadence.first_of(item) for item in days})
    for period in spans:
        within = period.summary.days
        assert all(period.first.isoformat() <= name <= period.last.isoformat() for name in within)
        assert {cadence.name_of(date.fromisoformat(name)) for name in within} == {period.name}


@given(DATES, st.sampled_from(Cadence))
def test_a_period_ends_where_the_next_begins(item: date, cadence: Cadence) -> None:
    following = cadence.last_of(item) + timedelta(days=1)
    assert cadence.first_of(following) == following
    assert cadence.first_of(item) <= item <= cadence.last_of(item)


def test_a_week_of_two_years_is_one_week() -> None:
    (week,) = periods([day("2027-01-01"), day("2026-12-31")], Cadence.WEEK)
    assert (week.name, week.first, week.last) == ("2026-W53", date(2026, 12, 28), date(2027, 1, 3))
    assert week.summary == merge([day("2026-12-31"), day("2027-01-01")])
    assert week.days == 2


def test_months_are_ascending_and_have_their_length() -> None:
    months = periods([day("2024-03-01"), day("2024-02-29"), day("2024-02-01")], Cadence.MONTH)
    assert [month.name for month in months] == ["2024-02", "2024-03"]
    assert [month.last for month in months] == [date(2024, 2, 29), date(2024, 3, 31)]


def test_days_without_requests_between_others_are_a_gap() -> None:
    days = [day("2026-11-02"), day("2026-11-03"), day("2026-11-04", 0), day("2026-11-07")]
    assert gaps(days) == (Gap(date(2026, 11, 4), date(2026, 11, 6)),)
    assert gaps(days)[0].days == 3


def test_a_day_on_which_only_another_package_answered_is_no_gap() -> None:
    other = DaySummary(OTHER, ("2026-11-03",), requests=1)
    shadow = DaySummary(OTHER, ("2026-11-04",), shadow=Occurrences(1, 1))
    assert gaps([day("2026-11-02"), other, shadow, day("2026-11-05")]) == ()


def test_a_clock_that_stood_in_1970_gives_one_gap() -> None:
    assert len(gaps([day("1970-01-01"), day("2026-11-02"), day("2026-11-03")])) == 1


def test_nothing_has_no_periods_and_no_gaps() -> None:
    assert (periods([], Cadence.DAY), gaps([])) == ((), ())


def test_a_period_of_two_packages_is_refused() -> None:
    pair = [day("2026-11-02"), DaySummary(OTHER, ("2026-11-03",))]
    assert problem(periods, pair, Cadence.WEEK).code == "packages-differ"


def test_a_merged_summary_is_no_day() -> None:
    week = merge([day("2026-11-02"), day("2026-11-03")])
    with pytest.raises(ValueError, match="not a summary of one day"):
        periods([week], Cadence.MONTH)


@pytest.mark.parametrize(
    "name", ["20261129", "2026-W48-7", "2026-11-31", "", "days", "２026-11-29"]
)
def test_only_a_day_in_the_usual_form_is_a_day(name: str) -> None:
    assert calendar_day(name) is None


def test_a_log_may_begin_or_end_within_its_first_and_last_period() -> None:
    names = ["2026-11-20", "2026-11-25", "2026-12-02"]
    weeks = periods([day(name) for name in names], Cadence.WEEK)
    assert [week.is_edge(names[0], names[-1]) for week in weeks] == [True, False, True]
    assert [week.length for week in weeks] == [7, 7, 7]
