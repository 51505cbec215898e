"""The format of a table, by the file's name and by its first bytes."""

import enum
from collections.abc import Iterator
from pathlib import Path

from stagebook.project.errors import Problem, StagebookError, Where


class TableFormat(enum.Enum):
    """The format of a file; the value is the name for people."""

    PARQUET = "Parquet"
    CSV = "CSV"
    FEATHER = "Feather"
    JSON_LINES = "JSON Lines"


SUFFIXES = {
    ".parquet": TableFormat.PARQUET,
    ".pq": TableFormat.PARQUET,
    ".csv": TableFormat.CSV,
    ".csv.gz": TableFormat.CSV,
    ".tsv": TableFormat.CSV,
    ".tsv.gz": TableFormat.CSV,
    ".feather": TableFormat.FEATHER,
    ".arrow": TableFormat.FEATHER,
    ".jsonl": TableFormat.JSON_LINES,
    ".jsonl.gz": TableFormat.JSON_LINES,
    ".ndjson": TableFormat.JSON_LINES,
    ".ndjson.gz": TableFormat.JSON_LINES,
}
_MAGIC = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "a Feather file",
    b"FEA1": "a Feather file",
    b"\x1f\x8b": "compressed with gzip",
    b"PK\x03\x04": "an Excel or zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself",
    b"<!DOCTYPE": "a page of HTML",
    b"<!doctype": "a page of HTML",
    b"<html": "a page of HTML",
}
_OWN = {
    TableFormat.PARQUET: "a Parquet file",
    TableFormat.FEATHER: "a Feather file",
}


def format_of(path: str | Path) -> TableFormat | None:
    """The format by a file's name; None if it is not the name of a table."""
    name = Path(path).name.lower()
    fits = [suffix for suffix in SUFFIXES if name.endswith(suffix)]
    return SUFFIXES[max(fits, key=len)] if fits else None


def is_table(path: str | Path, root: Path) -> bool:
    """Whether a path is a table: by its suffix, or as a folder of Parquet parts.

    Args:
        path: A path, relative to the root; a file may be missing.
        root: The project's root.
    """
    return format_of(path) is not None or any(parts(root / path))


def parts(folder: Path) -> Iterator[Path]:
    """The Parquet files below a folder, sorted, without names that start with `.` or `_`."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        hidden = any(part[0] in "._" for part in path.relative_to(folder).parts)
        if not hidden and format_of(path) is TableFormat.PARQUET and path.is_file():
            yield path


def require_format(path: Path, format_: TableFormat, where: Where) -> None:
    """Checks a file's first bytes.

    Raises:
        StagebookError: It is missing, is empty, or has another format than its name says.
    """
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except FileNotFoundError:
        hint = "Check the path, or build the stage that writes it."
        raise StagebookError(Problem("no-table", "The file is missing.", hint, where)) from None
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}."
        raise StagebookError(
            Problem("no-table", message, "Check the permissions of the file.", where)
        ) from None
    if not head:
        hint = "Write the file again; a table without rows must still name its columns."
        raise StagebookError(Problem("empty-file", "The file is empty: 0 bytes.", hint, where))
    actual = _actual_format(head)
    if actual and actual != _OWN.get(format_, _gzipped(path)):
        raise StagebookError(_misnamed(path, actual, where))
    if not actual and format_ is TableFormat.PARQUET and _is_text(head):
        raise StagebookError(_misnamed(path, "text", where))


def _gzipped(path: Path) -> str:
    return "compressed with gzip" if path.suffix.lower() == ".gz" else ""


def _actual_format(head: bytes) -> str:
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")


def _is_text(head: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\r\n" for byte in head)


def _misnamed(path: Path, actual: str, where: Where) -> Problem:
    suffix = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    return Problem(
        "wrong-extension",
        f"The file is named {suffix} but is {actual}.",
        "Rename the file to match its content, or write it again in the format of its name.",
        where,
    )
