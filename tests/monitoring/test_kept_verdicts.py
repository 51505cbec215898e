"""A closed period is compared once; what changed, is damaged or still written is compared again."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import watched_logs
from watched_models import START, Watched, days_from

from stagebook.monitoring import drift_watch
from stagebook.monitoring.day_store import DayStore
from stagebook.monitoring.drift_verdicts import VerdictStore
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.monitored_model import MonitoredModel
from stagebook.monitoring.status import MonitorStatus, judge
from stagebook.serving.log.days import close_days

DAYS = days_from(START, 16)
LAST = 2 * 3
"""Each run compares the last day, week and month of both sides, for their sentences."""


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A number for each comparison."""
    calls: list[int] = []
    drift = drift_watch.drift  # type: ignore[attr-defined]

    def counted(*values: Any, **options: Any) -> Any:
        calls.append(len(calls))
        return drift(*values, **options)

    monkeypatch.setattr(drift_watch, "drift", counted)
    return calls


@pytest.fixture
def log(tall: Watched, tmp_path: Path) -> Path:
    entries = [
        tall.answer(day, lambda rows, n=n: rows.assign(weight=rows["weight"] + n))  # type: ignore[misc]
        for n, day in enumerate(DAYS)
    ]
    return watched_logs.closed(tmp_path / "log", *entries)


def status(watched: Watched, log: Path, false_alarms: float = 1.0) -> MonitorStatus:
    """The status, with the verdicts that are kept beside the log."""
    model = MonitoredModel.read(watched.folder)
    days = DayStore(log.with_name("state"), log, model.package)
    seen, digest = days.read_all(), model.package.digest
    verdicts = VerdictStore.read(days.folder, digest, false_alarms, seen.versions)
    own = judge(model, seen, ErrorBudget(false_alarms), 0.0, verdicts=verdicts)
    assert verdicts.keep() == ()
    return own


def file_of(log: Path) -> Path:
    (path,) = log.with_name("state").glob("*/verdicts.json")
    return path


def test_a_second_run_compares_the_last_periods_only(
    tall: Watched, log: Path, compared: list[int]
) -> None:
    first = status(tall, log)
    assert len(compared) > 30
    compared.clear()
    assert status(tall, log).as_json() == first.as_json()
    assert len(compared) <= LAST
    assert any(item.drifted for item in first.periods)


def test_an_added_day_compares_its_own_periods(
    tall: Watched, log: Path, compared: list[int]
) -> None:
    status(tall, log)
    compared.clear()
    next_day = (START + timedelta(days=len(DAYS))).isoformat()
    watched_logs.closed(log, tall.answer(next_day))
    status(tall, log)
    assert len(compared) <= 2 * LAST


def test_another_budget_compares_all(tall: Watched, log: Path, compared: list[int]) -> None:
    status(tall, log)
    before = len(compared)
    compared.clear()
    status(tall, log, false_alarms=2.0)
    assert len(compared) == before


@pytest.mark.parametrize(
    "change", [b"", b"[", b"[]", b'{"format": 1}', {"verdicts": []}, {"verdicts": {"x": 1}}]
)
def test_a_damaged_file_is_computed_again(
    change: bytes | dict[str, Any], tall: Watched, log: Path
) -> None:
    first, path = status(tall, log), file_of(log)
    whole = path.read_bytes()
    if isinstance(change, dict):
        change = json.dumps(json.loads(whole) | change).encode()
    path.write_bytes(change)
    assert status(tall, log).as_json() == first.as_json()
    assert path.read_bytes() == whole or b'"x"' in path.read_bytes()


def test_a_verdict_that_is_no_verdict_is_computed_again(tall: Watched, log: Path) -> None:
    first, path = status(tall, log), file_of(log)
    values = json.loads(path.read_text())
    for place, name in enumerate(sorted(values["verdicts"])):
        version = values["verdicts"][name][0]
        odd = [[version, "many", []], [version, 3, [["weight"]]], [version], 7]
        values["verdicts"][name] = odd[place % 4]
    path.write_text(json.dumps(values))
    assert status(tall, log).as_json() == first.as_json()


def test_a_day_that_got_more_requests_is_compared_again(tall: Watched, log: Path) -> None:
    status(tall, log)
    watched_logs.write(log, *tall.answers([DAYS[3]]))
    close_days(log, "2999-01-01")
    again = status(tall, log)
    file_of(log).unlink()
    assert again.as_json() == status(tall, log).as_json()


def test_a_day_that_is_still_written_is_compared_each_time(
    tall: Watched, log: Path, compared: list[int]
) -> None:
    watched_logs.write(log, *tall.answers([DAYS[3]]))
    status(tall, log)
    compared.clear()
    status(tall, log)
    assert len(compared) > LAST  # the day, its week and its month, on both sides
