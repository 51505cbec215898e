"""The values of some columns, by which the rows of a day are counted apart."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stagebook.monitoring.label_values import Flags, Kind
from stagebook.monitoring.labelled_day import MISSING, NOT_LOGGED, OTHER
from stagebook.monitoring.labelled_rows import LabelledRows, ScoredRows

_LARGEST = 1e15  # below it, each whole number is a float of its own

Codes = npt.NDArray[np.int32]


@dataclass(slots=True)
class DaySlices:
    """The values of rows, as numbers for their texts.

    Attributes:
        texts: By column, the number of each text.
        codes: By column, the numbers of all rows so far.
    """

    texts: defaultdict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    codes: defaultdict[str, list[Codes]] = field(default_factory=lambda: defaultdict(list))

    def add(self, columns: Mapping[str, pd.Series | None], rows: Flags) -> None:
        """Adds rows.

        Args:
            columns: The columns by name; None for one that the log does not have.
            rows: Which of their rows to add.
        """
        for name, column in columns.items():
            if column is None:
                code = self._code(name, NOT_LOGGED)
                self.codes[name].append(np.full(int(rows.sum()), code, np.int32))
                continue
            places, values = pd.factorize(column[rows], use_na_sentinel=True)
            known = [self._code(name, _text(value)) for value in values]
            known.append(self._code(name, MISSING) if (places < 0).any() else -1)
            self.codes[name].append(np.array(known, np.int32)[places])  # -1 is the last one

    def _code(self, name: str, text: str) -> int:
        texts = self.texts[name]
        return texts.setdefault(text, len(texts))

    def counts(self, rows: ScoredRows, kind: Kind, most: int) -> dict[str, dict[str, LabelledRows]]:
        """The counts of the rows of each value, by column; together they are all rows.

        Args:
            rows: All rows, in the order in which they were added.
            kind: Whether a label is true or false, or a number.
            most: Values that get counts of their own, the most frequent ones.
        """
        return {
            name: _counts(self.texts[name], np.concatenate(codes), rows, kind, most)
            for name, codes in self.codes.items()
        }


def _text(value: Any) -> str:
    """A value as text; whole numbers are the same with and without missing values beside them."""
    number = float(value) if isinstance(value, float | np.floating) else 0.5
    return str(int(number)) if number.is_integer() and abs(number) < _LARGEST else str(value)


def _counts(
    texts: Mapping[str, int], codes: Codes, rows: ScoredRows, kind: Kind, most: int
) -> dict[str, LabelledRows]:
    times = np.bincount(codes, minlength=len(texts))
    special = {text for text in (MISSING, NOT_LOGGED) if text in texts}
    ordered = sorted(texts.keys() - special, key=lambda text: (-times[texts[text]], text))
    kept = {*ordered[:most], *special}
    counts = {text: LabelledRows.of(rows.where(codes == texts[text]), kind) for text in kept}
    others = [texts[text] for text in ordered[most:]]
    if others:
        counts[OTHER] = LabelledRows.of(rows.where(np.isin(codes, others)), kind)
    return counts
