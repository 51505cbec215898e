"""Errors that pass through local code: their text, and the line that they come from."""

import traceback
from collections.abc import Sequence
from pathlib import Path

from stagebook.project.errors import Where


def error_text(error: BaseException) -> str:
    """The name of an error and the first line of its message."""
    first = str(error).strip().partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def raised_at(error: BaseException, folders: Sequence[Path], root: Path | None) -> Where | None:
    """The last line of local code that an error passed through; None without such a line.

    Args:
        error: The error.
        folders: Absolute folders of local code.
        root: The folder that the file is named relative to.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return Where(relative(Path(error.filename), root), line=error.lineno)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if any(Path(frame.filename).is_relative_to(folder) for folder in folders):
            return Where(relative(Path(frame.filename), root), line=frame.lineno)
    return None


def relative(file: Path, root: Path | None) -> str:
    """A file's path relative to a folder; its absolute path if it is not below the folder."""
    return (file.relative_to(root) if root and file.is_relative_to(root) else file).as_posix()
