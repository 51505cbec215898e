"""Options that many verbs have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from stagebook.project.errors import StagebookError


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--json``, which also applies to errors."""

    def note(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
        ctx.meta["json"] = value
        return value

    return click.option(
        "--json", "as_json", is_flag=True, callback=note, help="Print the result as JSON."
    )(command)


against_option = click.option(
    "--against",
    metavar="COMMIT",
    help="Commit, branch or tag to compare the metrics with.",
    show_default="the setting report.against",
)

materials_option = click.option(
    "--materials",
    type=click.Choice(["ignore", "warn", "refuse"]),
    default="refuse",
    metavar="WHAT",
    help="What to do if nobody knows what the model was made of, as of one made outside of a "
    "stage: ignore, warn or refuse.",
)


class _Duration(click.ParamType):  # type: ignore[type-arg]
    """A duration, such as ``10 min``."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds."""
        from stagebook.project.settings import parse_duration

        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


idle_option = click.option(
    "--idle",
    type=_Duration(),
    default="30 min",
    metavar="TIME",
    help="Time without use after which the kept kernel ends.",
)


def pairs(values: tuple[str, ...]) -> dict[str, str]:
    """The texts of ``-P`` by the names of the parameters.

    Raises:
        click.BadParameter: A text is not ``NAME=VALUE``, or a name is repeated.
    """
    overrides = dict(map(_pair, values))
    if len(overrides) < len(values):
        raise click.BadParameter("a parameter is given twice", param_hint="-P")
    return overrides


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="-P")
    return name.strip(), value


class StageName(click.types.StringParamType):
    """A stage, by its own name or by its notebook's file; a shell completes the names."""

    name = "stage"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The stages that begin with the text; empty outside a project."""
        from stagebook.pipeline import notebooks
        from stagebook.project.project import Project

        try:
            project = Project.around(Path.cwd())
            stages = notebooks.stages(project) if project else {}
        except (StagebookError, OSError):
            return []
        return [
            CompletionItem(stage, help=path)
            for stage, path in stages.items()
            if stage.startswith(incomplete)
        ]


def policy_options(attestation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the options that set the policy for a package.

    Args:
        attestation: The default of ``--attestation``.
    """
    options = (
        click.option(
            "--key",
            type=click.Path(path_type=Path),
            metavar="PEM",
            help="Public key that must have signed the package.",
            show_default="no signature required",
        ),
        click.option(
            "--environment",
            type=click.Choice(["equal", "compatible", "ignore"]),
            metavar="RULE",
            help="How package versions here must match those of the model: equal, compatible or "
            "ignore.",
            show_default="the rule in the package",
        ),
        click.option(
            "--attestation",
            type=click.Choice(["ignore", "warn", "unsigned", "refuse"]),
            default=attestation,
            metavar="WHAT",
            help="What to do if the attestation is missing, is unsigned, or records uncommitted "
            "changes: ignore, warn or refuse; unsigned: warn about a missing signature, refuse "
            "otherwise.",
        ),
        click.option(
            "--trusted",
            multiple=True,
            metavar="NAME",
            help="Full name of a class or function, such as package.module.name, that the model "
            "may call when it is loaded. Repeatable.",
            show_default="known safe names only",
        ),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add
