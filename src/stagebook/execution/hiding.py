"""A notebook as it is written while it runs and afterwards: without secrets."""

from pathlib import Path
from typing import Any

from stagebook.notebook.lean import lean_import
from stagebook.project.masks import Masks

_TOLD = {
    "papermill": {"duration", "end_time", "exception", "start_time", "status", "version"},
    "language_info": {"name", "mimetype", "pygments_lexer", "nbconvert_exporter"},
}
"""Words that papermill tells of a cell and of a notebook, and the kernel of its language."""


class MaskedWriter:
    """papermill's way to a file, through which every text of a notebook goes.

    Args:
        masks: What is hidden in it.
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
    """The text of a notebook without secrets; what its images are made of is left alone."""
    if not masks.forms:
        return text
    v4 = lean_import("nbformat").v4
    node = v4.reads(text)  # texts that a file has in lines are whole again
    node.metadata = _hidden_metadata(node.metadata, masks)
    for cell in node.cells:
        cell.source = masks.hide(cell.source)
        cell.metadata = _hidden_metadata(cell.metadata, masks)
        if cell.cell_type == "code":
            cell.outputs = _hidden_outputs(cell.outputs, masks)
    return str(v4.writes(node))


def _hidden_metadata(metadata: Any, masks: Masks) -> dict[str, Any]:
    """Metadata without secrets; words that papermill and the kernel write there are left alone.

    A secret such as ``completed`` would otherwise take the status from every cell.
    """
    kept = {name: metadata[name] for name in _TOLD.keys() & metadata.keys()}
    hidden = masks.hide_all({key: item for key, item in metadata.items() if key not in kept})
    for name, item in kept.items():
        words = {key: value for key, value in item.items() if key in _TOLD[name]}
        rest = {key: masks.hide_all(value) for key, value in item.items() if key not in words}
        hidden[name] = {**words, **rest}
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
    """Outputs in which a stream is in one piece if a secret is in it, even across its pieces."""
    pieces = [
        output for output in outputs if output.output_type == "stream" and output.name == name
    ]
    whole = "".join(piece.text for piece in pieces)
    hidden = masks.hide(whole)
    if hidden == whole:
        return outputs
    pieces[0].text = hidden
    return [output for output in outputs if not any(output is other for other in pieces[1:])]
