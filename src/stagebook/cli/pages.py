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
        StagebookError: It cannot be written there.
    """
    try:
        write_whole(path, text)
    except OSError as error:
        message = f"It could not be written: {error.strerror}."
        hint = "Check the path and the rights on its folder."
        raise StagebookError(Problem("not-written", message, hint, Where(str(path)))) from None
    click.echo(f"Written: {path}", err=True)
