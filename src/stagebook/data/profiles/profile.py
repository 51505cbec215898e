"""A table's profile, as JSON with a format version."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.data.profiles import column_json
from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Detail, Numbers, Texts
from stagebook.project.errors import Problem, StagebookError, Where

__all__ = [
    "FORMAT",
    "Booleans",
    "Column",
    "ColumnKind",
    "Detail",
    "Numbers",
    "Profile",
    "Texts",
    "parse",
    "read",
    "render",
]

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts and sums of every column of a table, without its rows.

    Attributes:
        columns: Its columns, in the table's order.
        rows: How many rows it has.
    """

    columns: tuple[Column, ...]
    rows: int

    @property
    def digest(self) -> str:
        """SHA-256 of its JSON: the same for the same data, however it is split into files."""
        return hashlib.sha256(render(self).encode()).hexdigest()

    def column(self, name: str) -> Column | None:
        """The column of this name; None if it does not exist."""
        return next((column for column in self.columns if column.name == name), None)


def render(profile: Profile) -> str:
    """The profile as JSON: sorted keys, one line per column, the same bytes every time."""
    columns = ",\n".join(_dump(column_json.render(column)) for column in profile.columns)
    return f'{{"columns":[\n{columns}\n],"format":{FORMAT},"rows":{profile.rows}}}\n'


def _dump(value: Any) -> str:
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def read(path: Path) -> Profile:
    """The profile in a file.

    Raises:
        StagebookError: The file cannot be read, or is not a profile of this format version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _bad(str(path), "The file is not UTF-8.") from None
    except OSError as error:
        raise _bad(str(path), f"The file cannot be read: {error.strerror}.") from None
    return parse(text, str(path))


def parse(text: str, file: str = "profile") -> Profile:
    """The profile in a text.

    Args:
        text: The output of ``render``.
        file: The file's name, for the error.

    Raises:
        StagebookError: The text is not a profile (``bad-profile``), or has another format version
            (``profile-format``).
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad(file, "The file is not valid JSON.") from None
    if not isinstance(document, dict) or "format" not in document:
        raise _bad(file, "The file is JSON, but not a profile.")
    if document["format"] != FORMAT:
        raise StagebookError(
            Problem(
                "profile-format",
                f"The profile has format {document['format']!r}; this Stagebook reads {FORMAT}.",
                "Create the profile again from its table, or use the Stagebook that wrote it.",
                Where(file),
            )
        )
    try:
        return _profile(document)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _bad(file, f"The profile is incomplete or invalid: {error!r}.") from None


def _profile(document: dict[str, Any]) -> Profile:
    rows = column_json.count(document["rows"])
    columns = tuple(column_json.parse(item, rows) for item in document["columns"])
    if len({column.name for column in columns}) < len(columns):
        raise ValueError("two columns have the same name")
    return Profile(columns, rows)


def _bad(file: str, message: str) -> StagebookError:
    hint = "Create the profile again from its table."
    return StagebookError(Problem("bad-profile", message, hint, Where(file)))
