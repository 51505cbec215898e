"""The folder of a site, written so that a reader meanwhile sees the old one or the new."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from stagebook.pipeline.stage import SITE_MARK
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import write_whole

_MARKED = "Stagebook wrote this folder, and replaces it with the next site.\n"


def write(folder: Path, pages: Iterable[tuple[str, str]]) -> int:
    """Writes all pages of a site, or none after a failure; returns how many.

    Args:
        folder: The folder; an existing site is replaced.
        pages: Path and text of each page.

    Raises:
        StagebookError: The folder exists and is not a site, or it cannot be written.
    """
    _refuse_other(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        near = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            count = _fill(near, pages)
            near.chmod(0o755)
            _replace(near, folder)
        finally:
            shutil.rmtree(near, ignore_errors=True)
    except OSError as error:
        message = f"The site could not be written: {error.strerror}."
        hint = "Check the path, the permissions of its folder, and the free space on the disk."
        raise StagebookError(Problem("not-written", message, hint, Where(str(folder)))) from None
    return count


def _refuse_other(folder: Path) -> None:
    is_site = (folder / SITE_MARK).is_file()
    if folder.exists() and not is_site and not (folder.is_dir() and not any(folder.iterdir())):
        message = "The folder already exists and is not a site that Stagebook wrote."
        hint = "Name another folder: --to FOLDER, or `folder` in [tool.stagebook.report]."
        raise StagebookError(Problem("not-a-site", message, hint, Where(str(folder))))


def _fill(folder: Path, pages: Iterable[tuple[str, str]]) -> int:
    (folder / SITE_MARK).write_text(_MARKED, encoding="utf-8")
    count = 0
    for page, text in pages:
        write_whole(folder / page, text)
        count += 1
    return count


def _replace(near: Path, folder: Path) -> None:
    if not folder.exists():
        near.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    folder.rename(old / "old")
    near.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
