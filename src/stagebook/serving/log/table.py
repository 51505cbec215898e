"""Entries of the log as rows of Arrow: one for each predicted row, with a column per feature."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow as pa

from stagebook.serving.log import frame_arrow, frame_shape
from stagebook.serving.log.entry import StoredEntry, Use
from stagebook.serving.log.frame_shape import ColumnShape, Kind, Shape

FORMAT = 2
"""The format of a table. One of format 1 has no keys."""

KEY = b"stagebook.request_log"
"""The key of the layout in a schema's metadata."""

SIDES = ("feature", "prediction", "key")
"""The frames of an entry: the first parts of their columns' names."""

SHAPES = tuple(f"{side}_shape" for side in SIDES)
"""The columns with the position of each frame's shape."""

_CELLS = 2_000_000
"""Approximate number of values in a table."""

_NAME = pa.dictionary(pa.int32(), pa.string())

FACTS = pa.schema(
    {
        "request": pa.string(),
        "row": pa.int32(),
        "role": _NAME,
        "time": pa.timestamp("ns", tz="UTC"),
        "package": _NAME,
        "route": _NAME,
        "status": pa.int32(),
        "milliseconds": pa.float64(),
        "warnings": pa.string(),
        "problems": pa.string(),
        **dict.fromkeys(SHAPES, pa.int32()),
    }
)
"""The columns that every table has. The row of a request without rows is null."""


@dataclass(frozen=True, slots=True)
class StoredShape:
    """Where a table keeps the columns of frames of one shape.

    Attributes:
        side: ``feature``, ``prediction`` or ``key``.
        shape: Names and dtypes.
        names: The names of their columns in the table.
    """

    side: str
    shape: Shape
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table for entries of several shapes.

    Attributes:
        shapes: All shapes; their positions are the values of the columns ``…_shape``.
        uses: Packages, with the positions of the shapes of features, predictions and keys.
    """

    shapes: tuple[StoredShape, ...] = ()
    uses: tuple[tuple[Any, ...], ...] = ()

    @classmethod
    def of(cls, uses: Iterable[Use]) -> Self:
        """The layout for packages with the shapes of their frames, as JSON."""
        uses = list(dict.fromkeys(uses))
        pairs = [(side, use[place]) for place, side in enumerate(SIDES, 1) for use in uses]
        keys = [(side, text) for side, text in dict.fromkeys(pairs) if text is not None]
        taken: dict[str, object] = {}
        shapes = []
        for side, text in keys:
            shape = frame_shape.parse(text)
            shapes.append(StoredShape(side, shape, _names(side, shape, taken)))
        place: dict[Any, int] = {key: position for position, key in enumerate(keys)}
        placed = tuple((use[0], *map(place.get, zip(SIDES, use[1:], strict=True))) for use in uses)
        return cls(tuple(shapes), placed)

    @property
    def columns(self) -> dict[str, ColumnShape]:
        """The columns of features, predictions and keys by their names in the table."""
        columns: dict[str, ColumnShape] = {}
        for stored in self.shapes:
            for name, column in zip(stored.names, stored.shape, strict=True):
                columns.setdefault(name, column)
        return columns

    @property
    def schema(self) -> pa.Schema:
        """The columns of the table."""
        columns = self.columns.items()
        own = [pa.field(name, frame_arrow.type_of(column)) for name, column in columns]
        return pa.schema([*FACTS, *own])

    def as_json(self) -> dict[str, Any]:
        """This layout as plain values."""
        shapes = [
            {
                "side": stored.side,
                "shape": [column.as_json() for column in stored.shape],
                "names": stored.names,
            }
            for stored in self.shapes
        ]
        return {"shapes": shapes, "uses": self.uses}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        """The layout from the values of ``as_json``."""
        shapes = [
            StoredShape(
                item["side"],
                tuple(map(ColumnShape.from_json, item["shape"])),
                tuple(item["names"]),
            )
            for item in plain["shapes"]
        ]
        absent = [None] * len(SIDES)  # format 1 has no keys
        uses = ((name, *[*places, *absent][: len(SIDES)]) for name, *places in plain["uses"])
        return cls(tuple(shapes), tuple(uses))


def _names(side: str, shape: Shape, taken: dict[str, object]) -> tuple[str, ...]:
    """Names in the table; a name that has another type already gets the type behind it."""
    names: list[str] = []
    for column in shape:
        type_ = frame_arrow.type_of(column)
        content = (type_, column.kind is Kind.OTHER, column.kind is Kind.CATEGORY)
        own = str(column.name).encode(errors="backslashreplace").decode()
        plain = name = f"{side}.{own}".replace("\0", "\\x00")  # Parquet cuts names there
        count = 1
        while name in names or taken.get(name, content) != content:
            name = f"{plain} ({type_})" if count == 1 else f"{plain} ({type_}) {count}"
            count += 1
        taken[name] = content
        names.append(name)
    return tuple(names)


@dataclass(slots=True)
class TableBuilder:
    """Collects the rows of entries.

    Attributes:
        layout: The columns.
        rows: Number of rows so far.
    """

    layout: Layout
    rows: int = 0
    _values: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    _places: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, stored in enumerate(self.layout.shapes):
            self._places[stored.side, frame_shape.render(stored.shape)] = place

    def add(self, entry: StoredEntry) -> None:
        """Adds the rows of an entry; an entry without rows gets one, whose number is null."""
        count = max(1, entry.rows)
        shapes = (entry.feature_shape, entry.prediction_shape, entry.key_shape)
        pairs = zip(SIDES, shapes, strict=True)
        places = [None if text is None else self._places[side, text] for side, text in pairs]
        facts = {
            "request": entry.request,
            "role": entry.role,
            "time": _nanoseconds(entry.time),
            "package": entry.package,
            "route": entry.route,
            "status": entry.status,
            "milliseconds": entry.milliseconds,
            **dict(zip(SHAPES, places, strict=True)),
        }
        for name, value in facts.items():
            self._values[name].extend([value] * count)
        self._values["row"].extend(range(entry.rows) if entry.rows else [None])
        self._values["warnings"].extend(_by_row(entry.warnings, count))
        self._values["problems"].extend([entry.problems, *[None] * (count - 1)])
        frames = (entry.features, entry.predictions, entry.keys)
        for place, text in zip(places, frames, strict=True):
            if place is not None and text is not None:
                self._add_frame(self.layout.shapes[place], text)
        self.rows += count

    def _add_frame(self, stored: StoredShape, text: str) -> None:
        for name, part in zip(stored.names, zip(*json.loads(text), strict=True), strict=False):
            values = self._values[name]
            values.extend([None] * (self.rows - len(values)))
            values.extend(part)

    def table(self) -> pa.Table:
        """The rows; the builder is empty afterwards."""
        schema, columns = self.layout.schema, self.layout.columns
        arrays = []
        for item in schema:
            values = self._values[item.name]
            values.extend([None] * (self.rows - len(values)))
            column = columns.get(item.name)
            if column:
                arrays.append(frame_arrow.to_arrow(column, values))
            elif pa.types.is_dictionary(item.type):
                arrays.append(pa.array(values, pa.string()).dictionary_encode())
            else:
                arrays.append(pa.array(values, item.type))
        self._values.clear()
        self.rows = 0
        return pa.table(arrays, schema=schema)


def tables(layout: Layout, entries: Iterable[StoredEntry]) -> Iterator[pa.Table]:
    """The rows of entries in their order, in tables of about two million values; no empty ones."""
    builder = TableBuilder(layout)
    most = max(1, _CELLS // len(layout.schema))
    for entry in entries:
        builder.add(entry)
        if builder.rows >= most:
            yield builder.table()
    if builder.rows:
        yield builder.table()


def _nanoseconds(seconds: float) -> int:
    """Seconds as nanoseconds, so exact that a division gives the same seconds."""
    fraction, whole = math.modf(seconds)
    return int(whole) * 1_000_000_000 + round(fraction * 1e9)


def _by_row(warnings: str | None, count: int) -> list[str | None]:
    """The warnings of each row; one of another row belongs to the first."""
    if warnings is None:
        return [None] * count
    parts: dict[int, list[Any]] = defaultdict(list)
    for warning in json.loads(warnings):
        parts[warning["row"] if 0 <= warning["row"] < count else 0].append(warning)
    return [json.dumps(parts[row]) if row in parts else None for row in range(count)]
