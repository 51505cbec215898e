"""The verb that runs stages again and compares."""

import json
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stagebook.cli.options import StageName, json_option

if TYPE_CHECKING:
    from stagebook.execution.verification.result import StageVerification
    from stagebook.project.project import Project
    from stagebook.workflow.verifying import Verifying


@click.command()
@click.argument("stages", nargs=-1, metavar="STAGE...", type=StageName())
@click.option("--no-causes", is_flag=True, help="Run each stage once, and name no causes.")
@click.option(
    "--clean",
    is_flag=True,
    help="Verify the last commit in a fresh clone, with an environment of its lock file.",
)
@click.option(
    "--packages",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With a fresh clone as for --clean, but with the packages of this requirements file.",
)
@click.option(
    "--any-packages",
    is_flag=True,
    help="Also run stages whose packages have other versions than the locked ones.",
)
@json_option
def verify(
    stages: tuple[str, ...],
    no_causes: bool,
    clean: bool,
    packages: Path | None,
    any_packages: bool,
    as_json: bool,
) -> None:
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
    verification = verifying.Verifying.of(
        project, stages, explains=not no_causes, any_packages=any_packages
    )
    found: Iterable[StageVerification]
    if clean or packages:
        found = _elsewhere(project, verification, stages, packages, quiet=as_json)
    else:
        found = verification.results(partial(screen.progress, quiet=True))
    results = []
    for result in found:
        results.append(result)
        if not as_json:
            verify_screen.show(result)
    if not (packages or any_packages) and (reason := verification.tag(results)):
        screen.note(f"The runs in MLflow have no tag with the verdict. {reason}")
    if as_json:
        values = {"stages": [result.as_json() for result in results]}
        click.echo(json.dumps(values, ensure_ascii=False, allow_nan=False))
    else:
        verify_screen.total(results)
    sys.exit(verifying.exit_code(results))


def _elsewhere(
    project: "Project",
    verification: "Verifying",
    stages: tuple[str, ...],
    packages: Path | None,
    *,
    quiet: bool,
) -> "tuple[StageVerification, ...]":
    """Verifies in a fresh clone; the verdicts of other packages are not kept."""
    from stagebook.cli import screen
    from stagebook.workflow import verifying_elsewhere

    results = verifying_elsewhere.verify(
        project,
        stages,
        packages,
        (lambda _: None) if quiet else screen.note,
        explains=verification.explains,
    )
    for result in results if packages is None else ():
        verification.keep(result)
    return results
