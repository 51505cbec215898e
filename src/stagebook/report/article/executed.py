"""An executed notebook as its file has it, also where the file is broken."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

LARGEST = 256_000_000  # bytes of a file that is opened at all
_MOST_VALUES = 10_000_000  # of JSON; each takes up to some 70 bytes of memory
_MOST_CELLS = 2_000
_MOST_OUTPUTS = 500
_UNSEEN = re.compile(
    "[\x00-\x06\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_CONTROL = re.compile("[\x07\x08\x1b]")  # a terminal's, which mean something in what is printed
INJECTED = "injected-parameters"
"""Tag of the cell that papermill adds with the parameters of an execution."""

_PAPERMILL_MARK = "papermill-error-cell-tag"


@dataclass(frozen=True, slots=True)
class CellOutput:
    """One output of a cell.

    Attributes:
        kind: ``stream``, ``error`` or ``data``.
        data: What it is by type: one text for each MIME type, or parsed JSON. A stream has
            ``text``, an error ``ename``, ``evalue`` and ``traceback``.
        metadata: What its maker says about it.
        name: ``stdout`` or ``stderr``.
    """

    kind: str
    data: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class ExecutedCell:
    """One cell.

    Attributes:
        position: Its place in the notebook that was executed, counted from 1; 0 for the cell
            that papermill added.
        kind: ``code``, ``markdown`` or ``raw``.
        text: Its source.
        tags: Its tags.
        metadata: The rest of its metadata.
        count: The number that the kernel gave it.
        outputs: What it put out.
        attachments: Pictures that its Markdown names.
    """

    position: int
    kind: str
    text: str
    tags: frozenset[str] = frozenset()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    count: int | None = None
    outputs: tuple[CellOutput, ...] = ()
    attachments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExecutedNotebook:
    """A notebook, or as much of it as there is.

    Attributes:
        cells: Its cells in order, but for papermill's own.
        language: What its code is written in.
        notes: What is wrong with the file, in words.
    """

    cells: tuple[ExecutedCell, ...] = ()
    language: str = "python"
    notes: tuple[str, ...] = ()


def parse(text: str) -> ExecutedNotebook:
    """A notebook from its text; the notes say what is not a notebook."""
    if not text.strip():
        return ExecutedNotebook(notes=("The executed notebook is empty.",))
    if sum(map(text.count, ",[{")) > _MOST_VALUES:
        return ExecutedNotebook(notes=("The executed notebook is too large to be shown here.",))
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        return ExecutedNotebook(notes=(_broken(error),))
    return _notebook(document)


def _broken(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return (
            "The executed notebook is cut off or broken: "
            f"it is not valid JSON from line {error.lineno} on."
        )
    return "The executed notebook is broken: it cannot be read as JSON."


def _notebook(document: Any) -> ExecutedNotebook:
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        return ExecutedNotebook(notes=(_not_a_notebook(document),))
    notes = []
    if len(cells) > _MOST_CELLS:
        notes.append(f"Only the first {_MOST_CELLS:,} of {len(cells):,} cells are shown.")
    cleaner = _Cleaner()
    read = [_cell(item, cleaner) for item in cells[:_MOST_CELLS] if isinstance(item, dict)]
    if strange := sum(not isinstance(item, dict) for item in cells[:_MOST_CELLS]):
        notes.append(
            f"{strange} {'entries are not cells' if strange > 1 else 'entry is not a cell'}."
        )
    if cleaner.removed:
        notes.append(f"{cleaner.removed:,} characters that a page cannot show are omitted.")
    shown_cells = tuple(
        executed_cell for executed_cell in read if _PAPERMILL_MARK not in executed_cell.tags
    )
    return ExecutedNotebook(tuple(_numbered(shown_cells)), _language(document), tuple(notes))


def _numbered(cells: Iterable[ExecutedCell]) -> Iterator[ExecutedCell]:
    """Cells with their places in the notebook, which errors also name."""
    position = 0
    for cell in cells:
        is_own = INJECTED not in cell.tags
        position += is_own
        yield replace(cell, position=position if is_own else 0)


def _not_a_notebook(document: Any) -> str:
    if isinstance(document, dict) and isinstance(document.get("worksheets"), list):
        return "The executed notebook has nbformat 3 or older, which is not supported."
    return "The executed notebook is JSON, but not a notebook."


def _language(document: Mapping[str, Any]) -> str:
    metadata = _mapping(document.get("metadata"))
    named = _mapping(metadata.get("language_info")).get("name")
    return named if isinstance(named, str) else "python"


def without_unseen(text: str) -> str:
    """A text without the characters that no page can have."""
    return _CONTROL.sub("", _UNSEEN.sub("", text))


class _Cleaner:
    """Makes texts of what should be texts, and counts the characters that it removes."""

    def __init__(self) -> None:
        self.removed = 0

    def text(self, value: Any) -> str:
        """A text, which nbformat may have as a list of lines."""
        if isinstance(value, list):
            value = "".join(item for item in value if isinstance(item, str))
        if not isinstance(value, str):
            return ""
        shown, count = _UNSEEN.subn("", value)
        self.removed += count
        return shown

    def content(self, kind: str, value: Any) -> Any:
        """What an output has of one type: a text, unless the type is JSON."""
        return value if kind.endswith("json") and not isinstance(value, str) else self.text(value)


def _cell(cell: Mapping[str, Any], cleaner: _Cleaner) -> ExecutedCell:
    metadata = _mapping(cell.get("metadata"))
    count = cell.get("execution_count")
    outputs = cell.get("outputs")
    return ExecutedCell(
        0,
        str(cell.get("cell_type")),
        cleaner.text(cell.get("source")),
        frozenset(_strings(metadata.get("tags"))),
        metadata,
        count if isinstance(count, int) else None,
        tuple(_outputs(outputs if isinstance(outputs, list) else [], cleaner)),
        _mapping(cell.get("attachments")),
    )


def _outputs(outputs: list[Any], cleaner: _Cleaner) -> Iterable[CellOutput]:
    """Outputs in order; the pieces of a stream are one text."""
    merged: list[CellOutput] = []
    for item in outputs[:_MOST_OUTPUTS]:
        output = _output(_mapping(item), cleaner)
        last = merged[-1] if merged else None
        if last and last.kind == output.kind == "stream" and last.name == output.name:
            pieces = {"text": [*last.data["text"], *output.data["text"]]}
            merged[-1] = CellOutput("stream", pieces, name=last.name)
        else:
            merged.append(output)
    for item in merged:
        yield (
            item
            if item.kind != "stream"
            else CellOutput("stream", {"text": "".join(item.data["text"])}, name=item.name)
        )
    if len(outputs) > _MOST_OUTPUTS:
        text = f"… {len(outputs) - _MOST_OUTPUTS:,} more outputs are in the executed notebook."
        yield CellOutput("data", {"text/plain": text})


def _output(output: Mapping[str, Any], cleaner: _Cleaner) -> CellOutput:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return CellOutput("stream", {"text": [cleaner.text(output.get("text"))]}, name=name)
    if kind == "error":
        summary = {key: cleaner.text(output.get(key)) for key in ("ename", "evalue")}
        frames = [cleaner.text(string) for string in _strings(output.get("traceback"))]
        return CellOutput("error", {**summary, "traceback": frames})
    data = _mapping(output.get("data"))
    return CellOutput(
        "data",
        {kind: cleaner.content(kind, value) for kind, value in data.items()},
        _mapping(output.get("metadata")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
