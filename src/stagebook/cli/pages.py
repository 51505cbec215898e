"""Pages of HTML that a verb writes on demand."""

from collections.abc import Callable
from pathlib import Path

import click

from stagebook.project.errors import Problem, StagebookError, Where

html_option = click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="HTML file to write the result to instead of printing it.",
)


def is_page(begin: bytes) -> bool:
    """Whether a file with this beginning is a page of HTML."""
    return begin.lstrip().lower().startswith((b"<!doctype html", b"<html"))


def write(path: Path, text: str, is_old: Callable[[bytes], bool] = is_page) -> None:
    """Writes a page, or another generated file, and prints its path.

    Args:
        path: The file.
        text: The page.
        is_old: Whether a file with this beginning is an older version, which may be replaced.

    Raises:
        StagebookError: The file cannot be written, or a file of another kind exists there.
    """
    if path.exists() and not _is_replaced(path, is_old):
        message = "A file of another kind already exists; it is not overwritten."
        hint = f"Delete it, or name another file, such as new-{path.name}."
        raise StagebookError(Problem("file-there", message, hint, Where(str(path))))
    from stagebook.project.files import write_whole

    try:
        write_whole(path, text)
    except OSError as error:
        message = f"The file could not be written: {error.strerror}."
        hint = "Check the path and the permissions of its folder."
        raise StagebookError(Problem("not-written", message, hint, Where(str(path)))) from None
    click.echo(f"Written: {path}", err=True)


def _is_replaced(path: Path, is_old: Callable[[bytes], bool]) -> bool:
    """Whether a file may be replaced: it is empty, or an older version of the same kind."""
    try:
        with path.open("rb") as file:
            begin = file.read(200)
    except OSError:
        return False
    return not begin.strip() or is_old(begin)
