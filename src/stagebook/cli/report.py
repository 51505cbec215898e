"""The verb that writes reports."""

from pathlib import Path

import click

from stagebook.cli import pages
from stagebook.cli.options import StageName, against_option

_PATH = click.Path(path_type=Path)


@click.command()
@against_option
@click.option(
    "--to",
    "folder",
    type=_PATH,
    metavar="FOLDER",
    help="Folder to write the site to.",
    show_default="the setting report.folder",
)
@click.option(
    "--single",
    type=_PATH,
    metavar="FILE",
    help="HTML file to write one page to instead of the whole site.",
)
@click.option(
    "--page",
    type=StageName(),
    metavar="NAME",
    help="Page to write with --single: a stage, a file, a model, monitoring, features or history.",
    show_default="the front page",
)
@click.option(
    "--markdown",
    is_flag=True,
    help="Print a summary in Markdown for a pull request instead of writing the site.",
)
@click.option(
    "--link",
    metavar="URL",
    help="Address of the site, to link to with --markdown.",
    show_default="no link",
)
def report(
    against: str | None,
    folder: Path | None,
    single: Path | None,
    page: str | None,
    markdown: bool,
    link: str | None,
) -> None:
    """Write a website with the metrics and notebooks of the last build."""
    from stagebook.project.project import Project
    from stagebook.workflow import reporting

    if page and not single:
        raise click.UsageError("--page needs --single FILE.")
    if link and not markdown:
        raise click.UsageError("--link needs --markdown.")
    if sum(map(bool, (folder, single, markdown))) > 1:
        message = "Only one of --to, --single and --markdown is allowed."
        raise click.UsageError(message)
    project = Project.find(Path.cwd())
    if markdown:
        click.echo(reporting.markdown(project, against, link or ""), nl=False)
        return
    if single:
        pages.write(single, reporting.single(project, against, page or ""))
        return
    written, count = reporting.report(project, against, folder)
    more = f" and {count - 1} more page{'' if count == 2 else 's'}" if count > 1 else ""
    click.echo(f"Written: {written / 'index.html'}{more}")
