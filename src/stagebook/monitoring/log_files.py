"""The files of a log's days, by which counts that are kept are known to be of today's log."""

import contextlib
from collections import defaultdict
from pathlib import Path
from typing import Any

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.serving.log import days as closed_days
from stagebook.serving.log import file as log_file

Files = list[list[Any]] | None
"""Name, size and time of the files of a closed day; None for a day that is still written."""


def require_log(log: Path) -> None:
    """Raises a StagebookError if a log does not exist (``no-request-log``)."""
    if not log.is_dir():
        message = f"There is no request log at `{log}`."
        hint = "Name the folder that `stagebook serve --log` writes."
        raise StagebookError(Problem("no-request-log", message, hint, Where(str(log))))


def files_of(log: Path, day: str | None = None) -> dict[str, Files]:
    """The files of each day of a log.

    Args:
        log: The folder of the log.
        day: Only this day; None for all.
    """
    written = {log_file.day_of(path) for path in log_file.files(log, day)}
    files: dict[str, list[list[Any]]] = defaultdict(list)
    for path in closed_days.day_files(log, day):
        with contextlib.suppress(FileNotFoundError):  # it was deleted meanwhile
            status = path.stat()
            own = [path.name, status.st_size, status.st_mtime_ns]
            files[log_file.day_of(path)].append(own)
    return {**files, **dict.fromkeys(written)}
