"""Options that many verbs have."""

from collections.abc import Callable
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
