"""Options that many verbs have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--json``, which errors honour too."""

    def note(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
        ctx.meta["json"] = value
        return value

    return click.option("--json", "as_json", is_flag=True, callback=note, help="Print JSON.")(
        command
    )


def policy_options(attestation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the options that say what is asked of a package.

    Args:
        attestation: What is done by itself about one that nobody attests, or of a dirty tree.
    """
    options = (
        click.option(
            "--key",
            type=click.Path(path_type=Path),
            metavar="PEM",
            help="The public key it has to be signed with.",
        ),
        click.option(
            "--environment",
            type=click.Choice(["equal", "compatible", "ignore"]),
            metavar="RULE",
            help="Versions here: equal, compatible or ignore.",
        ),
        click.option(
            "--attestation",
            type=click.Choice(["ignore", "warn", "refuse"]),
            default=attestation,
            metavar="WHAT",
            help=f"None, or of a dirty tree: ignore, warn or refuse; else {attestation}.",
        ),
        click.option(
            "--trusted", multiple=True, metavar="NAME", help="What opening it may call, too."
        ),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add
