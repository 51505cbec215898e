"""All days of a log with their labels, and the labels that belong to none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from stagebook.monitoring import join_keys
from stagebook.monitoring.label_join import JoinedDay
from stagebook.monitoring.label_problems import EXAMPLES, Findings
from stagebook.monitoring.label_use import LabelUse
from stagebook.monitoring.label_values import Flags
from stagebook.monitoring.labelled_day import NOT_LOGGED, LabelledDay
from stagebook.monitoring.labels import Labels
from stagebook.project.errors import Problem, Where
from stagebook.project.text import counted


@dataclass(frozen=True, slots=True)
class LabelledLog:
    """What a log and a table of labels say together.

    Attributes:
        days: The counts of each day, package and role; ascending.
        joined: Labels that belong to a prediction of the log.
        unknown: Labels that belong to none.
        early: Labels that were known before their prediction.
        problems: What is wrong with the labels, and days that could not be read.
    """

    days: tuple[LabelledDay, ...]
    joined: int
    unknown: int
    early: int
    problems: tuple[Problem, ...]

    @classmethod
    def of(
        cls,
        labels: Labels,
        joined: Sequence[JoinedDay],
        problems: Sequence[Problem],
        by: Sequence[str],
        *,
        is_whole: bool,
    ) -> Self:
        """The days together.

        Args:
            labels: The labels that were joined.
            joined: The days of the log.
            problems: Days that could not be read.
            by: The columns of the slices.
            is_whole: Whether these are all days of the log, so that a label without a prediction
                is known to have none.
        """
        is_joined, is_early, is_unsure = _flags(labels, joined)
        is_unknown = ~(is_joined | is_unsure | np.isnan(labels.groups.values))
        if not is_whole:
            is_unknown[:] = False
        findings = Findings(dict(labels.findings.rows), dict(labels.findings.examples))
        _add(findings, "unknown-prediction", labels, is_unknown)
        _add(findings, "label-before-prediction", labels, is_early)
        days = tuple(day for item in joined for day in item.days)
        where = Where(str(labels.path))
        own = (*findings.problems(where), *_keyless(joined, where), *_unsliced(days, by))
        counts = [int(flags.sum()) for flags in (is_joined, is_unknown, is_early)]
        return cls(days, counts[0], counts[1], counts[2], (*own, *problems))

    def of_package(self, package: str, role: str = "champion") -> tuple[LabelledDay, ...]:
        """The days of one package.

        Args:
            package: Its digest.
            role: ``champion`` or ``challenger``.
        """
        return tuple(day for day in self.days if (day.package, day.role) == (package, role))


def _flags(labels: Labels, joined: Iterable[JoinedDay]) -> tuple[Flags, Flags, Flags]:
    """Which labels belong to a prediction, were early, and are of days that are gone."""
    flags = (np.zeros(len(labels), np.bool_) for _ in range(3))
    is_joined, is_early, is_unsure = flags
    for item in joined:
        for day, use in item.uses.items():
            own = labels.span(day)
            if is_of(use, labels, day):
                is_joined[own] |= use.joined
                is_early[own] |= use.early
            else:  # the labels changed after the log's files were deleted
                is_unsure[own] = True
    return is_joined, is_early, is_unsure


def is_of(use: LabelUse, labels: Labels, day: int) -> bool:
    """Whether a day was joined with the labels as they are now."""
    return use.digest == labels.bucket(day).digest


def _add(findings: Findings, code: str, labels: Labels, rows: Flags) -> None:
    places = pa.array(np.flatnonzero(rows)[:EXAMPLES], pa.int64())
    keys = labels.groups.keys.take(places).to_pylist()
    findings.add(code, int(rows.sum()), map(join_keys.readable, keys))


def _keyless(joined: Iterable[JoinedDay], where: Where) -> tuple[Problem, ...]:
    rows = sum(item.keyless for item in joined)
    if not rows:
        return ()
    message = f"The log has no key for {counted(rows, 'row')}, so no label can be joined."
    hint = (
        "The log keeps the key of requests that send keys instead of features. Join others by the "
        "id of the prediction."
    )
    return (Problem("no-logged-key", message, hint, where),)


def _unsliced(days: Sequence[LabelledDay], by: Sequence[str]) -> Iterable[Problem]:
    for column in by:
        if days and all(set(day.slices.get(column, {})) <= {NOT_LOGGED} for day in days):
            message = f"The log has no column `{column}` to count rows by."
            hint = "Name features or keys of requests that the log does not leave out."
            yield Problem("no-slice-column", message, hint)
