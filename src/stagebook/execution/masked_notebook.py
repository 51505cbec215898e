"""Hides secrets in a notebook, while it runs and afterwards."""

from pathlib import Path
from typing import Any

from stagebook.notebook.lean import lean_import
from stagebook.project.masks import Masks

_TOOL_WORDS = {
    "papermill": {"duration", "end_time", "exception", "start_time", "status", "version"},
    "language_info": {"name", "mimetype", "pygments_lexer", "nbconvert_exporter"},
}
"""Keys that papermill writes about a cell and a notebook, and the kernel about its language."""


class MaskedWriter:
    """papermill's writer of files, which hides secrets in each notebook.

    Args:
        masks: The secrets to hide.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks

    def write(self, text: str, path: str) -> None:
        """Writes the text of a notebook."""
        Path(path).write_text(hide(text, self._masks), encoding="utf-8")

    def pretty_path(self, path: str) -> str:
        """A file's name for papermill's messages."""
        return path


def hide(text: str, masks: Masks) -> str:
    """The text of a notebook without secrets; the data of images does not change."""
    if not masks.forms:
        return text
    v4 = lean_import("nbformat").v4
    node = v4.reads(text)  # joins texts that the file splits into lines
    node.metadata = _hidden_metadata(node.metadata, masks)
    for cell in node.cells:
        cell.source = masks.hide(cell.source)
        cell.metadata = _hidden_metadata(cell.metadata, masks)
        if cell.cell_type == "code":
            cell.outputs = _hidden_outputs(cell.outputs, masks)
    return str(v4.writes(node))


def _hidden_metadata(metadata: Any, masks: Masks) -> dict[str, Any]:
    """Metadata without secrets; words that papermill and the kernel write there do not change.

    Otherwise a secret such as ``completed`` would hide the status of every cell.
    """
    sections = {name: metadata[name] for name in _TOOL_WORDS.keys() & metadata.keys()}
    hidden = masks.hide_all({key: item for key, item in metadata.items() if key not in sections})
    for name, item in sections.items():
        words = {key: value for key, value in item.items() if key in _TOOL_WORDS[name]}
        masked = {key: masks.hide_all(value) for key, value in item.items() if key not in words}
        hidden[name] = {**words, **masked}
    return hidden


def _hidden_outputs(outputs: list[Any], masks: Masks) -> list[Any]:
    for name in ("stdout", "stderr"):
        outputs = _hidden_stream(outputs, name, masks)
    for output in outputs:
        if output.output_type == "error":
            for key in ("ename", "evalue", "traceback"):
                output[key] = masks.hide_all(output[key])
        elif output.output_type != "stream":
            output.metadata = masks.hide_all(output.metadata)
            output.data = masks.hide_all(output.data)
    return outputs


def _hidden_stream(outputs: list[Any], name: str, masks: Masks) -> list[Any]:
    """Outputs without secrets in a stream, whose pieces are joined if a secret is in them."""
    pieces = [
        output for output in outputs if output.output_type == "stream" and output.name == name
    ]
    text = "".join(piece.text for piece in pieces)
    hidden = masks.hide(text)
    if hidden == text:
        return outputs
    pieces[0].text = hidden
    return [output for output in outputs if not any(output is other for other in pieces[1:])]
