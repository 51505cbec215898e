"""Logs of a package that is watched, with the reference that it has of itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.monitoring.package_reference import PackageReference
from stagebook.serving import ids
from stagebook.serving.log.days import close_days
from stagebook.serving.log.request_log import LogEntry, RequestLog

DAY, NEXT, LATER = "2026-11-28", "2026-11-29", "2026-12-02"
OWN, OTHER = "a" * 64, "b" * 64
FRAME = pd.DataFrame(
    {
        "distance": [200, 1400, 733],
        "delay": [0.5, None, -3.25],
        "carrier": ["UA", "B6", "UA"],
        "late": [True, False, True],
        "at": pd.to_datetime(["2026-01-01 10:00", "2026-01-02 11:30", "2026-01-03 12:00"]),
    }
)
SCORES = pd.DataFrame({"late": [False, True, False], "score": [0.25, 0.1 + 0.2, 0.9]})


def profile_of(frame: pd.DataFrame, reference: Profile | None = None) -> Profile:
    """The profile of a frame, as pandas writes it into a file."""
    return profile(Table.of_rows(pa.Table.from_pandas(frame, preserve_index=False)), reference)


def reference(
    inputs: pd.DataFrame = FRAME, score: str | None = "score", digest: str = OWN
) -> PackageReference:
    """The reference of the watched package."""
    return PackageReference(digest, profile_of(inputs), profile_of(SCORES), score)


def instant(day: str = DAY, hour: float = 12) -> float:
    """An hour of a day, seconds since 1970."""
    return pd.Timestamp(day, tz="UTC").timestamp() + 3600 * hour


def request(day: str = DAY, hour: float = 12, **facts: Any) -> LogEntry:
    """A request with three rows that gets predictions."""
    entry = LogEntry(
        request=ids.new_id(),
        time=instant(day, hour),
        package=OWN,
        route="/invocations",
        status=200,
        features=FRAME,
        predictions=SCORES,
        warnings=(),
        problems=(),
        milliseconds=1.25,
    )
    return replace(entry, **facts)


def write(folder: Path, *entries: LogEntry, worker: int = 0, without: tuple[str, ...] = ()) -> Path:
    """Logs requests; their days stay open. Returns the log's folder."""
    times = [entry.time for entry in entries]
    log = RequestLog.open(folder, worker, clock=lambda: min(times), without=without)
    for entry in entries:
        log.add(entry)
    log.close()
    return folder


def closed(folder: Path, *entries: LogEntry, without: tuple[str, ...] = ()) -> Path:
    """Logs requests, and closes their days."""
    write(folder, *entries, without=without)
    close_days(folder, "2999-01-01")
    return folder
