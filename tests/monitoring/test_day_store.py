"""Closed days are read once; what changed, is damaged or still written is read again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from refusals import problem
from watched_logs import (
    DAY,
    FRAME,
    LATER,
    NEXT,
    OTHER,
    OWN,
    closed,
    reference,
    request,
    write,
)

from stagebook.monitoring import log_days
from stagebook.monitoring.day_store import DayStore
from stagebook.serving.log.days import close_days


@pytest.fixture
def store(tmp_path: Path) -> DayStore:
    """A store of a log that has no files yet."""
    return DayStore(tmp_path / "state", tmp_path / "log", reference())


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The days that are read from the log."""
    days: list[str] = []
    summarize = log_days.summarize

    def counted(log: Path, day: str, package: Any) -> Any:
        days.append(day)
        return summarize(log, day, package)

    monkeypatch.setattr(log_days, "summarize", counted)
    return days


def test_a_closed_day_is_read_once(store: DayStore, reads: list[str]) -> None:
    closed(store.log, request(DAY), request(NEXT))
    first = store.read_all()
    assert store.read_all() == first
    assert reads == [DAY, NEXT]
    assert store.path(DAY) == store.state / OWN[:12] / f"{DAY}.json"
    assert [summary.days for summary in first.of(OWN)] == [(DAY,), (NEXT,)]


def test_an_added_day_costs_a_day(store: DayStore, reads: list[str]) -> None:
    closed(store.log, request(DAY), request(NEXT))
    store.read_all()
    closed(store.log, request(LATER))
    assert list(store.read_all().days) == [DAY, NEXT, LATER]
    assert reads == [DAY, NEXT, LATER]


def test_an_open_day_is_read_each_time(store: DayStore, reads: list[str]) -> None:
    write(store.log, request(DAY))
    assert store.read(DAY)[OWN].requests == 1
    write(store.log, request(DAY), worker=1)
    assert store.read(DAY)[OWN].requests == 2
    assert reads == [DAY, DAY]
    assert not store.state.exists()


def test_a_day_that_got_another_file_is_read_again(store: DayStore, reads: list[str]) -> None:
    closed(store.log, request(DAY), request(NEXT))
    store.read_all()
    write(store.log, request(DAY))  # the clock went back
    close_days(store.log, "2999-01-01")
    assert store.read_all().days[DAY][OWN].requests == 2
    assert reads == [DAY, NEXT, DAY]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b'{"format": 1}', b"[" * 100_000],
)
def test_a_damaged_summary_is_computed_again(
    content: bytes, store: DayStore, reads: list[str]
) -> None:
    closed(store.log, request(DAY))
    whole = store.read(DAY)
    store.path(DAY).write_bytes(content)
    assert store.read(DAY) == whole
    assert store.read(DAY) == whole
    assert reads == [DAY, DAY]


@pytest.mark.parametrize(
    "change",
    [{"format": 0}, {"package": OTHER}, {"score": "late"}, {"summaries": [{}]}, {"files": []}],
)
def test_a_summary_of_something_else_is_computed_again(
    change: dict[str, object], store: DayStore, reads: list[str]
) -> None:
    closed(store.log, request(DAY))
    whole = store.read(DAY)
    values = json.loads(store.path(DAY).read_text())
    store.path(DAY).write_text(json.dumps(values | change))
    assert store.read(DAY) == whole
    assert reads == [DAY, DAY]


def test_each_package_has_its_own_view(store: DayStore) -> None:
    closed(store.log, request(DAY), request(DAY, package=OTHER))
    other = replace(store, package=reference(digest=OTHER))
    own_view, other_view = store.read_all(), other.read_all()
    assert own_view.packages == other_view.packages == (OWN, OTHER)
    assert own_view.of(OWN)[0].inputs == other_view.of(OTHER)[0].inputs
    assert own_view.of(OTHER)[0].inputs is None
    assert store.path(DAY) != other.path(DAY)


def test_a_truncated_day_does_not_hinder_the_others(store: DayStore) -> None:
    closed(store.log, request(DAY), request(NEXT), request(LATER))
    path = store.log / "days" / f"{NEXT}.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    summary = store.read_all()
    assert list(summary.days) == [DAY, LATER]
    (damaged,) = summary.problems
    assert (damaged.code, str(damaged.where)) == ("bad-request-log", str(path))
    assert not store.path(NEXT).exists()


def test_a_day_that_the_log_deleted_keeps_its_summary(store: DayStore) -> None:
    closed(store.log, request(DAY), request(NEXT))
    whole = store.read_all()
    (store.log / "days" / f"{DAY}.parquet").unlink()
    assert store.read_all() == whole


def test_a_missing_log_is_said(store: DayStore) -> None:
    assert problem(store.read_all).code == "no-request-log"


def test_an_empty_log_has_no_days(store: DayStore) -> None:
    store.log.mkdir()
    summary = store.read_all()
    assert (summary.days, summary.problems, summary.packages) == ({}, (), ())


def test_a_file_that_is_not_named_by_a_day_is_a_problem(store: DayStore) -> None:
    closed(store.log, request(DAY))
    days = store.log / "days"
    shutil.copy(days / f"{DAY}.parquet", days / "2026-13-99.parquet")
    summary = store.read_all()
    assert list(summary.days) == [DAY]
    assert [item.code for item in summary.problems] == ["bad-request-log"]


def test_only_named_days_are_read(store: DayStore, reads: list[str]) -> None:
    closed(store.log, request(DAY), request(NEXT, features=FRAME.head(1)))
    assert list(store.read_all([NEXT, "2020-01-01"]).days) == [NEXT]
    assert DAY not in reads


def test_a_folder_that_cannot_be_written_is_said_once_and_the_days_are_complete(
    store: DayStore,
) -> None:
    closed(store.log, request(DAY), request(NEXT))
    store.state.write_text("not a folder")
    log = store.read_all()
    (refused,) = log.problems
    assert refused.code == "summary-not-kept"
    assert [day.requests for day in log.of(OWN)] == [1, 1]
    assert problem(lambda: store.read(DAY)).code == "summary-not-kept"
