"""A first contract for a table, drafted from its values, for a person to correct."""

import keyword
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from stagebook.data.contracts.repeats import comparable, plain
from stagebook.data.tables.cells import is_text
from stagebook.data.tables.formats import TableFormat
from stagebook.data.tables.pieces import Pieces
from stagebook.data.tables.table import Table

_FEW = 20
"""Largest number of different texts that are proposed as the only allowed ones."""
_MEMORY = "400MB"
_RESERVED = ("pa", "pd", "Any", "Annotated", "int", "float", "str", "bool", "object")
_LONG = 160  # characters of a list of values in a line of code
_GROUP = 100  # columns that are read at a time
_TYPES = {"int64": "int", "float64": "float", "str": "str", "bool": "bool", "object": "object"}
_EXTENSIONS = {"boolean": "pd.BooleanDtype", "string": "pd.StringDtype"}
_ORDERED = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
    pa.types.is_timestamp,
)
_UNCOUNTED = (pa.types.is_nested, pa.types.is_null, pa.types.is_duration, pa.types.is_time)
_NANOSECONDS = ("1677-09-22", "2262-04-11")  # what datetime64[ns] can hold


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A summary of a column's values.

    Attributes:
        rows: Number of rows.
        missing: Number of rows without a value.
        values: Number of different values.
        low: The lowest value as text; empty if values have no order.
        high: The highest value as text.
        all: All values, if they are a few texts.
    """

    rows: int
    missing: int
    values: int
    low: str = ""
    high: str = ""
    all: tuple[str, ...] = ()


def draft(table: Table) -> str:
    """The text of a module with a contract that this table satisfies.

    Types, gaps, few values and uniqueness are proposed, each with its evidence as a comment.
    Ranges are only comments: the observed range is not a bound for later data.

    Args:
        table: The table, which is read in pieces.
    """
    names = table.columns.names
    summaries: dict[str, ColumnSummary] = {}
    for start in range(0, len(names), _GROUP):
        summaries |= look(table, names[start : start + _GROUP])
    types = _types_of_text(table, summaries) if _is_text(table) else _types_of_whole(table)
    return render(class_name(table.path), types, summaries)


def look(table: Table, names: list[str]) -> dict[str, ColumnSummary]:
    """The summaries of these columns."""
    keys = [f"k{position}" for position in range(len(names))]
    schema = [comparable(table.columns.field(name).type) for name in names]
    batches = (
        pa.RecordBatch.from_arrays([plain(batch.column(name)) for name in names], names=keys)
        for batch in table.batches(names)
    )
    source = pa.RecordBatchReader.from_batches(
        pa.schema(list(zip(keys, schema, strict=True))), batches
    )
    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as base:
        base.execute(f"set memory_limit='{_MEMORY}'; set temp_directory='{spill}'")
        base.execute("set timezone='UTC'")
        base.register("source", source)
        try:
            base.execute("create temp table held as select * from source")
        except duckdb.Error:
            for _ in table.batches(names):  # raises the table's own error, which DuckDB hides
                pass
            raise
        pairs = zip(names, keys, schema, strict=True)
        return {name: _look(base, key, type_) for name, key, type_ in pairs}


def _look(base: Any, key: str, type_: pa.DataType) -> ColumnSummary:
    ((rows, present),) = base.execute(f"select count(*), count({key}) from held").fetchall()
    if any(kind(type_) for kind in _UNCOUNTED):
        return ColumnSummary(rows, rows - present, 0)
    ((values,),) = base.execute(f"select count(distinct {key}) from held").fetchall()
    low = high = ""
    if present and any(kind(type_) for kind in _ORDERED):
        bounds = f"select min({key})::varchar, max({key})::varchar from held"
        ((low, high),) = base.execute(bounds).fetchall()
    few: tuple[str, ...] = ()
    if is_text(type_) and 0 < values <= min(_FEW, present - 1):
        distinct = f"select distinct {key} from held where {key} is not null order by 1"
        few = tuple(value for (value,) in base.execute(distinct).fetchall())
    few = few if len(repr(few)) <= _LONG else ()
    return ColumnSummary(rows, rows - present, values, low, high, few)


def render(name: str, types: Mapping[str, str], summaries: Mapping[str, ColumnSummary]) -> str:
    """The text of a contract of this name.

    Args:
        name: The class.
        types: The columns, each with its type as Python writes it.
        summaries: What each holds.
    """
    taken: set[str] = set()
    lines = [_line(column, type_, summaries[column], taken) for column, type_ in types.items()]
    body = "\n".join(lines)
    typing = [item for item in ("Annotated", "Any") if re.search(rf": {item}\b", body)]
    head = ['"""The contract of a table; correct what a draft cannot know."""', ""]
    head += [f"from typing import {', '.join(typing)}", ""] if typing else []
    head += ["import pandas as pd"] if re.search(r": \S*\bpd\.", body) else []
    head += ["import pandera.pandas as pa", "", "", f"class {name}(pa.DataFrameModel):"]
    return "\n".join([*head, *(lines or ["    pass"]), ""])


def class_name(path: str) -> str:
    """The name of a class for a file: `data/raw/flight-times.csv.gz` gives `FlightTimes`."""
    stem = PurePosixPath(path).name.split(".")[0]
    words = re.findall(r"[A-Za-z0-9]+", stem)
    name = "".join(word[:1].upper() + word[1:] for word in words) or "Table"
    return f"Table{name}" if name[0].isdigit() or keyword.iskeyword(name) else name


def _line(column: str, type_: str, summary: ColumnSummary, taken: set[str]) -> str:
    name = _identifier(column, taken)
    taken.add(name)
    options = []
    if summary.missing or not summary.rows:
        options.append("nullable=True")
    if summary.all:
        options.append(f"isin={list(summary.all)!r}")
    elif _is_key(type_, summary):
        options.append("unique=True")
    if name != column:
        options.append(f"alias={column!r}")
    field = f" = pa.Field({', '.join(options)})" if options else ""
    return f"    {name}: {type_}{field}  # {_evidence(summary)}"


def _is_key(type_: str, summary: ColumnSummary) -> bool:
    """Whether a column looks like a key: no gaps, no repeated values, and not a measurement."""
    return (
        type_ not in ("float", "bool", "Any")
        and not summary.missing
        and 1 < summary.rows == summary.values
    )


def _identifier(name: str, taken: set[str]) -> str:
    """A free name for an attribute, which has no meaning in pandera."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "column"
    if plain[0].isdigit() or keyword.iskeyword(plain) or plain in _RESERVED or _is_pandera(plain):
        plain = f"column_{plain}"
    number, free = 2, plain
    while free in taken:
        free, number = f"{plain}_{number}", number + 1
    return free


def _is_pandera(name: str) -> bool:
    from pandera.pandas import DataFrameModel

    return hasattr(DataFrameModel, name) or name.startswith("_")


def _is_text(table: Table) -> bool:
    return table.format in (TableFormat.CSV, TableFormat.JSON_LINES)


def _types_of_whole(table: Table) -> dict[str, str]:
    """The pandas types of the columns of a file with types."""
    dtypes = Pieces.of(table, {}, table.columns.names).dtypes
    return {name: _written(dtypes[name]) for name in table.columns.names}


def _written(dtype: Any) -> str:
    if isinstance(dtype, pd.DatetimeTZDtype):
        return f"Annotated[pd.DatetimeTZDtype, {dtype.unit!r}, {str(dtype.tz)!r}]"
    if isinstance(dtype, pd.CategoricalDtype):
        return "pa.Category"
    name = str(dtype)
    if type_name := _TYPES.get(name) or _EXTENSIONS.get(name):
        return type_name
    if re.fullmatch(r"U?Int\d+|Float\d+", name):
        return f"pd.{name}Dtype"
    if re.fullmatch(r"u?int\d+|float32", name):
        return "pa." + name.replace("uint", "UInt").replace("int", "Int").replace("float", "Float")
    if name.startswith("datetime64"):
        return "pa.DateTime"
    return "pa.Timedelta" if name.startswith("timedelta64") else "Any"


def _types_of_text(table: Table, summaries: Mapping[str, ColumnSummary]) -> dict[str, str]:
    """The types that fit all cells of a file of text."""
    return {column.name: _meant(column.type, summaries[column.name]) for column in table.columns}


def _meant(type_: pa.DataType, summary: ColumnSummary) -> str:
    gaps = summary.missing > 0
    if pa.types.is_integer(type_):
        return "pd.Int64Dtype" if gaps else "int"
    if pa.types.is_boolean(type_):
        return "pd.BooleanDtype" if gaps else "bool"
    if pa.types.is_floating(type_):
        return "float"
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        fits = _NANOSECONDS[0] < summary.low and summary.high[:10] < _NANOSECONDS[1]
        return "pa.DateTime" if fits and summary.low[:1].isdigit() else "str"
    return "str" if is_text(type_) else "Any"


def _evidence(summary: ColumnSummary) -> str:
    parts = [f"{summary.missing:,} of {summary.rows:,} missing"]
    if summary.values:
        parts.append(f"{summary.values:,} value{'s' if summary.values != 1 else ''}")
    if summary.low and not summary.all:
        parts.append(f"{summary.low} to {summary.high}")
    return "; ".join(parts)
