"""Counts the features, or the predictions, of logged rows on the grids of a package."""

import json
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.profiles.column import Column, ColumnKind, Numbers
from stagebook.data.profiles.counting import NumberTally
from stagebook.data.profiles.kinds import kind_of
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.profiling import BooleanTally, DetailTally, OtherTally
from stagebook.data.profiles.texts import TextTally
from stagebook.data.tables.hashing import as_text
from stagebook.monitoring.side_summary import SideSummary
from stagebook.serving.log import frame_arrow
from stagebook.serving.log.frame_shape import ColumnShape, Kind
from stagebook.serving.log.table import StoredShape

OBJECTS = "object"
"""The type of a column of Python objects, which the log keeps as JSON."""


@dataclass(slots=True)
class _ColumnTally:
    """The counts of one column of the reference so far."""

    reference: Column
    tally: DetailTally
    rows: int = 0

    @classmethod
    def of(cls, reference: Column) -> "_ColumnTally":
        return cls(reference, _empty(reference))

    def add(self, values: pa.ChunkedArray) -> None:
        self.rows += len(values)
        self.tally.add(values, 0)

    def column(self) -> Column:
        nulls = self.rows - self.tally.present
        own = self.reference
        return Column(own.name, own.type, own.kind, self.rows, nulls, self.tally.detail())


def _empty(reference: Column) -> DetailTally:
    if isinstance(reference.detail, Numbers):
        return NumberTally(reference.detail.grid)
    if reference.kind is ColumnKind.TEXT:
        return TextTally()
    return BooleanTally() if reference.kind is ColumnKind.BOOLEAN else OtherTally()


@dataclass(slots=True)
class SideTally:
    """The counts of one side so far.

    Attributes:
        rows: Rows that have this side.
    """

    rows: int = 0
    _columns: dict[str, _ColumnTally] = field(default_factory=dict)
    _others: dict[tuple[str, str, ColumnKind], list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, reference: Profile) -> "SideTally":
        """An empty tally.

        Args:
            reference: The package's profile of this side, for its grids.
        """
        return cls(0, {column.name: _ColumnTally.of(column) for column in reference.columns})

    def add(self, stored: StoredShape, rows: pa.Table, pool: Executor) -> None:
        """Counts more rows.

        Args:
            stored: The shape that all of them have.
            rows: The rows.
            pool: Where columns are counted.
        """
        self.rows += rows.num_rows
        work = []
        for shape, name in zip(stored.shape, stored.names, strict=True):
            tally, values = self._columns.get(str(shape.name)), rows[name]
            fitting = _fitting(tally.reference, shape, values) if tally else None
            if tally is None or fitting is None:
                self._set_aside(shape, values)
            else:
                work.append((tally, fitting))
        for _ in pool.map(lambda pair: pair[0].add(pair[1]), work):
            pass

    def _set_aside(self, shape: ColumnShape, values: pa.ChunkedArray) -> None:
        type_ = frame_arrow.type_of(shape)
        key = (str(shape.name), str(type_), kind_of(type_))
        if shape.kind is Kind.OTHER:
            key = (str(shape.name), OBJECTS, ColumnKind.OTHER)
        counts = self._others.setdefault(key, [0, 0])
        counts[0] += len(values)
        counts[1] += values.null_count

    def summary(self) -> SideSummary:
        """The summary of the counted rows."""
        return SideSummary(
            tuple(tally.column() for tally in self._columns.values()),
            tuple(self._sorted_others()),
            self.rows,
        )

    def _sorted_others(self) -> Iterator[Column]:
        for (name, type_, kind), (rows, nulls) in sorted(self._others.items()):
            yield Column(name, type_, kind, rows, nulls, None)


def _fitting(
    reference: Column, shape: ColumnShape, values: pa.ChunkedArray
) -> pa.ChunkedArray | None:
    """The values as the reference has them; None if they are of another kind.

    Nulls alone fit each kind: the log does not know of which type missing objects are.
    """
    if values.null_count == len(values):
        return pa.chunked_array([pa.nulls(len(values), _plain_type(reference))])
    if shape.kind is Kind.OTHER:
        is_other = reference.kind is ColumnKind.OTHER
        return values if is_other else _of_objects(reference, values)
    if shape.kind is Kind.CATEGORY and reference.kind is ColumnKind.TEXT:
        is_text = kind_of(values.type) is ColumnKind.TEXT
        return values if is_text else pa.chunked_array([as_text(values.combine_chunks())])
    return _with_nulls(reference, values) if _is_alike(reference, values.type) else None


def _with_nulls(reference: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values with null for NaN, unless the reference has NaN.

    pandas has NaN for a missing number, and writes it as null: a training table has nulls where
    the rows of a request have NaN.
    """
    has_nan = isinstance(reference.detail, Numbers) and reference.detail.nan
    if has_nan or not pa.types.is_floating(values.type):
        return values
    missing = pc.is_nan(values)
    return pc.if_else(missing, None, values) if pc.any(missing).as_py() else values


def _is_alike(reference: Column, type_: pa.DataType) -> bool:
    """Whether values of a type can be counted with those of a reference."""
    are_instants = {name.startswith(("date", "timestamp")) for name in (reference.type, str(type_))}
    return kind_of(type_) is reference.kind and len(are_instants) == 1


def _of_objects(reference: Column, texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Python objects, which the log has as JSON, as values of the reference's kind."""
    try:
        plain = [None if text is None else json.loads(text) for text in texts.to_pylist()]
        values = pa.array(plain)
        if reference.type.startswith(("date", "timestamp")):
            values = values.cast(pa.timestamp("us"))
    except (ValueError, pa.ArrowException):
        return None
    objects = pa.chunked_array([values])
    return _with_nulls(reference, objects) if _is_alike(reference, values.type) else None


def _plain_type(reference: Column) -> pa.DataType:
    plain = {
        ColumnKind.NUMBER: pa.float64(),
        ColumnKind.TIME: pa.timestamp("us"),
        ColumnKind.BOOLEAN: pa.bool_(),
    }
    return plain.get(reference.kind, pa.string())
