"""How far apart two forms of one model are on the same rows."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from stagebook.model.golden import distance
from stagebook.project.errors import Problem


@dataclass(frozen=True, slots=True)
class LargestDifference:
    """The place where two predictions are farthest apart.

    Attributes:
        difference: Of numbers the absolute difference; infinite for texts that differ, and for a
            value that only one of the two has.
        row: The row, counted from 1; the first of several.
        column: The output.
        original: What the original says there.
        exported: What the other form says.
    """

    difference: float
    row: int
    column: str
    original: Any
    exported: Any


@dataclass(frozen=True, slots=True)
class Parity:
    """Two forms of a model, compared row by row.

    Attributes:
        rows: Rows compared.
        columns: Outputs compared.
        off: Rows with a difference above the tolerance.
        largest: Where they are farthest apart; None without rows.
        tolerance: How far they may be apart.
    """

    rows: int
    columns: tuple[str, ...]
    off: int
    largest: LargestDifference | None
    tolerance: float

    @classmethod
    def of(cls, original: pd.DataFrame, exported: pd.DataFrame, tolerance: float) -> Self:
        """The comparison of two frames of predictions.

        Args:
            original: n rows.
            exported: n rows of the same columns.
            tolerance: How far a number may be off; finite, 0 or more.
        """
        columns = tuple(map(str, original.columns))
        far = [distance(original[name], exported[name]) for name in original]
        off = np.column_stack(far) if far else np.empty((len(original), 0))
        over = int((off > tolerance).any(axis=1).sum())
        if not off.size:
            return cls(len(original), columns, over, None, tolerance)
        row, column = (int(place) for place in np.unravel_index(np.argmax(off), off.shape))
        values = (_plain(frame.iat[row, column]) for frame in (original, exported))
        largest = LargestDifference(float(off[row, column]), row + 1, columns[column], *values)
        return cls(len(original), columns, over, largest, tolerance)

    @property
    def holds(self) -> bool:
        """Whether no row is off, of at least one."""
        return self.largest is not None and not self.off

    def problem(self, format_: str) -> Problem:
        """That it does not hold.

        Args:
            format_: The format of the other form.
        """
        if not self.largest:
            message = "The file has no rows to compare."
            return Problem("parity-off", message, "Name rows: --rows FILE.")
        far = self.largest
        message = (
            f"The predictions of the {format_} model differ by more than {self.tolerance:g} in "
            f"{self.off:,} of {self.rows:,} rows. The largest difference is in `{far.column}`, "
            f"row {far.row:,}: {far.exported!r} instead of {far.original!r}, "
            f"{far.difference:.3g} apart."
        )
        return Problem("parity-off", message, _hint(far.difference))

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return asdict(self)


def _hint(difference: float) -> str:
    """What to do, which is not to allow more where more would not help."""
    if math.isinf(difference):
        return "Nothing was written. No tolerance applies to labels and missing values."
    enough = 10.0 ** math.ceil(math.log10(difference))
    enough = enough if enough >= difference else 10 * enough  # the logarithm is rounded
    return f"Nothing was written. To accept this difference: --tolerance {enough:g}"


def _plain(value: Any) -> Any:
    """A value as JSON can have it."""
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
