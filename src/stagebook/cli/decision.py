"""The verb that shows a decision about a deployed model."""

import json
from pathlib import Path

import click

from stagebook.cli.options import json_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--markdown", is_flag=True, help="Print it in Markdown, as the text of a pull request."
)
@json_option
def decision(file: Path, markdown: bool, as_json: bool) -> None:
    """Show a decision about a deployed model, with its evidence.

    FILE is what stagebook.decide(...).write(FILE) wrote. The action does not change the exit code.
    """
    from stagebook.monitoring.decision.decision import Decision

    if markdown and as_json:
        raise click.UsageError("Only one of --markdown and --json is allowed.")
    own = Decision.read(file)
    if as_json:
        click.echo(json.dumps(own.as_json(), ensure_ascii=False, allow_nan=False))
    elif markdown:
        from stagebook.report import decision_markdown

        click.echo(decision_markdown.render(own), nl=False)
    else:
        from stagebook.cli import decision_screen

        decision_screen.show(own)
