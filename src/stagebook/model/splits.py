"""The parts of the data that a model was made from and judged with, and that they are apart."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow.parquet as pq

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import digest

FORMAT = 1
FILE = "splits.json"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Split:
    """One part of the data.

    Attributes:
        name: Such as ``train``.
        path: Where it lay.
        md5: DVC's hash of the file.
        rows: How many rows.
        first: Least value of the time column, ISO 8601; None without one.
        last: Greatest.
        keys: SHA-256 over the set of keys, sorted; the same whatever the order of the rows.
    """

    name: str
    path: str
    md5: str
    rows: int
    first: str | None
    last: str | None
    keys: str


@dataclass(frozen=True, slots=True)
class Splits:
    """All parts.

    Attributes:
        parts: The parts, in the order in which they were given.
        key: Columns that tell rows apart.
        time: The column of time, if there is one.
    """

    parts: tuple[Split, ...]
    key: tuple[str, ...]
    time: str | None

    @classmethod
    def of(cls, files: Mapping[str, Path], key: Sequence[str], time: str | None) -> Self:
        """The parts in some Parquet files.

        Args:
            files: The file of each part, by the part's name.
            key: Columns that tell rows apart.
            time: The column of time.

        Raises:
            StagebookError: A key is in two parts, or twice in one; the rows are named.
        """
        columns = [*key, *([time] if time else [])]
        tables = {name: _read(file, columns) for name, file in files.items()}
        keys = {name: pd.MultiIndex.from_frame(table[list(key)]) for name, table in tables.items()}
        if problems := [*_twice(keys, files), *_shared(keys, files)]:
            raise StagebookError(*problems)
        parts = tuple(
            Split(
                name=name,
                path=file.as_posix(),
                md5=digest(file, "md5"),
                rows=len(tables[name]),
                first=_moment(tables[name][time].min()) if time else None,
                last=_moment(tables[name][time].max()) if time else None,
                keys=_digest(keys[name]),
            )
            for name, file in files.items()
        )
        return cls(parts, tuple(key), time)

    def part(self, name: str) -> Split:
        """The part of this name; KeyError if it is missing."""
        return {split.name: split for split in self.parts}[name]

    def as_json(self) -> dict[str, Any]:
        """The parts as plain values, with what was shown of each pair."""
        pairs = itertools.combinations(self.parts, 2)
        return {
            "format": FORMAT,
            "key": list(self.key),
            "time": self.time,
            "parts": [asdict(part) for part in self.parts],
            "shared_keys": {f"{split.name}, {other.name}": 0 for split, other in pairs},
        }


def _read(file: Path, columns: list[str]) -> pd.DataFrame:
    try:
        has = pq.read_schema(file).names
        if lacking := [f"`{name}`" for name in columns if name not in has]:
            message = f"The split has no column {', '.join(lacking)}."
            hint = f"Its columns are: {', '.join(has)}"
            raise StagebookError(Problem("no-split", message, hint, Where(file.as_posix())))
        frame: pd.DataFrame = pq.read_table(file, columns=columns).to_pandas()
        return frame
    except (OSError, ValueError, KeyError) as error:
        message = f"The file cannot be read as Parquet with {', '.join(columns)}: {error}"
        hint = "Splits are Parquet files that have the columns in `key` and `time`."
        raise StagebookError(Problem("no-split", message, hint, Where(file.as_posix()))) from None


def _twice(keys: Mapping[str, pd.MultiIndex], files: Mapping[str, Path]) -> Iterator[Problem]:
    for name, index in keys.items():
        if not index.is_unique:
            some = index[index.duplicated()].unique()
            yield Problem(
                "split-repeats",
                f"{len(some):,} keys occur more than once in the split `{name}`: {_listed(some)}.",
                "Name columns in `key` that identify each row, or drop duplicate rows.",
                Where(files[name].as_posix()),
            )


def _shared(keys: Mapping[str, pd.MultiIndex], files: Mapping[str, Path]) -> Iterator[Problem]:
    for item, other in itertools.combinations(keys, 2):
        both = keys[item].intersection(keys[other])
        if len(both):
            rows = [f"{place:,}" for place in keys[other].get_indexer_for(both[:_SHOWN])]
            yield Problem(
                "splits-overlap",
                f"{len(both):,} rows of the split `{other}` are also in `{item}`: "
                f"{_listed(both)}; rows {', '.join(rows)} of {files[other].as_posix()}.",
                "Each row must be in one split only. Split the data again.",
                Where(files[other].as_posix()),
            )


def _listed(index: pd.Index) -> str:
    shown = [
        ", ".join(map(str, item)) if isinstance(item, tuple) else str(item)
        for item in index[:_SHOWN]
    ]
    more = f" and {len(index) - _SHOWN:,} more" if len(index) > _SHOWN else ""
    return "; ".join(shown) + more


def _digest(index: pd.MultiIndex) -> str:
    keys = hashlib.sha256()
    for line in sorted("\x1f".join(map(str, item)) for item in index):
        keys.update(line.encode() + b"\n")
    return keys.hexdigest()


def _moment(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
