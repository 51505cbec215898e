"""The error that a notebook stopped at: a line on top, and the traceback at its cell."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from stagebook.project.text import without_colours
from stagebook.report.article import texts
from stagebook.report.article.executed import CellOutput, ExecutedCell

_OWN_FRAME = re.compile(r"(?:Cell In|Input In|<ipython-input|File .*ipykernel_\d+)")
_LINES = 40
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class NotebookFailure:
    """What a notebook stopped at.

    Attributes:
        cell: Position of the cell.
        message: The error in a line.
        unreached: Code cells after it.
    """

    cell: int
    message: str
    unreached: int


def find(cells: Sequence[ExecutedCell]) -> NotebookFailure | None:
    """The error that a notebook stopped at: its last, unless cells after it were executed."""
    code = [cell for cell in cells if cell.kind == "code" and cell.text.strip()]
    for place, cell in enumerate(code):
        error = next((output for output in cell.outputs if output.kind == "error"), None)
        after = code[place + 1 :]
        if error and all(
            executed_cell.count is None and not executed_cell.outputs for executed_cell in after
        ):
            return NotebookFailure(cell.position, message(error), len(after))
    return None


def message(output: CellOutput) -> str:
    """An error in a line: its kind, and what it says."""
    name, value = output.data["ename"] or "Error", output.data["evalue"]
    first = next(iter(without_colours(value).strip().splitlines()), "")
    line = f"{name}: {first}" if first else name
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def render(output: CellOutput, place: str) -> str:
    """An error as HTML, its traceback a click away and cut to what helps."""
    traceback = texts.block("\n".join(_helpful(output.data["traceback"])), place, "out")
    return (
        f'<div class="error"><p><strong>{escape(message(output))}</strong></p>'
        f"<details open><summary>Where it happened</summary>{traceback}</details></div>"
    )


def _helpful(frames: Sequence[str]) -> list[str]:
    """The frames of a traceback that are the notebook's own, and the last two."""
    if len(frames) <= 5:
        lines = "\n".join(frames).split("\n")
        return lines if len(lines) <= _LINES else [*lines[:8], "   …", *lines[8 - _LINES :]]
    helpful, skipped = list(frames[:2]), 0
    for place, frame in enumerate(frames[2:], start=2):
        own = _OWN_FRAME.match(without_colours(frame))
        if own or place >= len(frames) - 2:
            if skipped:
                helpful.append(f"   … {skipped} call{'s' * (skipped != 1)} in libraries")
            helpful.append(frame)
            skipped = 0
        else:
            skipped += 1
    return helpful
