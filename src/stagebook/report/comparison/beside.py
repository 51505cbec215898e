"""What a pair of cells put out, beside each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from stagebook.project.text import counted
from stagebook.report.article import cells, pictures, sanitised
from stagebook.report.article.executed import CellOutput, ExecutedCell
from stagebook.report.article.outputs import OutputWriter, ShownOutput
from stagebook.report.comparison import line_diff, marked_tables, sandbox_paths
from stagebook.report.comparison.alignment import same_output

_CODED = ("application/json", "text/latex")


@dataclass(frozen=True, slots=True)
class OutputPair:
    """One output on both sides.

    Attributes:
        kind: ``same``, ``one`` where both are shown as one with marks, or ``beside``.
        caption: A few words about it.
        html: What is shown of both; what is the same.
        before: What is shown of the side before; empty for nothing.
        now: Likewise now.
    """

    kind: str
    caption: str = ""
    html: str = ""
    before: str = ""
    now: str = ""


Written = tuple[CellOutput, ShownOutput]


def blocks(
    before: ExecutedCell, now: ExecutedCell, writers: tuple[OutputWriter, OutputWriter]
) -> tuple[OutputPair, ...]:
    """The outputs of two versions of a cell.

    Args:
        before: The one.
        now: The other.
        writers: What writes the outputs of each side.
    """
    left, right = _written(before, writers[0]), _written(now, writers[1])
    return tuple(_block(outputs, other) for outputs, other in _pairs(left, right))


def alone(cell: ExecutedCell, writer: OutputWriter) -> Iterator[str]:
    """The outputs of a cell that is on one side only, or the same on both, as HTML.

    Args:
        cell: The cell.
        writer: What writes its outputs.
    """
    if cell.kind == "code":
        yield from (_shown(shown) for _, shown in _written(cell, writer))


def _written(cell: ExecutedCell, writer: OutputWriter) -> list[Written]:
    """The outputs of a cell that a reader is to see."""
    if "remove-output" in cells.tags_of(cell):
        return []
    return [
        (cell_output, shown)
        for cell_output in cell.outputs
        if (shown := writer.write(cell, cell_output))
    ]


def _shown(shown: ShownOutput) -> str:
    """An output as a comparison shows it, without headings."""
    inner = sanitised.flat(shown.html) if shown.kind == "prose" else shown.html
    return f'<div class="output {shown.kind}">{inner}</div>'


def _pairs(
    left: Sequence[Written], right: Sequence[Written]
) -> Iterator[tuple[Written | None, Written | None]]:
    """Outputs of the same kind in pairs, in order."""
    kinds, others = ([shown.kind for _, shown in side] for side in (left, right))
    matcher = SequenceMatcher(None, kinds, others, autojunk=False)
    for _, start, end, begin, stop in matcher.get_opcodes():
        yield from zip_longest(left[start:end], right[begin:stop])


def _block(before: Written | None, now: Written | None) -> OutputPair:
    if before is None or now is None:
        return OutputPair("beside", before=_html(before), now=_html(now))
    if _is_same(before, now):
        return OutputPair("same", f"{_noun(now[1])} unchanged", _html(now))
    return _as_one(before, now) or OutputPair("beside", before=_html(before), now=_html(now))


def _is_same(before: Written, now: Written) -> bool:
    """Whether a reader sees the same; pictures are compared by their bytes alone."""
    if before[1].html == now[1].html or same_output(before[0], now[0]):
        return True
    figures = [_picture(output) for output, shown in (before, now) if shown.kind == "figure"]
    return len(figures) == 2 and bool(figures[0]) and figures[0] == figures[1]


def _picture(output: CellOutput) -> dict[str, str]:
    data = {kind: output.data.get(kind) for kind in pictures.TYPES}
    return {kind: "".join(item.split()) for kind, item in data.items() if isinstance(item, str)}


def _as_one(before: Written, now: Written) -> OutputPair | None:
    """Both as one, with marks for what differs; None if they cannot be compared so."""
    if before[1].kind == now[1].kind == "table":
        marked = marked_tables.mark(before[1].html, now[1].html)
        if marked and not marked.changed:
            return OutputPair("same", "Table unchanged", _html(now))
        if marked:
            caption = f"{marked.changed:,} of {counted(marked.total, 'value')} differ"
            return OutputPair("one", caption, _shown(ShownOutput("table", marked.html)))
    texts = [_text(*outputs) for outputs in (before, now)]
    if texts[0] and texts[1]:
        caption = "Messages differ" if now[0].name == "stderr" else ""
        return OutputPair("one", caption, line_diff.diff(texts[0], texts[1]))
    return None


def _text(output: CellOutput, shown: ShownOutput) -> str:
    """What was printed; empty for what is not a plain text."""
    if shown.kind != "text":
        return ""
    if output.kind == "stream":
        return sandbox_paths.without(str(output.data["text"]))
    plain = not any(kind in output.data for kind in _CODED)
    text = output.data.get("text/plain") if plain else ""
    return sandbox_paths.without(text) if isinstance(text, str) else ""


def _html(outputs: Written | None) -> str:
    return _shown(outputs[1]) if outputs else ""


def _noun(shown: ShownOutput) -> str:
    nouns = {"figure": "Figure", "table": "Table", "text": "Text", "error": "Error"}
    return nouns.get(shown.kind, "Output")
