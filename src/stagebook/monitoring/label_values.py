"""The values of a column of labels as numbers, and which of them a package's label cannot be."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Kind = Literal["binary", "regression"]
"""Whether a label is true or false, or a number."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LARGEST = 1e60
"""Labels and scores of a regression beyond it are refused: their squares' squares overflow."""

_TRUTHS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True, slots=True)
class LabelValues:
    """Labels as numbers.

    Attributes:
        values: 0 or 1 for a binary label; NaN for missing ones.
        missing: Where a label is null or NaN.
        refused: Where a label is of another type than the package's.
    """

    values: Floats
    missing: Flags
    refused: Flags

    @classmethod
    def of(cls, column: pa.Array, kind: Kind, *, is_text: bool = False) -> "LabelValues":
        """The labels of a column.

        Args:
            column: Booleans, 0 and 1, or numbers.
            kind: What the package predicts.
            is_text: Whether texts are cells of a file without types, such as CSV.
        """
        values = _numbers(column, kind, is_text)
        # a text that is no number is there, though it has no value
        is_null = column.is_null(nan_is_null=True)
        missing = np.asarray(is_null.to_numpy(zero_copy_only=False), np.bool_)
        fits = np.isin(values, (0.0, 1.0)) if kind == "binary" else np.abs(values) <= LARGEST
        return cls(np.where(fits, values, np.nan), missing, ~missing & ~fits)


def _numbers(column: pa.Array, kind: Kind, is_text: bool) -> Floats:
    """Numbers; NaN where a value is none."""
    type_ = column.type
    if pa.types.is_dictionary(type_):
        return _numbers(column.cast(type_.value_type), kind, is_text)
    if pa.types.is_boolean(type_) and kind == "binary":
        column = column.cast(pa.int8())
    elif is_text and (pa.types.is_string(type_) or pa.types.is_large_string(type_)):
        column = _parsed(column, kind)
    elif not (pa.types.is_integer(type_) or pa.types.is_floating(type_) or _is_decimal(type_)):
        return np.full(len(column), np.nan)
    numbers = pc.cast(column, pa.float64(), safe=False)
    return np.asarray(pc.fill_null(numbers, np.nan).to_numpy(zero_copy_only=False), np.float64)


def _is_decimal(type_: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(type_))


def _parsed(column: pa.Array, kind: Kind) -> pa.Array:
    """The numbers in cells of a column in which one cell at least is no number."""
    distinct = pc.unique(column).to_pylist()
    truths = _TRUTHS if kind == "binary" else {}
    numbers = [_number(text, truths) for text in distinct]
    places = pc.index_in(column, pa.array(distinct, column.type))
    return pa.array(numbers, pa.float64()).take(places)


def _number(text: str | None, truths: dict[str, float]) -> float:
    try:
        return truths[text.lower()] if text and text.lower() in truths else float(text or "nan")
    except ValueError:
        return np.nan
