"""Entries for a log, and logs whose clock a test sets."""

import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from stagebook.serving import ids
from stagebook.serving.log.request_log import LogEntry, RequestLog

DAY = "2026-11-28"
NEXT = "2026-11-29"
FRAME = pd.DataFrame({"distance": [200, 1400], "carrier": ["UA", "B6"]})
PREDICTIONS = pd.DataFrame({"prediction": [0.25, 0.1 + 0.2]})


def noon(day: str = DAY) -> float:
    """A time on a day, seconds since 1970."""
    return datetime.datetime.fromisoformat(f"{day}T12:00:00.123457+00:00").timestamp()


def entry(day: str = DAY, **facts: Any) -> LogEntry:
    """A request with two rows that gets predictions."""
    values: dict[str, Any] = {
        "request": ids.new_id(),
        "time": noon(day),
        "package": "sha256:" + "a" * 64,
        "route": "/invocations",
        "status": 200,
        "features": FRAME,
        "predictions": PREDICTIONS,
        "warnings": (),
        "problems": (),
        "milliseconds": 1.25,
    }
    return LogEntry(**{**values, **facts})


def opened(folder: Path, day: str = DAY, **options: Any) -> RequestLog:
    """A log whose clock stands at noon of a day."""
    return RequestLog.open(folder, clock=lambda: noon(day), **options)


def logged(folder: Path, *entries: LogEntry, day: str = DAY, **options: Any) -> RequestLog:
    """A closed log with some entries."""
    log = opened(folder, day, **options)
    for item in entries:
        log.add(item)
    log.close()
    return log


def names(folder: Path) -> list[str]:
    """The files of a folder without locks and hidden files."""
    return sorted(
        path.name
        for path in folder.glob("*")
        if not path.name.startswith(".") and path.suffix != ".lock"
    )
