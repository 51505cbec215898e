"""The verb that writes reports."""

from pathlib import Path

import click

from stagebook.cli import pages

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--against", metavar="COMMIT", help="Compare metrics with this commit or branch.")
@click.option("--to", "folder", type=_PATH, metavar="FOLDER", help="Where; else site/.")
@click.option("--single", type=_PATH, metavar="FILE", help="Write one page alone, to be mailed.")
@click.option(
    "--page", default="", metavar="NAME", help="With --single: a stage, file, model, or history."
)
@click.option("--markdown", is_flag=True, help="Print the gist, for a pull request.")
@click.option("--link", default="", metavar="URL", help="With --markdown: where the site is.")
def report(
    against: str | None,
    folder: Path | None,
    single: Path | None,
    page: str,
    markdown: bool,
    link: str,
) -> None:
    """Write a site for people: what was built, how good it is, each notebook as an article."""
    from stagebook.project import Project
    from stagebook.workflow import reporting

    if page and not single:
        raise click.UsageError("--page goes with --single FILE.")
    if link and not markdown:
        raise click.UsageError("--link goes with --markdown.")
    if sum(map(bool, (folder, single, markdown))) > 1:
        message = "--to, --single and --markdown are different things: give one of them."
        raise click.UsageError(message)
    project = Project.find(Path.cwd())
    if markdown:
        from stagebook.cli import screen

        text = reporting.markdown(project, against, link)
        click.echo(screen.without_secrets(text), nl=False)
        return
    if single:
        pages.write(single, reporting.single(project, against, page))
        return
    written, count = reporting.report(project, against, folder)
    more = f" and {count - 1} more page{'' if count == 2 else 's'}" if count > 1 else ""
    click.echo(f"Written: {written / 'index.html'}{more}")
