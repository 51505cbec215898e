"""A table of what came true, for the predictions of a log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.tables.table import Table, TableFormat
from stagebook.monitoring import join_keys, label_columns
from stagebook.monitoring.label_bucket import LabelBucket
from stagebook.monitoring.label_columns import LabelOptions
from stagebook.monitoring.label_groups import LabelGroups
from stagebook.monitoring.label_problems import EXAMPLES, Findings
from stagebook.monitoring.label_values import Flags, Kind, LabelValues
from stagebook.project.errors import Problem, Where

__all__ = ["LabelOptions", "Labels"]

_BUCKETS = 64  # that are kept; the rows of a day have few


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    r"""Labels, each prediction's once.

    Each row of the table is one of these: it has the label that counts, or it is counted in
    ``findings``.

    Attributes:
        path: The table.
        options: Its columns.
        kind: What the package predicts.
        rows: Rows of the table.
        groups: The labels by day of the prediction and key.
        findings: What is wrong with rows.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from stagebook.monitoring.labels import LabelOptions, Labels
        >>> prediction = "019acb0e5c1f7d3a9b2e4f6071829304"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "labels.csv"
        ...     lines = ["prediction,late", f"{prediction}-0,1", f"{prediction}-1,0", "?,1"]
        ...     _ = path.write_text("\n".join(lines))
        ...     labels = Labels.open(path, LabelOptions("late"))
        >>> labels.days, len(labels), labels.findings.rows
        (('2025-11-28',), 2, {'no-label-key': 1})
    """

    path: Path
    options: LabelOptions
    kind: Kind
    rows: int
    groups: LabelGroups
    findings: Findings
    _buckets: dict[int, LabelBucket] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        path: Path,
        options: LabelOptions,
        kind: Kind = "binary",
        types: Mapping[str, pa.DataType] | None = None,
        until: int | None = None,
    ) -> Self:
        """The labels in a table.

        Args:
            path: Any table: Parquet, CSV, Feather, JSON Lines, or a folder of Parquet parts.
            options: Its columns.
            kind: What the package predicts: true or false, or a number.
            types: Types of columns of CSV and JSON Lines, such as text for a key with zeros at its
                beginning.
            until: Labels that were known then or later are left out; nanoseconds since 1970.

        Raises:
            StagebookError: The table cannot be read, lacks a column (``no-label-column``), or has a
                column of another type (``label-of-another-type``, ``label-time``).
        """
        table = Table.open(path.parent, path.name, types)
        label_columns.require_columns(table, options, path)
        names = list(options.columns)
        schema = pa.schema([table.columns.field(name) for name in names])
        rows = pa.Table.from_batches(table.batches(names), schema).combine_chunks()
        columns = {name: _one_array(rows[name]) for name in names}
        if until is not None:
            columns = label_columns.known_until(path, options, columns, until)
        return cls._of_columns(path, options, kind, columns, table.format is TableFormat.CSV)

    @classmethod
    def _of_columns(
        cls,
        path: Path,
        options: LabelOptions,
        kind: Kind,
        columns: Mapping[str, pa.Array],
        is_text: bool,
    ) -> Self:
        findings = Findings()
        column = columns[options.label]
        labels = LabelValues.of(column, kind, is_text=is_text)
        if labels.refused.any() and (labels.refused | labels.missing).all():
            label_columns.require_type(path, options.label, column, kind)
        keys, days = _keys(path, options, columns)
        is_keyless = np.asarray(pc.is_null(keys).to_numpy(zero_copy_only=False), np.bool_)
        examples = _examples(columns, options.joined_by)
        _add(findings, "no-label-key", is_keyless, examples)
        _add(findings, "null-label", ~is_keyless & labels.missing, examples)
        _add(findings, "label-of-another-type", ~is_keyless & labels.refused, examples)
        known, is_timeless = label_columns.known(path, options, columns)
        is_kept = ~(is_keyless | labels.missing | labels.refused)
        _add(findings, "label-time", is_kept & is_timeless, examples)
        is_kept &= ~is_timeless
        kept = keys.filter(pa.array(is_kept))
        groups = LabelGroups.of(days[is_kept], kept, labels.values[is_kept], known[is_kept])
        _add_groups(findings, groups)
        return cls(path, options, kind, len(column), groups, findings)

    def __len__(self) -> int:
        """Number of predictions with a label, contradictory ones too."""
        return len(self.groups.days)

    @property
    def days(self) -> tuple[str, ...]:
        """The days of the predictions, or of the instants beside keys, ascending."""
        return tuple(join_keys.day_name(day) for day in np.unique(self.groups.days))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with rows of the table."""
        return self.findings.problems(Where(str(self.path)))

    def bucket(self, day: int) -> LabelBucket:
        """The labels of the predictions of a day.

        Args:
            day: Days since 1970-01-01.
        """
        bucket = self._buckets.get(day)
        if bucket is None:
            if len(self._buckets) >= _BUCKETS:
                self._buckets.clear()
            bucket = self._buckets[day] = self._bucket(day)
        return bucket

    def span(self, day: int) -> slice:
        """The places of the labels of a day among all groups."""
        first, last = np.searchsorted(self.groups.days, [day, day + 1])
        return slice(int(first), int(last))

    def _bucket(self, day: int) -> LabelBucket:
        groups, own = self.groups, self.span(day)
        if own.start == own.stop:
            return LabelBucket.empty()
        keys = groups.keys.slice(own.start, own.stop - own.start)
        return LabelBucket(keys, groups.values[own], groups.known[own])


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _keys(
    path: Path, options: LabelOptions, columns: Mapping[str, pa.Array]
) -> tuple[pa.Array, join_keys.Days]:
    """What each row is joined by, null for none, and the day of its prediction."""
    if options.key:
        instants = label_columns.times(path, str(options.instant), columns[str(options.instant)])
        keys = join_keys.entity_keys([columns[name] for name in options.key], instants)
    else:
        keys = join_keys.prediction_ids(columns[options.prediction])
        instants = keys
    days = np.full(len(keys), join_keys.NO_DAY, np.int64)
    is_valid = pc.is_valid(keys)
    days_of = join_keys.days_of_instants if options.key else join_keys.days_of_ids
    days[is_valid.to_numpy(zero_copy_only=False)] = days_of(instants.filter(is_valid))
    return keys, days


@dataclass(frozen=True, slots=True)
class _Examples:
    """Names of rows, for problems."""

    columns: Sequence[pa.Array]

    def of(self, rows: Flags) -> list[str]:
        """The first few of some rows."""
        places = np.flatnonzero(rows)[:EXAMPLES].tolist()
        return [
            ", ".join(str(column[place].as_py()) for column in self.columns) for place in places
        ]


def _examples(columns: Mapping[str, pa.Array], names: Sequence[str]) -> _Examples:
    return _Examples([columns[name] for name in names])


def _add(findings: Findings, code: str, rows: Flags, examples: _Examples) -> None:
    findings.add(code, int(rows.sum()), examples.of(rows))


def _add_groups(findings: Findings, groups: LabelGroups) -> None:
    """Counts rows whose label is another row's, or contradicts it."""
    is_wrong = np.isnan(groups.values)
    repeated = np.where(is_wrong, 0, groups.equal - 1)
    corrected = np.where(is_wrong, 0, groups.rows - groups.equal)
    wrong = np.where(is_wrong, groups.rows, 0)
    counts = {
        "repeated-label": repeated,
        "corrected-label": corrected,
        "contradictory-labels": wrong,
    }
    for code, rows in counts.items():
        places = np.flatnonzero(rows)[:EXAMPLES]
        keys = groups.keys.take(pa.array(places, pa.int64())).to_pylist()
        findings.add(code, int(rows.sum()), map(join_keys.readable, keys))
