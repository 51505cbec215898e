"""What is in the table of a feature view, without reading it as a whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.features.definitions import FeatureView
from stagebook.project.errors import StagebookError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class TableState:
    """The table of a feature view, as it is now.

    Attributes:
        exists: Whether it is there.
        rows: How many rows it has; None if that is not known.
        newest: The latest known time in it, in ISO 8601 and in the zone of its column; None
            without any.
        trouble: Why it cannot be read; empty if it can.
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
        from stagebook.data.tables.newest import newest
        from stagebook.data.tables.table import Table

        if not (root / view.table).exists():
            return cls(exists=False)
        try:
            table = Table.open(
                root, view.table, Contract(view.name, view.pandera).types((view.known_time,))
            )
            if trouble := _trouble(view.known_time, table.columns):
                return cls(True, table.rows, trouble=trouble)
            latest = newest(table, view.known_time)
        except StagebookError as error:
            return cls(True, trouble=error.problems[0].message.rstrip("."))
        text = latest.isoformat() if hasattr(latest, "isoformat") else latest
        return cls(True, table.rows, None if text is None else str(text))


def _trouble(name: str, columns: "pa.Schema") -> str:
    """Why a column is no column of times; empty if it is."""
    import pyarrow as pa

    if name not in columns.names:
        return f"it has no column {name}"
    type_ = columns.field(name).type
    return "" if pa.types.is_timestamp(type_) else f"{name} has the type {type_}"
