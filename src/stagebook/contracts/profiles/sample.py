"""Rows from all over a table, the same ones however it lies in files and row groups."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from stagebook.contracts.profiles.parquet_rows import Rows, Source
from stagebook.contracts.profiles.scale import Number

MOST_ROWS = 100_000
MULTIPLIER = 2_654_435_761  # Knuth, The Art of Computer Programming 3, 6.4: 2**32 / golden ratio
COLUMNS = 20  # at a time: 16 MB


def sampled(rows: Rows, sources: Sequence[Source]) -> Iterator[tuple[Source, list[Number]]]:
    """Values of columns of numbers and times, ascending, without nulls.

    Of every stretch of rows one row is taken, at a place in it that changes from stretch to
    stretch: at even distances, a table with a row for every hour could show one hour of the day.
    A stretch is a power of two long, which is quick to count in.

    Args:
        rows: Where the columns are.
        sources: The columns.
    """
    for start in range(0, len(sources), COLUMNS):
        some = sources[start : start + COLUMNS]
        parts = list(_taken(rows, some))
        for place, source in enumerate(some):
            values = [part[place] for part in parts]
            yield source, np.sort(np.concatenate(values)).tolist() if values else []


def _taken(rows: Rows, sources: Sequence[Source]) -> Iterator[list[np.ndarray]]:
    bits = max(0, math.ceil(math.log2(max(1, rows.count) / MOST_ROWS)))
    last = 2**bits - 1
    values = ", ".join(f"{source.value} as c{n}" for n, source in enumerate(sources))
    before = 0
    for file, length in zip(rows.files, rows.lengths, strict=True):
        number = f"(file_row_number + {before})"
        place = f"((({number} >> {bits}) * {MULTIPLIER}) >> 16) & {last}"
        where = f"where ({number} & {last}) = ({place})" if bits else ""
        query = f"select {values} from {rows.scan_of(file)} {where}"
        found = rows.connection.execute(query).fetchnumpy()
        yield [np.ma.compressed(found[f"c{n}"]) for n in range(len(sources))]
        before += length
