"""The verbs of ``stagebook``."""

import errno
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

import click

from stagebook.cli import (
    compare,
    debug,
    decision,
    features,
    gate,
    model,
    monitor,
    plan,
    report,
    repro,
    run,
    serve,
    setup_git,
    tables,
    trace,
    verify,
    warm,
)
from stagebook.cli.degraded_output import degrade
from stagebook.cli.masked_streams import masked_streams
from stagebook.cli.options import json_option
from stagebook.interruption import Raised
from stagebook.project.errors import Exit, StagebookError

if TYPE_CHECKING:
    from stagebook.project.project import Project

_EPILOG = """\b
Exit codes:
  0 success                       10 contract failed
  1 notebook failed               11 drift found
  2 invalid usage                 12 package refused
  3 invalid notebook or project   13 metric out of bounds
  4 unusable environment          14 stale build
  5 undeclared file               15 model not replaced
  6 out of memory                 16 build not reproduced
  7 kernel died                  124 time limit reached
  8 disk full                    130 stopped by SIGINT
  9 dvc.yaml or git out of sync  143 stopped by SIGTERM
"""


class _Group(click.Group):
    """Commands in the order of a person's work; errors of Stagebook end them with a message."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        degrade()
        with masked_streams(kwargs.get("args") or (args[0] if args else None) or sys.argv[1:]):
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with Raised():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(Exit.INTERRUPTED)
        except StagebookError as error:
            _refuse(ctx, error)
        except OSError as error:
            from stagebook.execution import outcome

            if error.errno == errno.EPIPE:
                raise  # click ends quietly if the reader of the output is gone
            if error.errno not in (*outcome.FULL_DISK, *outcome.NO_RIGHT):
                _refuse(ctx, _unforeseen(error, ctx.invoked_subcommand or "stagebook"))
            ending = outcome.of_full_disk(error, None)
            _refuse(ctx, StagebookError(*ending.problems, exit_code=ending.outcome.exit_code))
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            _refuse(ctx, _unforeseen(error, ctx.invoked_subcommand or "stagebook"))


def _unforeseen(error: Exception, verb: str) -> StagebookError:
    """One line about an unexpected error; a file has the traceback."""
    from stagebook.project import crashes
    from stagebook.project.project import STATE

    above = (folder / STATE for folder in (Path.cwd(), *Path.cwd().parents))
    state = next((folder for folder in above if folder.is_dir()), Path(STATE))
    problem = crashes.report(error, state, f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{verb}")
    return StagebookError(problem, exit_code=Exit.FAILED)


def _refuse(ctx: click.Context, error: StagebookError) -> Never:
    """Prints the problems of an error, for a person or as JSON, and ends with its exit code."""
    from stagebook.cli import screen

    if ctx.meta.get("json"):
        click.echo(json.dumps({"problems": [problem.as_json() for problem in error.problems]}))
    else:
        screen.problems(error.problems)
    ctx.exit(error.exit_code)


_CONTEXT = {"help_option_names": ["-h", "--help"], "show_default": True}


@click.group(cls=_Group, epilog=_EPILOG, context_settings=_CONTEXT)
@click.version_option(package_name="stagebook")
def main() -> None:
    """Jupyter notebooks as reproducible build steps.

    Each notebook in notebooks/ is a DVC stage. `stagebook sync` writes the stages into
    dvc.yaml. Then plain `dvc repro` builds them.
    """


@main.command()
@click.option(
    "--check", is_flag=True, help="Change nothing; exit with code 9 if dvc.yaml is out of sync."
)
@click.option(
    "--fix",
    is_flag=True,
    help="Also declare in the notebooks what the last runs and params files report as undeclared.",
)
@json_option
def sync(check: bool, fix: bool, as_json: bool) -> None:
    """Update dvc.yaml from the notebooks and show the changes."""
    from stagebook.cli import screen
    from stagebook.workflow import building

    project = _project()
    layout = building.sync(project, fix=fix)
    if as_json:
        click.echo(json.dumps(screen.layout_as_json(layout), ensure_ascii=False))
    else:
        screen.layout(layout, check=check)
    if check and layout.changes:
        sys.exit(Exit.OUT_OF_SYNC)
    for change in () if check else layout.changes:
        change.write(project.root)


@main.command()
def sources() -> None:
    """Write the source of each notebook. DVC runs this command."""
    from stagebook.workflow import sourcing

    if problems := sourcing.sources(_project()):
        from stagebook.cli import screen

        screen.problems(problems, warning=True)


main.add_command(plan.plan)
main.add_command(run.run)
main.add_command(repro.repro)
main.add_command(verify.verify)
main.add_command(debug.debug)


@main.command()
@json_option
def deliver(as_json: bool) -> None:
    """Send MLflow every record that it does not have yet."""
    from stagebook.workflow import records

    names = records.deliver(_project())
    if as_json:
        click.echo(json.dumps({"delivered": names}))
    else:
        click.echo(f"Delivered {len(names)} execution{'' if len(names) == 1 else 's'}.")


@main.command()
@json_option
def summary(as_json: bool) -> None:
    """Show the last build, its headline metrics and its pages."""
    from stagebook.cli import summary_screen
    from stagebook.workflow import records

    last_build = records.summary(_project())
    if as_json:
        click.echo(json.dumps(summary_screen.as_json(last_build), ensure_ascii=False))
    else:
        summary_screen.show(last_build)


for verb in (
    trace.trace,
    trace.log,
    compare.compare,
    tables.check,
    tables.contract,
    tables.profile,
    tables.drift,
    features.features,
    model.model,
    serve.serve,
    monitor.monitor,
    decision.decision,
    report.report,
    gate.gate,
    warm.warm,
    setup_git.setup_git,
):
    main.add_command(verb)


def _project() -> "Project":
    from stagebook.project.project import Project

    return Project.find(Path.cwd())
