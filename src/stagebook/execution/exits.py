"""How kernels end: cells that ask for it, and what the guard says of it."""

from collections.abc import Mapping
from pathlib import Path
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
    if any(item.get("source") == "ask_exit" for item in reply["content"].get("payload", ())):
        told = {"ename": "SystemExit", "evalue": "", "traceback": ["SystemExit"]}
        cell.outputs.append(lean_import("nbformat").v4.new_output("error", **told))
        cell.metadata.papermill["status"] = "failed"
        raise CellExitError


def write(file: Path, code: int, memory: int) -> None:
    """Writes down how a kernel ended.

    Args:
        file: The file.
        code: Its exit code, negative for a signal.
        memory: Its peak of memory, in bytes.
    """
    file.write_text(f"{code} {memory}", encoding="utf-8")


def read(file: Path) -> tuple[int | None, int | None]:
    """The exit code and the peak of memory in a file of ``write``; None where it is not whole."""
    try:
        code, memory = file.read_text(encoding="utf-8").split()
        return int(code), int(memory)
    except (OSError, ValueError):  # the guard was killed, or the disk was full
        return None, None
