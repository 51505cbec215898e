"""The verb that says whether a deployed model still holds."""

import json
import sys
from pathlib import Path

import click

from stagebook.cli import pages
from stagebook.cli.options import json_option
from stagebook.project.errors import Exit


@click.command()
@click.argument("log", required=False)
@click.option(
    "--package",
    metavar="PACKAGE",
    show_default="the setting",
    help="The package that the server answers with: a folder, an archive, or models:/NAME@ALIAS.",
)
@click.option(
    "--labels",
    metavar="FILE",
    type=click.Path(path_type=Path),
    show_default="the setting",
    help="A table of what came true, by the prediction's id or by key and instant.",
)
@click.option(
    "--state",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    show_default="one for LOG, below .stagebook/monitor",
    help="Folder for what was read already.",
)
@click.option(
    "--textfile",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the status to FILE too, for the textfile collector of Prometheus.",
)
@click.option(
    "--at",
    metavar="DAY",
    help="As it was at the end of DAY, such as 2026-11-29: later requests and labels do not count.",
)
@click.option("--no-alerts", is_flag=True, help="Report a change of the state to nobody.")
@pages.html_option
@json_option
def monitor(
    log: str | None,
    package: str | None,
    labels: Path | None,
    state: Path | None,
    textfile: Path | None,
    at: str | None,
    no_alerts: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Say from its log whether a deployed model still holds.

    LOG is the folder that `stagebook serve --log` writes; without it, the setting counts. Exits
    with 11 if a person should look, or act.
    """
    from stagebook.cli import monitor_screen, screen
    from stagebook.monitoring.signal import MonitorState
    from stagebook.workflow import monitoring

    options = monitoring.MonitorOptions(log, package, labels, state, textfile, not no_alerts, at)
    run = monitoring.monitor(options)
    if html:
        from stagebook.report import monitor_page

        pages.write(html, monitor_page.render_page(run.status))
    if as_json:
        values = run.status.as_json()
        values["remarks"] = [problem.as_json() for problem in run.remarks]
        click.echo(json.dumps(values, ensure_ascii=False, allow_nan=False))
    else:
        if not html:
            monitor_screen.show(run.status)
        screen.problems((*run.status.problems, *run.remarks), warning=True)
    sys.exit(Exit.DONE if run.status.state is MonitorState.OK else Exit.DRIFTED)
