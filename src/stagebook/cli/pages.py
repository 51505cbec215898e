"""Pages of HTML that a verb writes on demand."""

from pathlib import Path

import click

from stagebook.errors import Problem, StagebookError, Where
from stagebook.files import write_whole

html_option = click.option(
    "--html", type=click.Path(path_type=Path), metavar="PAGE", help="Write a page of HTML."
)


def write(path: Path, text: str) -> None:
    """Writes a page where it was asked for, and says so.

    Raises:
        StagebookError: It cannot be written there, or something that is no page is there.
    """
    if path.exists() and not _is_page(path):
        message = "Something is there already, and it is no page."
        hint = "Name another file, such as report.html."
        raise StagebookError(Problem("file-there", message, hint, Where(str(path))))
    try:
        write_whole(path, text)
    except OSError as error:
        message = f"It could not be written: {error.strerror}."
        hint = "Check the path and the rights on its folder."
        raise StagebookError(Problem("not-written", message, hint, Where(str(path)))) from None
    click.echo(f"Written: {path}", err=True)


def _is_page(path: Path) -> bool:
    """Whether a file is a page of HTML, or empty, so that nothing is lost with it."""
    try:
        with path.open("rb") as file:
            begin = file.read(200).lstrip().lower()
    except OSError:
        return False
    return not begin or begin.startswith((b"<!doctype html", b"<html"))
