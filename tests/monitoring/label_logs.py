"""Real logs with predictions of chosen days, and tables of labels for them."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stagebook.monitoring.label_join import Judged
from stagebook.monitoring.labels import LabelOptions, Labels
from stagebook.serving import ids
from stagebook.serving.log.request_log import LogEntry, RequestLog

DAYS = ("2026-11-27", "2026-11-28", "2026-11-29")
TODAY = "2026-12-01"
PACKAGE = "a" * 64
LATE = Judged("binary", "late", by=("carrier",))

_numbers = iter(range(1, 1 << 60))


def noon(day: str) -> float:
    """A time on a day, seconds since 1970."""
    return datetime.datetime.fromisoformat(f"{day}T12:00:00.125+00:00").timestamp()


def request_id(time: float) -> str:
    """A new id of a request at a time."""
    return f"{round(time * 1000):012x}7000{0x8000000000000000 + next(_numbers):016x}"


def entry(day: str, scores: list[float | None], **facts: Any) -> LogEntry:
    """A request whose rows get scores."""
    time = facts.pop("time", noon(day))
    carriers = ["UA", "B6", "AA"]
    values: dict[str, Any] = {
        "request": request_id(time),
        "time": time,
        "package": PACKAGE,
        "route": "/predict",
        "status": 200,
        "features": pd.DataFrame({"carrier": [carriers[n % 3] for n in range(len(scores))]}),
        "predictions": pd.DataFrame({"late": np.array(scores, np.float64)}),
        "warnings": (),
        "problems": (),
        "milliseconds": 1.0,
    }
    return LogEntry(**{**values, **facts})


def write(log: Path, *entries: LogEntry, today: str = TODAY, **options: Any) -> None:
    """Logs entries; days before today are closed."""
    opened = RequestLog.open(log, clock=lambda: noon(today), **options)
    for item in entries:
        opened.add(item)
    opened.close()
    assert opened.state.ok


def predictions(*entries: LogEntry) -> Iterator[str]:
    """The ids of all predictions of some requests."""
    for item in entries:
        assert item.predictions is not None
        for row in range(len(item.predictions)):
            yield ids.prediction_id(item.request, row)


def labels(path: Path, columns: dict[str, Any], kind: Any = "binary", **options: Any) -> Labels:
    """Labels in a Parquet file, under the name ``came``."""
    pd.DataFrame(columns).to_parquet(path)
    return Labels.open(path, LabelOptions("came", **options), kind)
