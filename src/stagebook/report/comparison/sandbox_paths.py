"""Paths below an execution's own sandbox, which differ each time and mean nothing else."""

import re

from stagebook.execution.sandbox import EXECUTIONS
from stagebook.project.project import STATE

_BELOW = f"/{STATE}/{EXECUTIONS}/"
_SANDBOX = re.compile(rf"(?:/[^\s\"'<>()]*)?{re.escape(_BELOW)}[^/\s\"'<>()]+")
_KERNEL = "/ipykernel_"
_CELL = re.compile(rf"{_KERNEL}\d+/\d+\.py")  # of the kernel's process, and of the cell's code


def without(text: str) -> str:
    """A text in which such paths are the same for all executions.

    Args:
        text: What a cell put out.
    """
    if _BELOW in text:
        text = _SANDBOX.sub("…", text)
    return _CELL.sub("/ipykernel/cell.py", text) if _KERNEL in text else text
