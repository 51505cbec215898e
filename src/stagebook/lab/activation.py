"""Makes the extension active in a person's kernel as soon as it runs a stage's notebook.

This is also an IPython extension: ``ipython_kernel_config.json``, which is installed with
Stagebook, loads it in each kernel at its start. It imports almost nothing.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

from stagebook.execution.variables import INSIDE

if TYPE_CHECKING:
    from pathlib import Path

_EVENT = "pre_run_cell"
_IMPORT = "from stagebook import"


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython at a kernel's start."""
    watch(shell)


def watch_this_kernel() -> None:
    """Watches the kernel that this code runs in, starting with the running cell.

    ``import stagebook`` calls this, for a kernel that did not load the extension at its start.
    Outside a kernel it does nothing.
    """
    get_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_shell() if get_shell else None
    if hasattr(shell, "kernel"):
        watch(shell)


def watch(shell: Any) -> None:
    """Waits for a cell of a stage; does nothing in a kernel of a build."""
    if INSIDE in os.environ or _watchers(shell) or not hasattr(shell, "kernel"):
        return
    watcher = _Watcher(shell)
    shell.events.register(_EVENT, watcher.before_cell)
    watcher.before_cell()


def unwatch(shell: Any) -> None:
    """Stops waiting for a cell."""
    for watcher in _watchers(shell):
        shell.events.unregister(_EVENT, watcher)


def _watchers(shell: Any) -> list[Any]:
    return [
        callback
        for callback in shell.events.callbacks[_EVENT]
        if isinstance(getattr(callback, "__self__", None), _Watcher)
    ]


class _Watcher:
    """Decides before each cell of a kernel whether the extension becomes active.

    Args:
        shell: The kernel's IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def before_cell(self, _: Any = None) -> None:
        """Called by IPython before each cell; never raises, so the cell runs in any case."""
        from stagebook.lab import frontend

        if not frontend.has_person(self._shell):
            return
        try:
            self._consider()
        except Exception as error:
            unwatch(self._shell)
            sys.stderr.write(
                f"Stagebook did not become active: {type(error).__name__}: {error}\n"
                "The cell runs without it. To try again: %load_ext stagebook\n"
            )

    def _consider(self) -> None:
        from stagebook.lab import extension, frontend

        shell = self._shell
        file, text = frontend.notebook_file(shell), frontend.cell_text(shell)
        if _belongs_to_stage(file, text):
            unwatch(shell)
            extension.activate(shell)


def _belongs_to_stage(file: "Path | None", text: str) -> bool:
    """Whether a cell is in a stage's notebook, or is a parameters cell, in a project."""
    from stagebook.lab.surroundings import find_project
    from stagebook.project.errors import StagebookError

    try:
        project = find_project(file)
    except StagebookError as error:  # invalid settings matter only to users of Stagebook
        return error.problems[0].code != "no-project" and _IMPORT in text
    from stagebook.lab import recognition

    return bool(recognition.stage_of(project, file)) or recognition.is_signature(text)
