"""Partitions: columns whose values are in the names of folders, as in `year=2013/month=01`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from stagebook.data.tables.cells import fit
from stagebook.data.tables.outline import place, require_distinct
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.masks import Masks

_MISSING = "__HIVE_DEFAULT_PARTITION__"
_INTEGER = re.compile(r"-?[0-9]{1,18}")

Keys = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Partitions:
    """The columns of a table that exist only in the names of its folders.

    Attributes:
        columns: Names and types: integers if all values are, otherwise text, as in pandas.
        values: By file, the values as text; None for a missing value.
    """

    columns: pa.Schema = field(default_factory=lambda: pa.schema([]))
    values: Mapping[Path, Keys] = field(default_factory=dict)

    @classmethod
    def of(
        cls, root: Path, parts: Sequence[tuple[Path, Path]], stored: Sequence[str]
    ) -> "Partitions":
        """The partitions of a table.

        Args:
            root: The project's root.
            parts: Each file of the table, with the table's folder.
            stored: Columns that the files have. A folder with such a name adds no column.

        Raises:
            StagebookError: The folders of a file name other columns than those of the first
                file, name a column twice, or are not UTF-8.
        """
        values = {file: _keys(root, folder, file) for file, folder in parts}
        _require_alike(root, values)
        names = [name for name in values[parts[0][0]] if name not in set(stored)]
        kinds = [_kind([keys[name] for keys in values.values()]) for name in names]
        return cls(pa.schema(list(zip(names, kinds, strict=True))), values if names else {})

    def typed(self, types: Mapping[str, pa.DataType]) -> "Partitions":
        """These partitions with other types for some columns."""
        fields = [
            pa.field(column.name, types.get(column.name, column.type)) for column in self.columns
        ]
        return replace(self, columns=pa.schema(fields))

    def fitting(self, types: Mapping[str, pa.DataType]) -> dict[str, pa.DataType]:
        """The contract's types for these columns; categories of integers remain integers."""
        return {
            column.name: _category(types[column.name], column.type)
            for column in self.columns
            if column.name in types
        }

    @property
    def missing(self) -> frozenset[str]:
        """The columns without a value in at least one file."""
        keys = self.values.values()
        return frozenset(n for n in self.columns.names if any(key[n] is None for key in keys))

    def stored(self, columns: pa.Schema) -> pa.Schema:
        """The given columns that the files have."""
        own = set(self.columns.names)
        return pa.schema([column for column in columns if column.name not in own], columns.metadata)

    def complete(
        self, root: Path, file: Path, batch: pa.RecordBatch, columns: pa.Schema
    ) -> pa.RecordBatch:
        """Rows of a file with all requested columns.

        Args:
            root: The project's root.
            file: The file.
            batch: Its rows, with the columns of the file.
            columns: The requested columns, in order.

        Raises:
            StagebookError: The folder's value is not of the column's type.
        """
        if not self.values:
            return batch
        keys, names = self.values[file], set(self.columns.names)
        first = pa.nulls(batch.num_rows, pa.int8()).fill_null(0)
        arrays = [
            _value(keys[column.name], column, place(root, file)).take(first)
            if column.name in names
            else batch.column(column.name)
            for column in columns
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=columns)


def _keys(root: Path, folder: Path, file: Path) -> Keys:
    """The names and values of the folders between a table's folder and one of its files."""
    parts = file.relative_to(folder).parts[:-1]
    pairs = [part.partition("=") for part in parts if part.find("=") > 0]
    decoded = partial(unquote, errors="strict")
    try:
        keys = [
            (decoded(name), None if value == _MISSING else decoded(value))
            for name, _, value in pairs
        ]
    except UnicodeError:
        message = "The names of the folders are not UTF-8."
        hint = "Rename the folders, or write the table again."
        raise StagebookError(Problem("bad-encoding", message, hint, place(root, folder))) from None
    require_distinct([name for name, _ in keys], place(root, file))
    return dict(keys)


def _require_alike(root: Path, values: Mapping[Path, Keys]) -> None:
    """Raises if a file's folders name other columns than those of the first file."""
    first = next(iter(values))
    expected = set(values[first])
    for file, keys in values.items():
        if set(keys) != expected:
            message = (
                f"The folders of this file give {_listed(keys)}, but the folders of "
                f"{place(root, first)} give {_listed(values[first])}."
            )
            hint = "Use the same columns in the path of every file, such as `year=2013/month=01`."
            raise StagebookError(Problem("partitions-differ", message, hint, place(root, file)))


def _listed(keys: Keys) -> str:
    return " and ".join(f"`{name}`" for name in keys) or "no column"


def _kind(values: Sequence[str | None]) -> pa.DataType:
    present = {value for value in values if value is not None}
    integers = bool(present) and all(_INTEGER.fullmatch(value) for value in present)
    return pa.int64() if integers else pa.string()


def _category(requested: pa.DataType, own: pa.DataType) -> pa.DataType:
    """The requested type; categories that the contract does not list have the folder's type."""
    if not (pa.types.is_dictionary(requested) and pa.types.is_string(requested.value_type)):
        return requested
    return pa.dictionary(requested.index_type, own, requested.ordered)


def _value(text: str | None, column: pa.Field, where: Where) -> pa.Array:
    """The value as an array of length 1."""
    fitted = fit(pa.array([text], pa.string()), column.type)
    if fitted.refused:
        shown = Masks.here().hide(str(text))[:60]
        message = (
            f"The value in the folder name `{column.name}={shown}` is not of type {column.type}."
        )
        hint = "Rename the folder, or change the type in the contract."
        raise StagebookError(Problem("bad-value", message, hint, where))
    return fitted.array
