"""What is in the table of a feature view, without reading it as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.features.definitions import FeatureView
from stagebook.project.errors import StagebookError

if TYPE_CHECKING:
    import pyarrow as pa

    from stagebook.data.tables.table import Table

_NO_NUMBERS = (("text", "numbers"), ("text", "whole numbers"))
"""What cells of text have, and the schema wants, if they cannot be read as numbers."""


@dataclass(frozen=True, slots=True)
class TableState:
    """The table of a feature view, as it is now.

    Attributes:
        exists: Whether it is there.
        rows: How many rows it has; None if that is not known.
        newest: The latest known time in it, in ISO 8601 and in the zone of its column; None
            without any.
        trouble: Why it cannot be read, or where it differs from the view's schema; empty if it
            serves the view.
    """

    exists: bool
    rows: int | None = None
    newest: str | None = None
    trouble: str = ""

    @classmethod
    def read(cls, view: FeatureView, root: Path) -> "TableState":
        """The state of a view's table.

        Args:
            view: The view.
            root: The project's root.
        """
        from stagebook.data.contracts.contract import Contract
        from stagebook.data.tables.table import Table

        if not (root / view.table).exists():
            return cls(exists=False)
        try:
            types = Contract(view.name, view.pandera).types((view.event_time, view.known_time))
            table = Table.open(root, view.table, types)
            trouble = "; ".join(_troubles(view, table))
            return cls(True, table.rows, _newest(table, view.known_time), trouble)
        except StagebookError as error:
            return cls(True, trouble=error.problems[0].message.rstrip("."))


def _of(view: FeatureView) -> tuple[str, ...]:
    """The columns that a view takes of its table."""
    names = (*view.entity.keys, view.event_time, view.known_time, *view.features)
    return tuple(dict.fromkeys(names))


def _newest(table: "Table", name: str) -> str | None:
    """The latest time in a column; None if it has none, or is no column of times."""
    import pyarrow as pa

    from stagebook.data.tables.newest import newest

    if name not in table.columns.names:
        return None
    if not pa.types.is_timestamp(table.columns.field(name).type):
        return None
    latest = newest(table, name)
    if latest is None:
        return None
    return str(latest.isoformat() if hasattr(latest, "isoformat") else latest)


def _troubles(view: FeatureView, table: "Table") -> Iterator[str]:
    """What a table lacks, or has in another type than its view needs."""
    times = (view.event_time, view.known_time)
    for name in _of(view):
        if name not in table.columns.names:
            yield f"it has no column {name}"
            continue
        type_ = table.columns.field(name).type
        if name in times:
            yield from _not_a_time(type_, name)
        else:
            yield from _of_another_type(type_, name, view, table)


def _not_a_time(type_: "pa.DataType", name: str) -> Iterator[str]:
    import pyarrow as pa

    if pa.types.is_null(type_):
        return
    if not pa.types.is_timestamp(type_):
        yield f"{name} has the type {type_} instead of timestamps"
    elif type_.tz is None:
        yield f"{name} has no time zone"


def _of_another_type(
    type_: "pa.DataType", name: str, view: FeatureView, table: "Table"
) -> Iterator[str]:
    from stagebook.features import schema_types

    kinds = schema_types.conflict(type_, name, view)
    if kinds is None:
        return
    if name in table.untyped and kinds not in _NO_NUMBERS:
        return  # the schema gives the type, and the cells fit several
    # a column without any value fits every type; the first batch with a value ends the search
    if any(batch.column(0).null_count < batch.num_rows for batch in table.batches([name])):
        yield f"{name} has {kinds[0]}, but {kinds[1]} in the schema"
