"""Outputs that are too large for a notebook: the notebook shows a part, a file has the whole."""

import base64
import binascii
import json
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stagebook.execution.masked_file import MaskedFile
from stagebook.notebook.lean import lean_import
from stagebook.project.masks import Masks, is_binary

LONGEST_TEXT = 1_000_000
"""Characters of a stream, or of a plain text, that a notebook shows of one cell."""

LARGEST_DATA = 20_000_000
"""Characters of all other representations that a notebook shows of one cell."""

WHOLE = "stagebook_whole"
"""Key in the metadata of an output that names the file with a whole output."""

_HEAD, _TAIL = LONGEST_TEXT * 3 // 4, LONGEST_TEXT // 4
_PIECE = 1_000_000
_LONGEST_LINE = 1000
_SUFFIXES = {
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/latex": "tex",
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "application/pdf": "pdf",
    "application/javascript": "js",
}


def note(file: str, left: int, total: int, folder: str) -> dict[str, str]:
    """The data of the output that says where the whole of another one is.

    Args:
        file: The name of the file with the whole output.
        left: How many characters the notebook leaves out.
        total: How many characters the whole has.
        folder: The folder of the file, relative to the notebook.
    """
    words = f"{left:,} of {total:,} characters are left out here. The whole output is in"
    place = f"{folder}/{file}"
    address = place.replace("%", "%25").replace(" ", "%20")
    return {
        "text/plain": f"… {words} {place}",
        "text/markdown": f"… {words} [{place}](<{address}>)",
    }


def relocate(cells: list[Any], folder: str) -> None:
    """Lets the notes of a notebook name another folder.

    Args:
        cells: The cells of the notebook as JSON, which are changed.
        folder: The folder of the whole outputs, relative to the notebook.
    """
    outputs = (item for cell in cells if isinstance(cell, dict) for item in _outputs(cell))
    for output in outputs:
        metadata = output.get("metadata") if isinstance(output, dict) else None
        whole = metadata.get(WHOLE) if isinstance(metadata, dict) else None
        if isinstance(whole, dict) and isinstance(whole.get("file"), str):
            output["data"] = note(whole["file"], whole["left"], whole["total"], folder)


def _outputs(cell: Mapping[str, Any]) -> list[Any]:
    outputs = cell.get("outputs")
    return outputs if isinstance(outputs, list) else []


class _Stream:
    """One stream of a cell: its text in the notebook, and a file once it is too long.

    Args:
        outputs: The outputs of the cell.
        name: The stream.
        place: Where its file goes, if it gets one.
        masks: The secrets to hide in the file, and in what is shown of it.
    """

    def __init__(self, outputs: list[Any], name: str, place: Path, masks: Masks) -> None:
        self._outputs, self._name, self._place, self._masks = outputs, name, place, masks
        self._pieces: list[tuple[Any, list[str]]] = []
        self._size = 0
        self._file: MaskedFile | None = None
        self._head: list[str] = []
        self._head_size = self._tail_size = self._total = 0
        self._tail: deque[str] = deque()

    def add(self, text: str) -> None:
        """Adds a text to the end of the stream."""
        self._size += len(text)
        if self._file is None and self._size > LONGEST_TEXT:
            self._begin_file()
        if self._file:
            for start in range(0, len(text), _PIECE):
                self._show(self._file.write(text[start : start + _PIECE]))
        elif self._pieces and self._outputs and self._outputs[-1] is self._pieces[-1][0]:
            self._pieces[-1][1].append(text)
        else:
            node = _node("stream", name=self._name, text="")
            self._outputs.append(node)
            self._pieces.append((node, [text]))

    def settle(self, *, done: bool) -> None:
        """Puts the text as it is now into the outputs.

        Args:
            done: Whether the stream has ended.
        """
        if self._file is None:
            for node, parts in self._pieces:
                node.text = "".join(parts)
                parts[:] = [node.text]
            return
        if done:
            self._show(self._file.close())
        (head, note_node, tail) = (node for node, _ in self._pieces)
        shown = "".join(self._tail)[-_TAIL:]
        if done and "\n" in shown[:_LONGEST_LINE]:
            shown = shown.partition("\n")[2]  # it begins with a whole line
        head.text, tail.text = "".join(self._head), shown
        left = self._total - self._head_size - len(shown)
        note_node.update(_noted(self._place, left, self._total))

    def _begin_file(self) -> None:
        earlier = "".join(part for _, parts in self._pieces for part in parts)
        nodes = [node for node, _ in self._pieces]
        index = _position(self._outputs, nodes[0]) if nodes else len(self._outputs)
        rest = [item for item in self._outputs if not any(item is node for node in nodes)]
        ours = [
            _node("stream", name=self._name, text=""),
            _node("display_data", metadata={}, data={}),
            _node("stream", name=self._name, text=""),
        ]
        self._outputs[:] = [*rest[:index], *ours, *rest[index:]]
        self._pieces = [(node, []) for node in ours]
        self._file = MaskedFile(self._place, self._masks)
        self._show(self._file.write(earlier))

    def _show(self, text: str) -> None:
        """Shows a text without secrets at the end of the head, or in the tail."""
        self._total += len(text)
        room = _HEAD - self._head_size
        if room > 0:
            self._head.append(text[:room])
            self._head_size += len(self._head[-1])
            text = text[room:]
        if text:
            self._tail.append(text)
            self._tail_size += len(text)
        while self._tail and self._tail_size - len(self._tail[0]) >= _TAIL:
            self._tail_size -= len(self._tail.popleft())


class CellOutputs:
    """The outputs of one cell while it runs, bounded.

    Args:
        outputs: The cell's outputs.
        stem: Where the files of whole outputs go, without their endings.
        masks: The secrets to hide in these files.
    """

    def __init__(self, outputs: list[Any], stem: Path, masks: Masks) -> None:
        self._outputs, self._stem, self._masks = outputs, stem, masks
        self._streams: dict[str, _Stream] = {}
        self._data, self._files = 0, 0

    def stream(self, name: str, text: str) -> None:
        """Adds a text to a stream."""
        if name not in self._streams:
            place = self._stem.with_name(f"{self._stem.name}.{name}.txt")
            self._streams[name] = _Stream(self._outputs, name, place, self._masks)
        self._streams[name].add(text)

    def settle(self, *, done: bool = False) -> None:
        """Puts all texts into the outputs, as they are now.

        Args:
            done: Whether the cell has ended.
        """
        for stream in self._streams.values():
            stream.settle(done=done)

    def clear(self) -> None:
        """Forgets what the cell has cleared."""
        self.settle(done=True)
        self._streams.clear()
        self._data = 0

    def bounded(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
        """The representations of an output that a notebook shows, and notes about the others.

        Args:
            data: The value of each media type.
        """
        shown: dict[str, Any] = {}
        notes: list[Any] = []
        for kind, value in data.items():
            text = value if isinstance(value, str) else json.dumps(value)
            plain = kind == "text/plain"
            if len(text) <= (LONGEST_TEXT if plain else LARGEST_DATA - self._data):
                self._data += 0 if plain else len(text)
                shown[kind] = value
                continue
            file, head = self._save(kind, text)
            head = head if plain else ""
            if head:
                shown[kind] = head
            notes.append(_node("display_data", **_noted(file, len(text) - len(head), len(text))))
        if not shown:
            shown["text/plain"] = "…"
        return shown, notes

    def _save(self, kind: str, text: str) -> tuple[Path, str]:
        """Writes a whole output to a file; returns it and how the text begins."""
        self._files += 1
        suffix = _SUFFIXES.get(kind, "json" if kind.endswith("json") else "txt")
        place = self._stem.with_name(f"{self._stem.name}.{self._files}.{suffix}")
        if is_binary(kind):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_decoded(text))
            return place, ""
        file = MaskedFile(place, self._masks)
        head = ""
        for piece in _pieces(text):
            written = file.write(piece)
            head += written[: LONGEST_TEXT - len(head)]
        return place, head + file.close()[: LONGEST_TEXT - len(head)]


def _noted(file: Path, left: int, total: int) -> dict[str, Any]:
    """The fields of the output that says where a whole output is."""
    metadata = {WHOLE: {"file": file.name, "left": left, "total": total}}
    return {"metadata": metadata, "data": note(file.name, left, total, file.parent.name)}


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return text.encode(errors="replace")


def _position(items: list[Any], item: Any) -> int:
    return next(index for index, other in enumerate(items) if other is item)


def _node(output_type: str, **fields: Any) -> Any:
    """An output; nbformat's own function validates it, which takes longer than the rest."""
    return lean_import("nbformat").from_dict({"output_type": output_type, **fields})
