"""Lines that several screens of the terminal share."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from stagebook.project.errors import Problem


def with_hints(problems: Iterable["Problem"]) -> Iterator[tuple["Problem", str]]:
    """Problems with their hints; a hint shared by consecutive problems comes after the last."""
    listed = list(problems)
    for item, following in zip_longest(listed, listed[1:]):
        shared = following is not None and following.hint == item.hint
        yield item, "" if shared else item.hint


def of_cell(stage: str, position: int, total: int) -> str:
    """The line with which a run shows that a cell starts, where there is no terminal."""
    return f"{stage}: cell {position} of {total}"


def cell_of(line: str, stage: str) -> tuple[int, int] | None:
    """The position and the total of a line that ``of_cell`` wrote; None for another line."""
    head, _, rest = line.partition(": cell ")
    position, _, total = rest.partition(" of ")
    if head != stage or not (position.isdecimal() and total.isdecimal()):
        return None
    return int(position), int(total)


def folded(console: Console, text: Text, width: int | None, indent: str = "  ") -> Iterator[Text]:
    """A sentence on as many lines as it needs.

    Args:
        console: The console that will print it.
        text: The sentence.
        width: Cells of a line; None for no limit.
        indent: The indent of all lines after the first.
    """
    if width is None or cell_len(text.plain) <= width:
        yield text
        return
    first, *rest = text.wrap(console, max(width - len(indent), 10))
    yield first
    yield from (Text(indent).append_text(line) for line in rest)
