"""The verbs about the past: where something comes from, and what was executed."""

import json
import sys
from pathlib import Path

import click

from stagebook.cli import pages
from stagebook.cli.options import StageName, json_option

_PREDICTION = "prediction:"


@click.command()
@click.argument("what", type=click.Path())
@click.option(
    "--down", is_flag=True, help="Show what was made from WHAT, instead of what WHAT was made from."
)
@click.option(
    "--at",
    metavar="COMMIT",
    help="Commit, branch or tag to read dvc.lock from.",
    show_default="the dvc.lock of the working tree",
)
@click.option(
    "--log",
    "request_log",
    type=click.Path(path_type=Path),
    envvar="STAGEBOOK_SERVE_LOG",
    metavar="FOLDER",
    help="Log of requests that a prediction is looked up in.",
    show_default="STAGEBOOK_SERVE_LOG",
)
@pages.html_option
@json_option
def trace(
    what: str,
    down: bool,
    at: str | None,
    request_log: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show where a file, an execution or a model comes from.

    WHAT is a path, at least six digits of a hash, the id of an execution or of an MLflow run, a
    registered model such as models:/late/3 or models:/late@champion, or prediction: and the id
    that a model server gave to a prediction or to a request.
    """
    if what.startswith(_PREDICTION):
        if down or at is not None:
            raise click.UsageError("--down and --at cannot be combined with a prediction.")
        _trace_prediction(what.removeprefix(_PREDICTION), request_log, html, as_json)
        return
    from stagebook.project.project import Project
    from stagebook.workflow import records

    trace = records.trace(Project.find(Path.cwd()), what, Path.cwd(), at=at, down=down)
    if html:
        from stagebook.report.lineage_page import render_page

        pages.write(html, render_page(trace))
    if as_json:
        click.echo(json.dumps(trace.as_json(), ensure_ascii=False))
    elif not html:
        from stagebook.cli import trace_screen

        trace_screen.show(trace)


def _trace_prediction(name: str, log: Path | None, html: Path | None, as_json: bool) -> None:
    from stagebook.cli import prediction_screen, screen
    from stagebook.project.errors import StagebookError
    from stagebook.project.project import Project
    from stagebook.workflow import predictions

    trace = predictions.trace(Project.find(Path.cwd()), name, log)
    if html and trace.trace.query.artefacts:
        from stagebook.report.lineage_page import render_page

        pages.write(html, render_page(trace.trace))
    if as_json:
        click.echo(json.dumps(trace.as_json(), ensure_ascii=False))
    elif not html:
        prediction_screen.show(trace)
    if trace.problems:
        if not as_json:
            screen.problems(trace.problems)
        sys.exit(StagebookError(*trace.problems).exit_code)


@click.command()
@click.argument("stage", required=False, type=StageName())
@click.option(
    "-n",
    "limit",
    type=click.IntRange(min=1),
    default=10,
    metavar="N",
    help="Number of executions to show.",
)
@json_option
def log(stage: str | None, limit: int, as_json: bool) -> None:
    """Show the last executions and what changed between them.

    STAGE is the name of a stage, or its notebook. Without it, all stages are shown.
    """
    from stagebook.project.project import Project
    from stagebook.workflow import records

    log = records.log(Project.find(Path.cwd()), stage, limit)
    if as_json:
        click.echo(json.dumps(log.as_json(), ensure_ascii=False))
    else:
        from stagebook.cli import log_screen

        log_screen.show(log)
