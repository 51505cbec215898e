"""The verbs of ``stagebook``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stagebook.cli import compare, gate, model, report, tables, trace
from stagebook.cli.options import json_option
from stagebook.errors import Exit, StagebookError

if TYPE_CHECKING:
    from stagebook.project import Project

_EPILOG = """\b
Exit codes:
  0 done                        8 disk full
  1 the notebook failed         9 dvc.yaml out of sync
  2 wrong usage                 10 refused by contract
  3 notebook or project wrong   11 drifted
  4 environment wrong           12 package refused
  5 undeclared file             13 metric out of bounds
  6 out of memory               124 time limit
  7 the kernel died             130 SIGINT, 143 SIGTERM
"""


class _Group(click.Group):
    """Commands in the order in which a person meets them; our errors end them tidily."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(Exit.INTERRUPTED)
        except StagebookError as error:
            from stagebook.cli import screen

            if ctx.meta.get("json"):
                told = screen.without_secrets([one.as_json() for one in error.problems])
                click.echo(json.dumps({"problems": told}))
            else:
                screen.problems(error.problems)
            ctx.exit(error.exit_code)
        except click.UsageError as error:
            from stagebook.cli import screen

            message = screen.without_secrets(error.format_message())
            raise click.UsageError(message, error.ctx) from None
        except Exception:
            from stagebook.cli import screen

            sys.excepthook = screen.crash
            raise


@click.group(cls=_Group, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stagebook")
def main() -> None:
    """Jupyter notebooks as reproducible build steps.

    Each notebook in notebooks/ is a DVC stage. `stagebook sync` writes them into dvc.yaml;
    from then on plain `dvc repro` builds.
    """


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 9 if something differs.")
@json_option
def sync(check: bool, as_json: bool) -> None:
    """Make dvc.yaml fit the notebooks, and show what changes."""
    from stagebook.cli import screen
    from stagebook.workflow import building

    project = _project()
    changes = building.sync(project)
    if as_json:
        click.echo(
            json.dumps({"changes": [{"path": one.path, "diff": one.diff()} for one in changes]})
        )
    else:
        screen.changes(changes, check=check)
    if check and changes:
        sys.exit(Exit.OUT_OF_SYNC)
    for change in () if check else changes:
        change.write(project.root)


@main.command()
def sources() -> None:
    """Write what each notebook is made of; DVC runs this."""
    from stagebook.cli import screen
    from stagebook.workflow import building

    screen.problems(building.sources(_project()), warning=True)


@main.command()
@click.argument("stage")
@click.option("-P", "values", multiple=True, metavar="NAME=VALUE", help="Override a parameter.")
@json_option
def run(stage: str, values: tuple[str, ...], as_json: bool) -> None:
    """Run one stage's notebook in its sandbox; DVC calls this.

    With -P, the result is not the build's: it goes to runs/ and no output of the build is
    touched.
    """
    from stagebook.cli import screen
    from stagebook.workflow import building

    overrides = dict(_pair(value) for value in values)
    if len(overrides) < len(values):
        raise click.BadParameter("one name is given twice", param_hint="-P")
    with screen.progress(stage, quiet=as_json) as progress:
        done = building.run(_project(), stage, overrides, progress)
    if as_json:
        click.echo(json.dumps(screen.run_as_json(done), ensure_ascii=False))
    else:
        screen.run(done)
    sys.exit(done.ending.outcome.exit_code)


@main.command()
@json_option
def deliver(as_json: bool) -> None:
    """Give MLflow every record that it does not have yet."""
    from stagebook.workflow import records

    names = records.deliver(_project())
    if as_json:
        click.echo(json.dumps({"delivered": names}))
    else:
        click.echo(f"Delivered {len(names)} execution{'' if len(names) == 1 else 's'}.")


@main.command()
@json_option
def summary(as_json: bool) -> None:
    """Say what was built, how good it is, where to look."""
    from stagebook.cli import screen
    from stagebook.workflow import records

    found = records.summary(_project())
    if as_json:
        click.echo(json.dumps(screen.summary_as_json(found), ensure_ascii=False))
    else:
        screen.summary(found)


for verb in (
    trace.trace,
    trace.log,
    compare.compare,
    tables.check,
    tables.contract,
    tables.profile,
    tables.drift,
    model.model,
    report.report,
    gate.gate,
):
    main.add_command(verb)


def _project() -> "Project":
    from stagebook.project import Project

    return Project.find(Path.cwd())


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="-P")
    return name.strip(), value
