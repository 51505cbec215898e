"""Unexpected errors: one problem for the person, the traceback in a file."""

import contextlib
import tempfile
import traceback
from pathlib import Path

from stagebook.project.errors import Problem, Where
from stagebook.project.files import write_whole

FOLDER = "crashes"
_LONGEST = 300


def report(error: BaseException, state: Path, name: str, where: Where | None = None) -> Problem:
    """Writes the traceback of an unexpected error to a file, without secrets.

    Args:
        error: The error.
        state: The project's state folder; if it is missing, the temporary folder is used.
        name: The file's name, without its extension.
        where: The place of the error.

    Returns:
        The problem, which names the file.
    """
    text = "".join(traceback.format_exception(error))
    inside = state.is_dir()
    file = (state / FOLDER if inside else Path(tempfile.gettempdir())) / f"{name}.txt"
    hint = "Report this as a bug of Stagebook."
    with contextlib.suppress(OSError):  # a full disk must not hide the error
        write_whole(file, text)
        place = file.relative_to(state.parent).as_posix() if inside else file
        hint = f"The full report is in {place}. {hint}"
    return Problem(
        "internal-error", f"Stagebook failed unexpectedly: {summary(error)}.", hint, where
    )


def summary(error: BaseException) -> str:
    """The kind of an error and the first line of its text."""
    kind = type(error).__name__
    try:
        line = next(iter(str(error).splitlines()), "")
    except Exception:  # the error's own text fails
        line = ""
    return f"{kind}: {line[:_LONGEST].rstrip('.')}" if line else kind
