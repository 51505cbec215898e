"""How to attach to a kept kernel, as text and as JSON."""

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from stagebook.execution.kept import KeptKernel
    from stagebook.project.errors import Problem


def show(kernel: "KeptKernel", *, failed: bool) -> None:
    """Prints how to attach to a kernel.

    Args:
        kernel: The kernel.
        failed: Whether its last cell failed; otherwise it stopped before the cell.
    """
    place = f"after cell {kernel.cell} failed" if failed else f"before cell {kernel.cell}"
    click.echo(f"The kernel of {kernel.stage} waits, {place}. To attach to it:")
    click.echo(f"  jupyter console --existing {shlex.quote(str(kernel.connection))}")
    click.echo("  jupyter lab --ServerApp.allow_external_kernels=True")
    click.echo(
        f"It ends with Ctrl-C, with `stagebook debug --stop`, or after {kernel.idle / 60:g} min "
        "without use. Its files are in no build."
    )


def as_json(kernel: "KeptKernel", problems: Iterable["Problem"]) -> dict[str, Any]:
    """A kept kernel as plain values."""
    return {**kernel.as_json(), "problems": [problem.as_json() for problem in problems]}
