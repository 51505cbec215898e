"""Round days for a chart's grid; round values are tested with the charts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.report.ticks import round_days


@pytest.mark.parametrize(
    ("last", "most", "names"),
    [
        (date(2026, 1, 2), 3, ["2026-01-01", "2026-01-02"]),
        (date(2026, 1, 20), 4, ["2026-01-01", "2026-01-06", "2026-01-11", "2026-01-16"]),
        (date(2026, 3, 20), 4, ["2026-01", "2026-02", "2026-03"]),
        (date(2026, 9, 20), 3, ["2026-01", "2026-04", "2026-07"]),
        (date(2032, 6, 1), 4, ["2026", "2028", "2030", "2032"]),
    ],
)
def test_days_are_named_by_what_tells_them_apart(last: date, most: int, names: list[str]) -> None:
    assert [name for _, name in round_days(date(2026, 1, 1), last, most)] == names


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 8000), st.integers(2, 12))
def test_there_are_never_too_many_and_all_are_between(first: date, days: int, most: int) -> None:
    last = first + timedelta(days=days)
    shown = [day for day, _ in round_days(first, last, most)]
    assert 1 <= len(shown) <= most
    assert shown == sorted(set(shown))
    assert first <= shown[0]
    assert shown[-1] <= last
