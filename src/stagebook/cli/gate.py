"""The verb that judges a build in CI: by its stages, then by its metrics."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagebook.cli.options import against_option, json_option

if TYPE_CHECKING:
    from stagebook.workflow.gating import GateJudgement


@click.command()
@against_option
@click.option(
    "--allow-missing",
    is_flag=True,
    help="Check the metrics even if outputs are missing, as after `dvc repro --allow-missing`.",
)
@click.option(
    "--allow-stale",
    is_flag=True,
    help="Check the metrics even if code, parameters or data changed after the build.",
)
@click.option(
    "--cold",
    is_flag=True,
    help="Fail if a stage ran in a warm process.",
)
@json_option
def gate(
    against: str | None, allow_missing: bool, allow_stale: bool, cold: bool, as_json: bool
) -> None:
    """Fail if the last build failed, is stale or misses a gate.

    Exits with the exit code of a stage that failed; otherwise with 14 if code, parameters or data
    changed after the build, or a file differs from dvc.lock; otherwise with 13 if a metric is
    outside the bounds in [tool.stagebook.gates] of pyproject.toml.
    """
    from stagebook.project.project import Project
    from stagebook.workflow import gating

    project = Project.find(Path.cwd())
    judgement = gating.judge(
        project, against, allow_missing=allow_missing, allow_stale=allow_stale, cold=cold
    )
    if as_json:
        click.echo(json.dumps(judgement.as_json(), ensure_ascii=False, allow_nan=False))
    else:
        _show(judgement)
    sys.exit(judgement.exit_code)


def _show(judgement: "GateJudgement") -> None:
    from stagebook.cli import gate_screen, screen

    gate_screen.show(judgement)
    screen.problems(problem for stage in judgement.broken for problem in stage.problems)
    screen.problems(verdict.problem for verdict in judgement.verdicts if verdict.problem)
