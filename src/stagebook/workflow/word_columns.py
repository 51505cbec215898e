"""The names of a table's columns, without reading the table."""

import json
import re
from pathlib import Path

from stagebook.project.errors import StagebookError

_HEAD = 1_000_000  # bytes of a first line


def names(path: Path) -> frozenset[str]:
    """The names of the columns of a table; of a folder, those of its first part.

    Args:
        path: The table.

    Returns:
        The names; none if the path is no table, or cannot be read.
    """
    from stagebook.data.tables.formats import format_of, is_table, parts

    try:
        if not path.exists() or not is_table(path.name, path.parent):
            return frozenset()
        if path.is_dir():
            part = next(parts(path))
            folders = (name.partition("=") for name in part.relative_to(path).parts[:-1])
            return _of_file(part) | {name for name, equals, _ in folders if equals}
        return _of_file(path) if format_of(path) else frozenset()
    except (StagebookError, OSError, ValueError, EOFError):
        return frozenset()


def _of_file(path: Path) -> frozenset[str]:
    from stagebook.data.tables.formats import TableFormat, format_of
    from stagebook.data.tables.outline import opened
    from stagebook.data.tables.parquet_metadata import ParquetMetadata

    format_ = format_of(path)
    if format_ is TableFormat.PARQUET:
        return frozenset(leaf.path[0] for leaf in ParquetMetadata.read(path).leaves)
    if format_ is TableFormat.FEATHER:
        from stagebook.data.tables.table import Table

        return frozenset(Table.open(path.parent, path.name).columns.names)
    with opened(path) as file:
        line = file.readline(_HEAD).decode("utf-8-sig")
    return _of_line(line, is_json=format_ is TableFormat.JSON_LINES)


def _of_line(line: str, *, is_json: bool) -> frozenset[str]:
    """The names in the first line of a table of text, whatever its delimiter is."""
    if is_json:
        row = json.loads(line)
        return frozenset(row if isinstance(row, dict) else ())
    cells = (cell for sign in ",;\t|" for cell in line.split(sign))
    return frozenset(re.sub(r'^"|"$', "", cell.strip()) for cell in cells)
