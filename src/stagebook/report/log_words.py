"""An entry of the log in words that terminal and site share."""

import math
from collections.abc import Iterator
from typing import Any

from stagebook.history.comparison import differ
from stagebook.history.log import LogEntry
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.stage import source_path
from stagebook.project.text import plain
from stagebook.report.lineage_words import value
from stagebook.report.metric_words import shown

_LARGEST = 10**15  # from here on, digits are left out

MOST = 4
"""Changes and metrics of each kind that are named."""

_LONGEST = 24


def took(seconds: Any) -> str:
    """How long it took; empty where that is not known."""
    if not isinstance(seconds, (int, float)):
        return ""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def changed(row: LogEntry) -> Iterator[str]:
    """What changed since the build of the stage before, one thing each."""
    changes = row.changes
    if row.first:
        yield "first execution"
        return
    yield from _pairs(changes.parameters)
    if changes.cells:
        yield f"{changes.cells} cell{'' if changes.cells == 1 else 's'}"
    elif changes.code and not changes.modules:
        yield "code"
    yield from _some(changes.modules)
    yield from _some(changes.data)
    yield from _pairs(changes.packages)
    if not (changes.parameters or changes.code or changes.data or changes.packages):
        yield "nothing changed"


def rebuilt(now: LockEntry, before: LockEntry | None) -> tuple[str, ...]:
    """What changed from one ``dvc.lock`` to another for a stage, one thing each; empty for nothing.

    Args:
        now: What the lock has of the stage.
        before: What the other has of it; None if it has nothing.
    """
    if before is None:
        return ("a new stage",)
    values, paths = now.changed(before)
    source = source_path(now.stage)
    code = ("code or packages",) if source in paths else ()
    return (*_pairs(values), *code, *_some([path for path in paths if path != source]))


def _pairs(pairs: Any) -> list[str]:
    return _some([f"{name} {_shown(old)} → {_shown(new)}" for name, (old, new) in pairs.items()])


def _some(listed: Any) -> list[str]:
    shown = [plain(item) for item in listed[:MOST]]
    return [*shown, f"{len(listed) - MOST} more"] if len(listed) > MOST else shown


def _shown(item: Any) -> str:
    return "none" if item is None else plain(value(item), _LONGEST)


def measured(row: LogEntry, headline: frozenset[str]) -> list[str]:
    """The metrics that the project shows first, and of the others those that are not as before."""
    first, changed = [], []
    for name, (before, now) in row.changes.metrics.items():
        text = f"{name} {_number(now)}{_difference(before, now)}"
        if name in headline:
            first.append(text)
        elif differ(before, now):
            changed.append(text)
    return [*first, *_some(changed)]


def _number(item: Any) -> str:
    is_long = isinstance(item, int) and abs(item) > _LARGEST
    return value(item) if _is_finite(item) and not is_long else shown(item)


def _difference(before: Any, now: Any) -> str:
    if before is None or isinstance(now, bool) or isinstance(before, bool) or before == now:
        return ""
    if not (_is_finite(before) and _is_finite(now)):
        return f" ({_number(before)} before)" if differ(before, now) else ""
    try:
        return f" ({now - before:+.4g})"
    except OverflowError:  # a whole number that no double can hold
        return f" ({_number(before)} before)"


def _is_finite(item: Any) -> bool:
    return not isinstance(item, float) or math.isfinite(item)
