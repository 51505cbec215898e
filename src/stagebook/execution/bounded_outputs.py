"""The outputs of a running notebook, of which each cell keeps at most so many."""

from pathlib import Path
from typing import Any

from stagebook.execution.markers import POSITION
from stagebook.execution.whole_outputs import CellOutputs
from stagebook.project.masks import Masks

_DATA = {"display_data", "execute_result", "update_display_data"}


class BoundedOutputs:
    """The outputs of the cell that runs.

    Args:
        folder: The folder for outputs that are too large for the notebook.
        masks: The secrets to hide in their files.
    """

    def __init__(self, folder: Path, masks: Masks) -> None:
        self._folder, self._masks = folder, masks
        self._index: int | None = None
        self._cell: CellOutputs | None = None

    def of(self, cell: Any, index: int) -> CellOutputs:
        """The outputs of a cell; those of the cell before it are complete now."""
        if self._cell is None or self._index != index:
            self.finish()
            stem = self._folder / f"cell-{cell.metadata.get(POSITION, 0)}"
            self._index, self._cell = index, CellOutputs(cell.outputs, stem, self._masks)
        return self._cell

    def settle(self) -> None:
        """Puts texts that have arrived into the notebook."""
        if self._cell:
            self._cell.settle()

    def finish(self) -> None:
        """Completes the outputs of the last cell."""
        if self._cell:
            self._cell.settle(done=True)
            self._cell = None


def bounding(base: Any, bounded: BoundedOutputs) -> Any:
    """A client of a notebook that bounds its outputs.

    nbclient keeps each message of a stream as an output of its own and validates it, which takes
    longer than the kernel takes to print it.

    Args:
        base: papermill's client.
        bounded: The outputs.
    """

    class Client(base):  # type: ignore[misc]  # papermill has no types
        def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
            outputs = bounded.of(cell, cell_index)
            notes: list[Any] = []
            if msg["msg_type"] in _DATA and isinstance(msg["content"].get("data"), dict):
                msg["content"]["data"], notes = outputs.bounded(msg["content"]["data"])
            result = super().process_message(msg, cell, cell_index)
            cell.outputs.extend(notes)
            return result

        def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
            cell = bounded.of(self.nb.cells[cell_index], cell_index)
            hooks = self.output_hook_stack[msg["parent_header"].get("msg_id")]
            clears = bool(getattr(self, "clear_before_next_output", False)) and not hooks
            if clears:
                cell.clear()
            if hooks or msg["msg_type"] != "stream":
                return super().output(outs, msg, display_id, cell_index)
            if clears:
                outs[:] = []
                self.clear_display_id_mapping(cell_index)
                self.clear_before_next_output = False
            cell.stream(msg["content"]["name"], msg["content"]["text"])
            return None

        def clear_output(self, outs: Any, msg: Any, cell_index: int) -> None:
            super().clear_output(outs, msg, cell_index)
            if not outs:
                bounded.of(self.nb.cells[cell_index], cell_index).clear()

    return Client
