"""The JSON of a monitor's status, read into types."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.project import typed_json
from stagebook.project.errors import Problem, StagebookError, Where

if TYPE_CHECKING:
    from stagebook.monitoring.status import MonitorStatus

FORMAT = 1
"""The format of ``MonitorStatus.as_json``."""


@dataclass(frozen=True, slots=True)
class SignalJson:
    """A signal; see ``signal.Signal``."""

    kind: str
    state: str
    subject: str
    period: str
    since: str
    sentence: str
    value: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class PeriodJson:
    """The part of a period that a decision needs; see ``period_status.PeriodStatus``."""

    cadence: str
    name: str
    rows: int
    labelled: float | None


@dataclass(frozen=True, slots=True)
class LossJson:
    """The part of a watched loss that a decision needs; see ``watched_loss.WatchedLoss``."""

    name: str
    source: str
    reference: float
    reference_error: float
    limit: float
    unit: float
    risen: bool
    since: str | None
    days: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class StatusJson:
    """The part of a status that a decision needs; see ``status.MonitorStatus``."""

    format: int
    model: str
    package: str
    state: str
    kind: str
    false_alarms: float
    first: str
    last: str
    signals: tuple[SignalJson, ...]
    periods: tuple[PeriodJson, ...]
    losses: tuple[LossJson, ...]

    def loss(self, name: str, source: str) -> LossJson | None:
        """A watched loss; None if it is not watched."""
        own = (loss for loss in self.losses if (loss.name, loss.source) == (name, source))
        return next(own, None)


def read(status: "MonitorStatus | Mapping[str, Any] | Path | str") -> StatusJson:
    """The status as types.

    Args:
        status: The status, its JSON, or the file with it.

    Raises:
        StagebookError: It is none, or of another format (``bad-monitor-status``).
    """
    where = Where(Path(status).name) if isinstance(status, str | Path) else None
    try:
        values = plain(status)
        if refusal := _refusal(values):
            raise ValueError(f"the monitor made none, and said: {refusal}")
        if isinstance(values, Mapping) and values.get("format", FORMAT) != FORMAT:
            raise ValueError(f"it has format {values['format']}, not {FORMAT}")
        read_status = typed_json.convert(values, StatusJson)
        _check(read_status)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"The status of the monitor cannot be read: {reason}."
        hint = "Write it again with this version: stagebook monitor --json > status.json"
        raise StagebookError(Problem("bad-monitor-status", message, hint, where)) from None
    return read_status


def _refusal(values: Any) -> str:
    """Why the monitor made no status, if that is what it printed; empty otherwise."""
    is_refusal = isinstance(values, Mapping) and set(values) == {"problems"}
    problems = values["problems"] if is_refusal else ()
    texts = [
        item["message"] for item in problems if isinstance(item, Mapping) and "message" in item
    ]
    return " ".join(map(str, texts)).rstrip(".")


def plain(source: Any) -> Any:
    """Plain values from an object with ``as_json``, from plain values, or from a file.

    Objects go through JSON too, so that a file and an object cannot lead to other values.
    """
    if isinstance(source, str | Path):
        return typed_json.load(Path(source).read_bytes())
    if not isinstance(source, Mapping) and not hasattr(source, "as_json"):
        raise ValueError(f"a {type(source).__name__} has no JSON")
    values = source if isinstance(source, Mapping) else source.as_json()
    return typed_json.load(json.dumps(values, default=str))


def _check(status: StatusJson) -> None:
    """Raises ValueError if a number or a day is impossible."""
    if status.first or status.last:
        date.fromisoformat(status.first)
        date.fromisoformat(status.last)
    for loss in status.losses:
        numbers = [loss.reference, loss.reference_error, loss.limit]
        if not all(0 <= value <= 1 for value in (*numbers, *(value for _, value in loss.days))):
            raise ValueError(f"the loss `{loss.name}` is not from 0 to 1")
        if not 0 < loss.unit < math.inf:
            raise ValueError(f"the unit of the loss `{loss.name}` is not above 0")
    if not 0 < status.false_alarms < math.inf:
        raise ValueError("the budget of false alarms is not above 0")
    if any(period.rows < 0 for period in status.periods):
        raise ValueError("a period has fewer than 0 rows")
