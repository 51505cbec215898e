"""How kernels end: a cell that calls ``exit``, and the guard's note of the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stagebook.notebook.lean import lean_import


class CellExitError(Exception):
    """A cell called ``exit()``."""


def refuse(cell: Any, reply: Mapping[str, Any]) -> None:
    """Ends a run at a cell that requested its kernel's end, as a bare ``exit()`` does.

    IPython then raises no error, and the kernel ends a tenth of a second later, so the number of
    further cells that run is random. So the run ends here, as after ``sys.exit()``.

    Args:
        cell: The cell, as papermill has it.
        reply: What the kernel answered.

    Raises:
        CellExitError: The cell requested the end.
    """
    if any(item.get("source") == "ask_exit" for item in reply["content"].get("payload", ())):
        fields = {"ename": "SystemExit", "evalue": "", "traceback": ["SystemExit"]}
        cell.outputs.append(lean_import("nbformat").v4.new_output("error", **fields))
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
    """The exit code and the peak of memory from a file of ``write``; None if it is incomplete."""
    try:
        code, memory = file.read_text(encoding="utf-8").split()
        return int(code), int(memory)
    except (OSError, ValueError):  # the guard was killed, or the disk was full
        return None, None
