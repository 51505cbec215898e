"""Inserts lines into a cell of a notebook's file; all other characters of the file stay."""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from stagebook.notebook import cells, json_places
from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.json_places import Place
from stagebook.project.errors import Problem, StagebookError, Where


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line for a cell.

    Attributes:
        after: The number of lines of the cell before it.
        text: The line, without its end.
    """

    after: int
    text: str


def insert(text: str, path: str, position: int, lines: Iterable[NewLine]) -> str:
    """The text of a notebook's file with new lines in one cell.

    Args:
        text: The file's text, with its own line ends.
        path: Its path; the suffix says how to read it.
        position: The position of the cell, counted from 1.
        lines: The lines; those after the same line keep their order.

    Raises:
        StagebookError: The file cannot be read, or the cell is not in it as lines.
    """
    new = sorted(lines, key=lambda line: line.after)
    before = cells.parse_file(text, path)
    cell = before.cells[position - 1]
    edit = _in_percent if path.endswith(".py") else _in_json
    try:
        groups = _grouped(new)
        after = edit(text, cell, groups)
        fits = cells.parse_file(after, path).cells == tuple(_expected(before, cell, groups))
    except (LookupError, ValueError, TypeError, StagebookError):
        fits = False
    if not fits:
        message = "The lines cannot be added to the file without other changes."
        added = "  ".join(line.text for line in new)
        raise StagebookError(
            Problem("cannot-fix", message, f"Add to the cell: {added}", Where(path, position))
        )
    return after


def _grouped(lines: Iterable[NewLine]) -> list[tuple[int, list[str]]]:
    """The new lines after each line of the cell, the last first."""
    groups = groupby(lines, key=lambda line: line.after)
    return [(after, [line.text for line in group]) for after, group in groups][::-1]


def _expected(
    notebook: Notebook, cell: Cell, groups: Iterable[tuple[int, list[str]]]
) -> Iterator[Cell]:
    text = cell.text
    for after, new in groups:
        at, block = _block(text, after, new)
        text = text[:at] + block + text[at:]
    for item in notebook.cells:
        yield replace(item, text=text) if item.position == cell.position else item


def _block(text: str, after: int, new: list[str]) -> tuple[int, str]:
    """The position of new lines in a cell's text, and their text."""
    lines = io.StringIO(text).readlines()  # str.splitlines also ends lines at other characters
    end = "\r\n" if "\r\n" in text else "\n"
    block = "".join(f"{line}{end}" for line in new)
    if after >= len(lines) and not text.endswith("\n"):
        block = (end if text else "") + block.removesuffix(end)
    return sum(map(len, lines[:after])), block


def _in_percent(text: str, cell: Cell, groups: list[tuple[int, list[str]]]) -> str:
    """The text of a ``.py`` notebook, in which a cell's lines follow its marker."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = io.StringIO(text).readlines()
    bare = [line.rstrip("\r\n") for line in lines]
    wanted = cell.text.split("\n") if cell.text else []
    (start,) = (
        start
        for start in range(1, len(bare) + 1)
        if bare[start : start + len(wanted)] == wanted and _follows_marker(bare, start, cell)
    )
    for after, new in groups:
        at = start + after
        block = "".join(f"{line}{end}" for line in new)
        if at == len(lines) and not lines[-1].endswith("\n"):
            lines[-1] += end
            block = block.removesuffix(end)
        lines.insert(at, block)
    return "".join(lines)


def _follows_marker(lines: list[str], start: int, cell: Cell) -> bool:
    """Whether a line is the first of a cell with these tags; an empty cell is at its marker."""
    above = (line for line in reversed(lines[:start]) if line.strip() or not cell.text)
    marker = next(above, "")
    has_mark = marker.startswith("#") and marker.lstrip("# ").startswith("%%")
    return has_mark and all(tag in marker for tag in cell.tags)


def _in_json(text: str, cell: Cell, groups: list[tuple[int, list[str]]]) -> str:
    """The text of an ``.ipynb``, in which a cell's source is a string or a list of strings."""
    document = json_places.members(text, json_places.root(text))
    place = json_places.elements(text, document["cells"])[cell.position - 1]
    source = json_places.members(text, place)["source"]
    written = source.of(text)
    for after, new in groups:
        if written.startswith("["):
            written = _in_list(written, after, new)
        else:
            written = _in_string(written, after, new)
    return text[: source.start] + written + text[source.end :]


def _in_string(written: str, after: int, new: list[str]) -> str:
    position, block = _block(json.loads(written), after, new)
    at = json_places.within(written, position)
    return written[:at] + _quoted(block)[1:-1] + written[at:]


def _in_list(written: str, after: int, new: list[str]) -> str:
    """A list of lines with more elements, laid out as the others."""
    places = json_places.elements(written, Place(0, len(written)))
    values = [json.loads(place.of(written)) for place in places]
    whole = "".join(values)
    if not whole:
        last = [*(f"{line}\n" for line in new[:-1]), new[-1]]
        return f"[{', '.join(map(_quoted, last))}]"
    if values != io.StringIO(whole).readlines() + [""] * (not values[-1]):
        return _in_element(written, places, _block(whole, after, new))
    end = "\r\n" if "\r\n" in whole else "\n"
    texts = [f"{line}{end}" for line in new]
    gap = (
        written[places[0].end : places[1].start]
        if len(places) > 1
        else f",{written[1 : places[0].start]}"
    )
    if after < len(values):
        at = places[after].start
        return written[:at] + "".join(_quoted(line) + gap for line in texts) + written[at:]
    at, added = places[-1].end, ""
    if not whole.endswith("\n"):
        at -= 1
        added, texts[-1] = _quoted(end)[1:-1] + '"', texts[-1].removesuffix(end)
    added += "".join(gap + _quoted(line) for line in texts)
    return written[:at] + added + written[places[-1].end :]


def _in_element(written: str, places: Iterable[Place], insertion: tuple[int, str]) -> str:
    """A list whose elements are not lines, with a text within one of them."""
    position, block = insertion
    for place in places:
        length = len(json.loads(place.of(written)))
        if position <= length:
            at = place.start + json_places.within(place.of(written), position)
            return written[:at] + _quoted(block)[1:-1] + written[at:]
        position -= length
    raise LookupError("the list is shorter than its text")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
