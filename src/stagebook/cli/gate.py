"""The verb that ends a build in CI: whether it went well and its metrics are good enough."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagebook.cli.options import json_option

if TYPE_CHECKING:
    from stagebook.workflow.gating import Judgement


@click.command()
@click.option("--against", metavar="COMMIT", help="Compare metrics with this commit or branch.")
@click.option(
    "--allow-missing",
    is_flag=True,
    help="Judge the metrics though outputs are not there, as after `dvc repro --allow-missing`.",
)
@json_option
def gate(against: str | None, allow_missing: bool, as_json: bool) -> None:
    """Say whether the last build went well and its metrics keep to their gates.

    A stage that failed gives its own exit code. Otherwise, ends with 13 if a metric is outside of
    what [tool.stagebook.gates] in pyproject.toml allows.
    """
    from stagebook.cli import screen
    from stagebook.project import Project
    from stagebook.workflow import gating

    found = gating.judge(Project.find(Path.cwd()), against, allow_missing)
    if as_json:
        told = screen.without_secrets(found.as_json())
        click.echo(json.dumps(told, ensure_ascii=False, allow_nan=False))
    else:
        _show(found)
    sys.exit(found.exit_code)


def _show(found: "Judgement") -> None:
    from stagebook.cli import gate_screen, screen

    gate_screen.show(screen.without_secrets(found))
    screen.problems(problem for one in found.broken for problem in one.problems)
    screen.problems(one.problem for one in found.verdicts if one.problem)
