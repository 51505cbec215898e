"""A server in the terminal."""

import json
from typing import TYPE_CHECKING

import click
from rich.text import Text

from stagebook.cli.printed import Screen

if TYPE_CHECKING:
    from stagebook.serving.server import Listening

_out = Screen()


def started(listening: "Listening") -> None:
    """Prints what is served, and where."""
    address, served = listening.address, listening.model
    _out.print(
        Text.assemble(
            ("✓", "green"), " ", (served.name, "bold"), f"  {served.digest[:16]} answers on "
        )
        + Text(address, "cyan")
    )
    routes = f"{address}/invocations, {address}/predict"
    _out.print(Text(f"  {routes}; described in {address}/openapi.json", "dim"))


def started_as_json(listening: "Listening") -> None:
    """Prints the same on one line for programs."""
    address, served = listening.address, listening.model
    values = {"address": address, "name": served.name, "digest": served.digest}
    click.echo(json.dumps(values, ensure_ascii=False))
