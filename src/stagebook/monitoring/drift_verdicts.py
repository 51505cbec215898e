"""What the comparison of a period concluded, kept so that a closed period is compared once."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from stagebook.monitoring import day_summary
from stagebook.monitoring.kept_files import not_kept
from stagebook.monitoring.periods import Period
from stagebook.monitoring.signal import SignalKind
from stagebook.project.errors import Problem
from stagebook.project.files import write_whole

FILE = "verdicts.json"
FORMAT = 1
"""Another one makes all verdicts be computed again; so must any change of how drift is judged."""


@dataclass(frozen=True, slots=True)
class DriftedColumn:
    """A column that drifted in a period.

    Attributes:
        kind: Whether it is a feature or a prediction.
        column: Its name.
        effect: Its distance from the reference.
        limit: The largest distance that is no drift.
    """

    kind: SignalKind
    column: str
    effect: float
    limit: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": self.kind.value,
            "column": self.column,
            "effect": self.effect,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison of one side of a period concluded.

    Attributes:
        compared: Columns that were compared; 0 if there were none in common.
        drifted: Those of them that drifted.
    """

    compared: int
    drifted: tuple[DriftedColumn, ...] = ()


@dataclass(slots=True)
class VerdictStore:
    """The verdicts of closed periods, in one file.

    A verdict holds for the files of the period's days. If these are others, the day is still
    written, or the file is damaged or of other settings, the period is compared again.

    Attributes:
        path: The file.
        key: The package and the budget.
        versions: By day, what changes with its files; days that are still written have none.
    """

    path: Path
    key: Mapping[str, Any]
    versions: Mapping[str, str]
    _kept: dict[str, list[Any]] = field(default_factory=dict)
    _is_new: bool = False

    @classmethod
    def read(
        cls, folder: Path, package: str, false_alarms: float, versions: Mapping[str, str]
    ) -> Self:
        """The verdicts in a folder; none if there is no file of this package and budget.

        Args:
            folder: The folder of the package's summaries.
            package: The package's digest.
            false_alarms: See ``ErrorBudget``.
            versions: See the attribute.
        """
        formats = [FORMAT, day_summary.FORMAT]
        key = {"format": formats, "package": package, "false_alarms": false_alarms}
        store = cls(folder / FILE, key, versions)
        try:
            values = json.loads(store.path.read_bytes())
            if {name: values[name] for name in key} == key:
                store._kept = dict(values["verdicts"])
        except (OSError, KeyError, TypeError, ValueError, RecursionError):
            store._is_new = True
        return store

    def get(self, kind: SignalKind, period: Period) -> Verdict | None:
        """The verdict on one side of a period; None if it must be compared."""
        version = self._version(period)
        try:
            seen, compared, drifted = self._kept[_name(kind, period)]
            if version is None or seen != version:
                return None
            columns = [(str(name), float(effect), float(limit)) for name, effect, limit in drifted]
            return Verdict(int(compared), tuple(DriftedColumn(kind, *own) for own in columns))
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, kind: SignalKind, period: Period, verdict: Verdict) -> None:
        """Adds a verdict, if no day of the period is still written."""
        version = self._version(period)
        if version is not None:
            drifted = [[own.column, own.effect, own.limit] for own in verdict.drifted]
            name, values = _name(kind, period), [version, verdict.compared, drifted]
            self._is_new = self._is_new or self._kept.get(name) != values
            self._kept[name] = values

    def keep(self) -> tuple[Problem, ...]:
        """Writes the file if something was added; where it cannot be written, says so."""
        if not self._is_new:
            return ()
        try:
            write_whole(
                self.path, day_summary.dump({**self.key, "verdicts": self._kept}), exact=True
            )
        except OSError as error:
            what = "The verdicts on closed days cannot be kept"
            return (not_kept("summary-not-kept", what, error, self.path.parent),)
        return ()

    def _version(self, period: Period) -> str | None:
        """What changes with the files of a period's days; None if one of them is still written."""
        versions = [self.versions.get(day) for day in period.summary.days]
        if None in versions:
            return None
        return hashlib.sha256(repr((period.summary.days, versions)).encode()).hexdigest()[:16]


def _name(kind: SignalKind, period: Period) -> str:
    return f"{kind.value} {period.name}"
