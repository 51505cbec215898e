"""Trees and tables as the terminal has room for them, and as long lines where there is none."""

import io

from rich.console import Console, RenderableType

_ROOM = 10_000


def put(console: Console, shown: RenderableType) -> None:
    """Prints to a terminal; elsewhere without folding a line, for whoever reads it by program.

    Args:
        console: Where to.
        shown: A tree or a table.
    """
    if console.is_terminal:
        console.print(shown)
        return
    wide = Console(file=io.StringIO(), width=_ROOM, highlight=False, color_system=None)
    with wide.capture() as held:
        wide.print(shown)
    for line in held.get().splitlines():
        console.print(line.rstrip(), markup=False, soft_wrap=True)
