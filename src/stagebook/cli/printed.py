"""The console of all screens: folds between words on a terminal, and never elsewhere."""

import io
import re
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

_ROOM = 10_000
_HANGING = 2


class Screen(Console):
    """A console that folds lines between words on a terminal, and nowhere else.

    A word that is wider than the terminal, such as a path, is not broken.

    Args:
        stderr: Whether it prints to standard error.
    """

    def __init__(self, *, stderr: bool = False, **options: Any) -> None:
        super().__init__(stderr=stderr, highlight=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints as ``Console`` does."""
        match objects:
            case [str() | Text() as shown] if self.is_terminal and "soft_wrap" not in options:
                markup = options.get("markup", True)
                text = Text.from_markup(shown) if isinstance(shown, str) and markup else shown
                lines = _folded(text if isinstance(text, Text) else Text(text), self.width)
                super().print(Text("\n").join(lines), soft_wrap=True, **options)
            case _ if self.is_terminal:
                super().print(*objects, **options)
            case _:
                super().print(*objects, **{"soft_wrap": True, **options})


def _folded(text: Text, width: int) -> Iterator[Text]:
    """The lines of a text, no wider than a number of cells unless a single word is wider.

    Continuation lines are indented more than the first, if there is room.
    """
    for line in text.split(allow_blank=True):
        indent = len(line.plain) - len(line.plain.lstrip()) + _HANGING
        breaks, indents, used = [], [0], 0
        for word in re.finditer(r"\s*\S+", line.plain):
            start = word.end() - len(word[0].lstrip())
            used += cell_len(word[0])
            if used > width and word.start():
                wide = cell_len(line.plain[start : word.end()])
                breaks.append(start)
                indents.append(indent if indent + wide <= width else 0)
                used = indents[-1] + wide
        for part, blanks in zip(line.divide(breaks), indents, strict=True):
            part.rstrip()
            yield Text(" " * blanks).append_text(part)


def put(console: Console, shown: RenderableType) -> None:
    """Prints to a terminal; elsewhere without folding lines, for programs that read them.

    If the terminal is too narrow for whole words, a table is printed row by row, and a tree
    without its lines.

    Args:
        console: The console.
        shown: A tree or a table.
    """
    if not console.is_terminal:
        wide = Console(file=io.StringIO(), width=_ROOM, highlight=False, color_system=None)
        with wide.capture() as capture:
            wide.print(shown)
        for line in capture.get().splitlines():
            console.print(line.rstrip(), markup=False, soft_wrap=True)
    elif _narrowest(console, shown) <= console.width:
        console.print(shown)
    elif isinstance(shown, Table):
        for text in _rows(shown):
            console.print(text)
    elif isinstance(shown, Tree):
        for text in _branches(shown):
            console.print(text)
    else:
        console.print(shown)


def _narrowest(console: Console, shown: RenderableType) -> int:
    """Cells that a table or a tree needs so that no word breaks."""
    options = console.options.update(max_width=_ROOM)
    return Measurement.get(console, options, shown).minimum


def _branches(tree: Tree, depth: int = 0) -> Iterator[Text]:
    """Each label of a tree, indented by one cell for each branch."""
    for line in _text(tree.label).split():
        yield Text(" " * depth).append_text(line)
    for branch in tree.children:
        yield from _branches(branch, depth + 1)


def _rows(table: Table) -> Iterator[Text]:
    """Each row of a table as lines: the first cell, then the other cells.

    In a table without a header, the cells of a row share one line.
    """
    titles = [_text(column.header) if table.show_header else Text() for column in table.columns]
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        if not table.show_header:
            yield Text("  ").join(cell for cell in map(_text, cells) if cell.plain.strip())
            continue
        first = True
        for title, cell in zip(titles, map(_text, cells), strict=True):
            if cell.plain.strip():
                words = [title, cell] if title.plain and not first else [cell]
                yield Text("" if first else "  ").append_text(Text(" ").join(words))
                first = False


def _text(shown: Any) -> Text:
    return shown if isinstance(shown, Text) else Text(str(shown))
