"""The IPython extension: ``%load_ext stagebook``."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.errors import Problem, StagebookError, did_you_mean

if TYPE_CHECKING:
    from stagebook.lab.session import Answer, Session
    from stagebook.lab.view import View
    from stagebook.project import Project

MAGIC = "stagebook"
"""The magic's name, as in ``%stagebook build``."""

_WORDS = ("build", "defaults")
_EVENT = "post_run_cell"
_COMPLETE = "complete_command"


def load(shell: Any) -> None:
    """Brings the build's values to a person's kernel; loading again starts anew.

    The working folder becomes the project's root, and the project's code folders go on
    ``sys.path``. In the kernel of a build, where papermill gives the values, nothing happens.
    """
    from stagebook.execution.kernel import INSIDE

    unload(shell)
    if INSIDE in os.environ:
        shell.register_magic_function(_silent, "line", MAGIC)
        return
    extension = Extension(shell)
    shell.register_magic_function(extension.magic, "line", MAGIC)
    shell.events.register(_EVENT, extension.after_cell)
    shell.set_hook(_COMPLETE, _complete, str_key=f"%{MAGIC}")
    extension.open()


def unload(shell: Any) -> None:
    """Takes the extension out of a kernel: no cell is answered any more, the magic is gone.

    The variables, the working folder and ``sys.path`` stay as they are: cells that have run
    refer to them.
    """
    magic = shell.magics_manager.magics["line"].pop(MAGIC, None)
    extension = getattr(magic, "__self__", None)
    if extension and extension.after_cell in shell.events.callbacks[_EVENT]:
        shell.events.unregister(_EVENT, extension.after_cell)
    completers = shell.strdispatchers.get(_COMPLETE)
    if completers:
        completers.strs.pop(f"%{MAGIC}", None)


class Extension:
    """Stagebook in one kernel.

    Args:
        shell: The kernel's IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._session: Session | None = None

    def open(self) -> None:
        """Finds the project, goes to its root and says so; without one, says what to do."""
        from stagebook.lab import view
        from stagebook.lab.session import Session

        try:
            project = _find_project(_file(self._shell))
        except StagebookError as error:
            _display(view.problems(error.problems, "`%reload_ext stagebook`"))
            return
        self._session = Session(project)
        _enter(project)
        _display(
            view.line(
                f"the working folder is now the project's root, `{project.root.name}/`; "
                "run the parameters cell to get the build's values."
            )
        )

    def after_cell(self, result: Any) -> None:
        """Called by IPython after each cell: answers a parameters cell that did not fail."""
        from stagebook.lab.recognition import Ran

        if self._session is None or result is None or not result.success:
            return
        info, shell = result.info, self._shell
        ran = Ran(info.raw_cell, info.cell_id, _tags(shell), _file(shell))
        answer = self._session.take(ran)
        if answer:
            self._give(answer)

    def magic(self, line: str) -> None:
        """Says whose values the parameters have, or changes it.

        ``%stagebook`` says where one is: project, stage, mode, values.
        ``%stagebook build`` gives the parameters the build's values.
        ``%stagebook defaults`` gives them the small defaults of the cell, until changed back.
        """
        from stagebook.lab import view
        from stagebook.lab.session import Mode

        word = line.strip()
        if self._session is None:
            self.open()
        elif not word:
            self._display_situation(self._session)
        elif word in _WORDS:
            self._session.mode = Mode(word)
            answer = self._session.again()
            if answer:
                self._give(replace(answer, notes=()))
            else:
                _display(view.switched(self._session.mode))
        else:
            _display(view.problems([_unknown(word)]))

    def _give(self, answer: "Answer") -> None:
        """Sets the variables and shows what they are."""
        from stagebook.lab import view

        self._shell.push(dict(answer.effective))
        _display(view.answer(answer, self._shell.user_ns))

    def _display_situation(self, session: "Session") -> None:
        from stagebook.lab import view

        names = self._shell.user_ns
        _display(view.situation(session.project, session.mode, session.again(), names))


def _silent(line: str) -> None:
    """Does nothing: this is the kernel of a build."""


def _complete(shell: Any, event: Any) -> list[str]:
    return list(_WORDS)


def _display(view: "View") -> None:
    from IPython.display import display

    display(view)  # type: ignore[no-untyped-call]  # IPython gives it no types


def _unknown(word: str) -> Problem:
    known = ", ".join(f"`%{MAGIC} {one}`" for one in _WORDS)
    return Problem(
        "unknown-word",
        f"There is no `%{MAGIC} {word}`.",
        did_you_mean(word, _WORDS, f"There is: {known}."),
    )


def _find_project(file: Path | None) -> "Project":
    """The project of the notebook; where its place is not told, that of the working folder.

    VS Code starts a kernel in the folder that is open, which may be above the project.
    """
    from stagebook.project import Project

    if file and file.is_absolute() and file.parent.is_dir():
        try:
            return Project.find(file.parent)
        except StagebookError as error:
            if error.problems[0].code != "no-project":
                raise
    return Project.find(Path.cwd())


def _enter(project: "Project") -> None:
    """Makes paths and imports work as they do in a build."""
    from stagebook.notebook.source import code_folders

    beside = f"{project.settings.notebooks}/any.ipynb"
    folders = [str(folder) for folder in code_folders(beside, project)]
    sys.path[:] = [*folders, *(entry for entry in sys.path if entry not in folders)]
    os.chdir(project.root)


def _file(shell: Any) -> Path | None:
    """The notebook's file: VS Code tells it in a variable, Jupyter in the environment."""
    told = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    return Path(told) if isinstance(told, str) and told else None


def _tags(shell: Any) -> frozenset[str]:
    """The running cell's tags: JupyterLab sends a cell's metadata with its code."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    tags = parent.get("metadata", {}).get("tags")
    return frozenset(tags) if isinstance(tags, list) else frozenset()
