"""The reference of a batch: a profile, and the profiles of its blocks of time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.data.drift import spans
from stagebook.data.drift.spans import RowCount, Span
from stagebook.data.drift.time_column import time_column
from stagebook.data.drift.timeblocks import TimeBlock, cut, cut_by_rows, length_of
from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.column import Numbers
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.formats import is_table
from stagebook.data.tables.table import Table
from stagebook.project.errors import Problem, StagebookError, Where

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference, which replaces the rows of its table.

    Attributes:
        profile: The profile of the whole table.
        blocks: The profiles of its blocks, ascending, with the same grids.
        time: The column it was cut by; None if it was not cut.
        span: The length of a block.
        note: Why it was not cut, in words; empty if it was.
    """

    profile: Profile
    blocks: tuple[TimeBlock, ...] = ()
    time: str | None = None
    span: Span | RowCount | None = None
    note: str = ""


PLAIN = "The reference is a plain profile, which cannot be cut into months or weeks."


def of_table(
    table: Table,
    time: str | None = None,
    by: Span | RowCount | None = None,
    batch: tuple[Path, str] | None = None,
) -> Reference:
    """The reference from a table.

    Args:
        table: The table.
        time: A column of dates or timestamps to cut it by; if None, the one with the fewest nulls.
        by: The length of a block; if None, about as long as the batch or, without a batch, the
            longest span with at least four blocks.
        batch: Root and path of the batch, if known.

    Raises:
        StagebookError: The column does not exist (``no-time-column``), there are too many blocks
            (``too-many-blocks``), or the table cannot be read.
    """
    table_profile = profile(table)
    if isinstance(by, RowCount):
        return Reference(table_profile, tuple(cut_by_rows(table, table_profile, by)), None, by)
    name, note = time_column(table_profile, time, table.path)
    if name is None:
        return Reference(table_profile, note=note)
    length = _length(*batch, name) if batch and by is None else None
    span, blocks = cut(table, table_profile, name, by, length)
    return Reference(table_profile, tuple(blocks), name, span)


def _length(root: Path, path: str, time: str) -> float | None:
    """The time that a batch covers, in microseconds; None if it is unknown."""
    try:
        if not _is_json(root, path):
            return length_of(Table.open(root, path), time)
        column = read(root / path, path).profile.column(time)
    except StagebookError:  # opening the batch for the comparison reports the error
        return None
    detail = column.detail if column else None
    if not isinstance(detail, Numbers) or detail.minimum is None or detail.maximum is None:
        return None
    return float(detail.maximum - detail.minimum)


def open_reference(
    root: Path,
    path: str,
    time: str | None = None,
    by: Span | RowCount | None = None,
    batch: str | None = None,
) -> Reference:
    """The reference at a path: a table, the JSON of a reference, or that of a profile.

    Args:
        root: The project's root.
        path: Path relative to it.
        time: See ``of_table``.
        by: See ``of_table``.
        batch: Path of the batch, if known.

    Raises:
        StagebookError: It is something else, or has another format version; or blocks are
            requested of a file that is not a table (``cannot-cut``).
    """
    if not _is_json(root, path):
        return of_table(Table.open(root, path), time, by, (root, batch) if batch else None)
    if time is not None or by is not None:
        message = "A profile contains no rows, so it cannot be cut into blocks."
        raise StagebookError(
            Problem(
                "cannot-cut", message, "Give the table that the profile was made from.", Where(path)
            )
        )
    return read(root / path, path)


def open_batch(root: Path, path: str, reference: Reference) -> Profile:
    """The profile of the batch at a path, with the reference's grids if it is a table.

    Args:
        root: The project's root.
        path: A table, or the JSON of a profile or a reference; relative to the root.
        reference: The reference to compare it with.

    Raises:
        StagebookError: It is something else, or has another format version.
    """
    if _is_json(root, path):
        return read(root / path, path).profile
    return profile(Table.open(root, path), reference.profile)


def _is_json(root: Path, path: str) -> bool:
    return path.lower().endswith(".json") and not is_table(path, root)


def read(path: Path, shown: str | None = None) -> Reference:
    """The reference, or the plain profile, in a file.

    Args:
        path: The file.
        shown: Its name in errors.

    Raises:
        StagebookError: See ``parse``; or the file cannot be read (``bad-reference``).
    """
    name = shown or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = (
            f"Create it: stagebook profile TABLE --json > {name}   To compare months or weeks: "
            f"stagebook drift TABLE --save {name}"
        )
        raise _bad(name, "The file is missing.", hint) from None
    except UnicodeDecodeError:
        raise _bad(name, "The file is not UTF-8.") from None
    except OSError as error:
        raise _bad(name, f"The file cannot be read: {error.strerror}.") from None
    return parse(text, name)


def render(reference: Reference) -> str:
    """The reference as JSON with a format version: the same bytes every time."""
    head = {
        "reference": FORMAT,
        "time": reference.time,
        "span": reference.span.value if reference.span else None,
        "note": reference.note,
    }
    blocks = ",\n".join(
        f'{{"start":{json.dumps(block.start)},"profile":{profiles.render(block.profile).rstrip()}}}'
        for block in reference.blocks
    )
    profile_json = profiles.render(reference.profile).rstrip()
    start = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    return f'{start},"profile":{profile_json},"blocks":[\n{blocks}\n]}}\n'


def is_reference(begin: bytes) -> bool:
    """Whether a file with this beginning was written by ``render``."""
    return begin.startswith(b'{"reference":')


def parse(text: str, file: str = "reference") -> Reference:
    """The reference, or the plain profile, in a text.

    Args:
        text: The output of ``render``, or of ``profile.render``.
        file: The file's name, for the error.

    Raises:
        StagebookError: The text is not a complete reference (``bad-reference``), has another
            format version (``reference-format``), or is an invalid profile.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad(file, "The file is not valid JSON.") from None
    if not isinstance(document, dict) or "reference" not in document:
        return Reference(profiles.parse(text, file), note=PLAIN)
    if document["reference"] != FORMAT:
        message = f"The reference has format {document['reference']!r}; this Stagebook reads"
        hint = "Create the reference again, or use the version of Stagebook that wrote it."
        raise StagebookError(Problem("reference-format", f"{message} {FORMAT}.", hint, Where(file)))
    try:
        return _reference(document, file)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad(file, f"The reference is incomplete or invalid: {error!r}.") from None


def _reference(document: Mapping[str, Any], file: str) -> Reference:
    span, time, note = document["span"], document["time"], document["note"]
    if not isinstance(note, str) or not (time is None or isinstance(time, str)):
        raise TypeError("time and note must be texts")
    blocks = tuple(
        TimeBlock(str(item["start"]), _profile(item["profile"], file))
        for item in document["blocks"]
    )
    table_profile = _profile(document["profile"], file)
    return Reference(table_profile, blocks, time, None if span is None else spans.parse(span), note)


def _profile(document: Any, file: str) -> Profile:
    return profiles.parse(json.dumps(document), file)


def _bad(
    file: str, message: str, hint: str = "Create the reference again from its table."
) -> StagebookError:
    return StagebookError(Problem("bad-reference", message, hint, Where(file)))
