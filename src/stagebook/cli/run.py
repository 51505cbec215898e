"""The verb that runs a stage, or a trial with the stages downstream."""

import contextlib
import functools
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagebook.cli.options import StageName, idle_option, json_option, pairs

if TYPE_CHECKING:
    from stagebook.execution.kept import KeptKernel
    from stagebook.project.project import Project
    from stagebook.workflow.executing import Run


@click.command()
@click.argument("stage", type=StageName())
@click.option(
    "-P",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="Parameter and its value for this run. Repeatable.",
    show_default="values in params/, or else in the notebook",
)
@click.option(
    "--downstream",
    is_flag=True,
    help="With -P, also run the stages that use the outputs of STAGE.",
)
@click.option(
    "--keep-kernel",
    is_flag=True,
    help="If a cell fails, keep the kernel and show how to attach to it.",
)
@idle_option
@json_option
def run(
    stage: str,
    values: tuple[str, ...],
    downstream: bool,
    keep_kernel: bool,
    idle: float,
    as_json: bool,
) -> None:
    """Run the notebook of one stage. DVC runs this command.

    STAGE is the name of the stage, or its notebook. With -P, the run is a trial: its outputs go
    to a folder in runs/, and the outputs of the build do not change.
    """
    from stagebook.project.project import Project

    overrides = pairs(values)
    if keep_kernel and downstream:
        raise click.UsageError("--keep-kernel does not go with --downstream")
    if downstream and not overrides:
        raise click.UsageError(
            "--downstream needs -P NAME=VALUE. To build a stage and the stages downstream: "
            f"dvc repro --downstream {stage}"
        )
    project = Project.find(Path.cwd())
    if downstream:
        _run_trial(project, stage, overrides, as_json=as_json)
    elif keep_kernel and not _is_unattended():
        _run_keeping(project, stage, overrides, idle, as_json=as_json)
    else:
        _run_stage(project, stage, overrides, as_json=as_json)


def _is_unattended() -> bool:
    """Whether nobody can attach to a kernel, or DVC waits for the run; says so."""
    from stagebook.cli import screen

    names = [name for name in ("CI", "DVC_STAGE") if os.environ.get(name)]
    for name in names[:1]:
        screen.note(f"--keep-kernel is ignored, because {name} is set.")
    return bool(names)


def _run_stage(project: "Project", stage: str, overrides: dict[str, str], *, as_json: bool) -> None:
    from stagebook.cli import screen
    from stagebook.workflow import building

    with screen.progress(stage, quiet=as_json) as progress:
        run = building.run(project, stage, overrides, progress)
    _show(run, None, as_json=as_json)
    sys.exit(run.ending.outcome.exit_code)


def _run_keeping(
    project: "Project", stage: str, overrides: dict[str, str], idle: float, *, as_json: bool
) -> None:
    """Runs a stage; if a cell fails, shows how to attach to its kernel, and holds it."""
    from stagebook.cli import screen
    from stagebook.workflow import building
    from stagebook.workflow.executing import Keeping

    with contextlib.ExitStack() as display:
        progress = display.enter_context(screen.progress(stage, quiet=as_json))

        def show(run: "Run", kernel: "KeptKernel") -> None:
            display.close()
            _show(run, kernel, as_json=as_json)

        run = building.run(project, stage, overrides, progress, keep=Keeping(idle, show))
    if not run.record.volatile.kept:
        _show(run, None, as_json=as_json)
    sys.exit(run.ending.outcome.exit_code)


def _show(run: "Run", kernel: "KeptKernel | None", *, as_json: bool) -> None:
    from stagebook.cli import kept_screen, screen

    if as_json:
        values = screen.run_as_json(run)
        if kernel:
            values["kernel"] = kernel.as_json()
        click.echo(json.dumps(values, ensure_ascii=False))
        return
    screen.run(run)
    if kernel:
        kept_screen.show(kernel, failed=True)


def _run_trial(project: "Project", stage: str, overrides: dict[str, str], *, as_json: bool) -> None:
    from stagebook.cli import screen
    from stagebook.workflow import trials

    trial = trials.Downstream.read(project, stage)
    if not as_json:
        screen.problems(trial.left_out, warning=True)
    runs, started = [], None
    shown = functools.partial(screen.progress, quiet=as_json)
    for run in trials.run(project, trial, overrides, shown):
        runs.append(run)
        if not as_json:
            screen.run(run, started)
        started = time.time()
    if as_json:
        click.echo(json.dumps(screen.trial_as_json(trial, runs), ensure_ascii=False))
    sys.exit(runs[-1].ending.outcome.exit_code)
