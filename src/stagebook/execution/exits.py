"""Cells that ask for their kernel's end."""

from collections.abc import Mapping
from typing import Any

from stagebook.notebook.lean import lean_import


class CellExitError(Exception):
    """A cell called ``exit()``."""


def refuse(cell: Any, reply: Mapping[str, Any]) -> None:
    """Ends a run at a cell that asked for its kernel's end, as a bare ``exit()`` does.

    IPython raises nothing then, and the kernel goes a tenth of a second later: how many cells
    after it still run is luck. So nothing more is asked of it, and it ends like ``sys.exit()``.

    Args:
        cell: The cell, as papermill has it.
        reply: What the kernel answered.

    Raises:
        CellExitError: It did.
    """
    if any(one.get("source") == "ask_exit" for one in reply["content"].get("payload", ())):
        told = {"ename": "SystemExit", "evalue": "", "traceback": ["SystemExit"]}
        cell.outputs.append(lean_import("nbformat").v4.new_output("error", **told))
        cell.metadata.papermill["status"] = "failed"
        raise CellExitError
