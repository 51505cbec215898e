"""Who asks for something that can differ between two runs: the cell, the line, and how directly."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from stagebook.execution.journal import Notes
from stagebook.execution.probe import observations
from stagebook.execution.probe.conditions import Influence, RunConditions

_PYTHON = str(os.__file__).rpartition(os.sep)[0]
_PACKAGES = f"{os.sep}site-packages{os.sep}"
_CELL = f"{os.sep}ipykernel_"
# They ask for ids, times and folders for themselves; no result of a cell depends on the answers.
_MACHINERY = frozenset(
    {
        *("IPython", "ipykernel", "jupyter_client", "zmq", "tornado", "traitlets", "asyncio"),
        *("importlib", "selectors", "tempfile", "pkg_resources", "pkgutil", "linecache"),
        *("inspect", "warnings", "shutil"),
    }
)


@dataclass(frozen=True, slots=True)
class Asker:
    """The code that asked.

    Attributes:
        line: The line in the cell.
        is_direct: Whether no library is between the stage's own code and the question.
    """

    line: int | None
    is_direct: bool


@dataclass(slots=True)
class Observer:
    """Notes in one kernel what its cells ask for, and knows which answers are fixed.

    Attributes:
        conditions: The conditions of the run.
        files: The sandbox's folder, whose modules are the stage's own code.
        journal: Where to note it.
        cell: The execution count of the running cell; None before the first.
        before: Called before each cell.
        after: Called after each cell.
    """

    conditions: RunConditions
    files: str
    journal: Notes
    cell: int | None = None
    before: list[Callable[[], None]] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)

    def attach(self, shell: Any) -> None:
        """Follows the cells of a shell.

        Args:
            shell: IPython's shell in this kernel.
        """

        def begin(info: Any = None) -> None:
            if getattr(info, "store_history", True):  # IPython counts these
                self.cell = (self.cell or 0) + 1
            for call in self.before:
                call()

        def end(_: object = None) -> None:
            for call in self.after:
                call()
            if self.conditions.fixed:
                self.journal.note(*observations.of_variables(self.cell, shell.user_ns))

        shell.events.register("pre_run_cell", begin)
        shell.events.register("post_run_cell", end)

    def asker(self) -> Asker | None:
        """The code of a cell that is asking; None if the question is no cell's own."""
        frame: FrameType | None = sys._getframe(2)
        is_direct: bool | None = None
        while frame is not None:
            name, file = str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename
            top = name.partition(".")[0]
            if _CELL in file:
                return Asker(frame.f_lineno, is_direct is not False)
            if is_direct is None and top in _MACHINERY:
                return None
            if is_direct is not True and file.startswith("<frozen importlib"):
                return None  # a library that is imported
            if file.startswith(self.files):
                is_direct = is_direct is not False
            elif _is_library(name, file):
                is_direct = False if is_direct is None else is_direct
            frame = frame.f_back
        return Asker(None, True) if is_direct else None  # a thread that a module started

    def note(self, influence: Influence, words: str, line: int | None = None) -> None:
        """Notes that the running cell asked for something."""
        self.journal.note(*observations.of_question(influence, self.cell, line, words))

    def fixes(self, influence: Influence) -> bool:
        """Whether the answer is fixed in the running cell."""
        return self.conditions.fixes(influence, self.cell)

    def exempts(self, influence: Influence) -> bool:
        """Whether the answer is the exception in the running cell."""
        return self.conditions.exempts(influence, self.cell)


def _is_library(name: str, file: str) -> bool:
    """Whether code is neither Python's own nor that of the probe."""
    if name.startswith("stagebook.execution.") or file.startswith("<"):
        return False
    return _PACKAGES in file or not file.startswith(_PYTHON)
