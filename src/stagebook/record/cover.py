"""Hides secrets in a kernel's logs for MLflow, before they leave the execution's folder."""

import contextlib
import sqlite3
from pathlib import Path

from stagebook.execution import landing
from stagebook.project.files import write_whole
from stagebook.project.masks import Masks

_BEGINNING = 8192
_NAMES = ("key", "metric_name", "param_key", "tag_key")
"""Columns of MLflow's store that hold names, in which MLflow refuses an asterisk."""

_STATES = ("status", "lifecycle_stage")
"""Columns with MLflow's own words."""


def drop_broken(store: Path) -> None:
    """Deletes MLflow's store if it is not a valid database.

    A notebook can write there, and MLflow would then refuse the whole record.

    Args:
        store: The place.
    """
    if not store.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(store)) as database:
            broken = database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)
    except sqlite3.Error:
        broken = True
    if broken:
        landing.remove(store)


def hide_in_store(store: Path, masks: Masks) -> None:
    """Hides secrets in every text of an SQLite file, including its unused pages.

    Args:
        store: The file. It is deleted if it cannot be changed, because it is damaged or the disk
            is full.
        masks: The secrets to hide.
    """
    if not masks.forms or not store.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(store)) as database:
            tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            for (table,) in tables.fetchall():
                for _, column, *_ in database.execute(f'PRAGMA table_info("{table}")').fetchall():
                    if column not in _STATES:
                        _hide_in_column(database, table, column, masks)
            database.commit()
            database.execute("VACUUM")
    except sqlite3.Error:
        store.unlink()


def _hide_in_column(database: sqlite3.Connection, table: str, column: str, masks: Masks) -> None:
    hide = masks.hide_name if column in _NAMES else masks.hide_document
    query = f"""SELECT DISTINCT "{column}" FROM "{table}" WHERE typeof("{column}") = 'text'"""
    for (text,) in database.execute(query).fetchall():
        hidden = hide(text)
        if hidden != text:
            # if the masked name already exists, either of the two rows may remain
            change = f'UPDATE OR REPLACE "{table}" SET "{column}" = ? WHERE "{column}" = ?'
            database.execute(change, (hidden, text))


def hide_in_files(folder: Path, masks: Masks) -> None:
    """Hides secrets in the text files of a folder, and in the names of all files.

    Args:
        folder: The folder. A text that cannot be rewritten, because the disk is full, is deleted.
        masks: The secrets to hide.
    """
    if not masks.forms:
        return
    for path in sorted(folder.rglob("*"), reverse=True):  # files before their folder
        if path.is_file() and not path.is_symlink():
            _hide_in_file(path, masks)
        name = masks.hide_name(path.name)
        if name != path.name and path.exists():
            path.rename(_free(path.with_name(name)))


def _hide_in_file(path: Path, masks: Masks) -> None:
    text = _text(path)
    hidden = masks.hide_document(text)
    if hidden == text:
        return
    try:
        write_whole(path, hidden)
    except OSError:
        path.unlink()


def _text(path: Path) -> str:
    """The text in a file; empty if it is not a text."""
    with path.open("rb") as file:
        if b"\0" in file.read(_BEGINNING):  # avoids reading a large model
            return ""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return ""


def _free(path: Path) -> Path:
    """A path that does not exist: this one, or one with a number."""
    count, free = 1, path
    while free.exists():
        count += 1
        free = path.with_stem(f"{path.stem}-{count}")
    return free
