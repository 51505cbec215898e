"""The verb that runs stages again and compares."""

import json
import sys
from functools import partial
from pathlib import Path

import click

from stagebook.cli.options import StageName, json_option


@click.command()
@click.argument("stages", nargs=-1, metavar="STAGE...", type=StageName())
@click.option("--no-causes", is_flag=True, help="Run each stage once, and name no causes.")
@json_option
def verify(stages: tuple[str, ...], no_causes: bool, as_json: bool) -> None:
    """Run stages again, and compare their outputs.

    STAGE is the name of a stage, its notebook, or an output; by default, all stages run. Each
    stage runs from its locked inputs in a sandbox of its own, and nothing in the project changes.
    If outputs differ, the stage runs further times, to name the cause and its cell.

    Exits with 16 if an output differs or a stage cannot run.
    """
    from stagebook.cli import screen, verify_screen
    from stagebook.project.project import Project
    from stagebook.workflow import verifying

    project = Project.find(Path.cwd())
    verification = verifying.Verifying.of(project, stages, explains=not no_causes)
    results = []
    for result in verification.results(partial(screen.progress, quiet=True)):
        results.append(result)
        if not as_json:
            verify_screen.show(result)
    if reason := verification.tag(results):
        screen.note(f"The runs in MLflow have no tag with the verdict. {reason}")
    if as_json:
        values = {"stages": [result.as_json() for result in results]}
        click.echo(json.dumps(values, ensure_ascii=False, allow_nan=False))
    else:
        verify_screen.total(results)
    sys.exit(verifying.exit_code(results))
