"""The bins of a column that the package knows, for rows in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts

MOST_TEXTS = 200
"""Texts with a bin of their own, the most frequent ones of the reference; all others share one."""

Codes = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]

_BOOLEANS = ("False", "True")


@dataclass(frozen=True, slots=True, eq=False)
class ColumnBins:
    """Bins of a column. The first one is that of rows without a value.

    Attributes:
        name: The column.
        edges: Where bins of numbers begin; None for texts and booleans.
        texts: The bin of each text, from 1 on.
        reference: Rows of the reference in each bin.

    Example:
        >>> import pandas as pd
        >>> from stagebook.data.profiles.column import Booleans, Column, ColumnKind
        >>> from stagebook.monitoring.column_bins import ColumnBins
        >>> late = Column("late", "bool", ColumnKind.BOOLEAN, 10, 1, Booleans(true=3, false=6))
        >>> bins = ColumnBins.of(late)
        >>> bins.codes(pd.Series([True, None, False])).tolist(), bins.reference.tolist()
        ([2, 0, 1], [1, 6, 3, 0])
    """

    name: str
    edges: npt.NDArray[np.float64] | None
    texts: Mapping[str, int] = field(default_factory=dict)
    reference: Counts = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, column: Column) -> Self | None:
        """The bins of a column of the package; None for times and for values without a profile."""
        detail = column.detail
        if isinstance(detail, Numbers) and column.kind is ColumnKind.NUMBER:
            inner = list(detail.counts)
            inner[0] += detail.infinite_below
            inner[-1] += detail.infinite_above
            counts = [column.nulls + detail.nan, *inner]
            return cls(column.name, np.asarray(detail.grid.edges, float), {}, np.array(counts))
        if isinstance(detail, Booleans):
            return cls._of_texts(column, {_BOOLEANS[0]: detail.false, _BOOLEANS[1]: detail.true})
        if isinstance(detail, Texts) and detail.counts is not None:
            top = dict(detail.top(MOST_TEXTS))
            return cls._of_texts(column, top, detail.values - sum(top.values()))
        return None

    @classmethod
    def _of_texts(cls, column: Column, counts: Mapping[str, int], rest: int = 0) -> Self:
        places = {text: place for place, text in enumerate(counts, start=1)}
        return cls(column.name, None, places, np.array([column.nulls, *counts.values(), rest]))

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.reference)

    def codes(self, values: "pd.Series[Any]") -> Codes:
        """The bin of each value; values of another kind are in that of missing ones."""
        if self.edges is not None:
            numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
            codes = np.searchsorted(self.edges, numbers, side="right") + 1
            return np.where(np.isnan(numbers), 0, codes)
        places, texts = pd.factorize(values, use_na_sentinel=True)
        bins = [self.texts.get(str(text), self.size - 1) for text in texts]
        return np.array([*bins, 0], np.int64)[places]  # -1, for no value, is the last one
