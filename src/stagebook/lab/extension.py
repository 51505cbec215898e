"""The IPython extension: ``%load_ext stagebook``."""

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stagebook.project.errors import Problem, StagebookError, did_you_mean

if TYPE_CHECKING:
    from stagebook.lab.session import CellValues, Session
    from stagebook.lab.undeclared import Observer
    from stagebook.lab.view import LabOutput

MAGIC = "stagebook"
"""The magic's name, as in ``%stagebook build``."""

_WORDS = ("build", "defaults", "aside", "in-place")
_BEFORE = "pre_run_cell"
_AFTER = "post_run_cell"
_COMPLETE = "complete_command"


def load(shell: Any) -> None:
    """Gives a person's kernel the build's values; loading again resets the extension.

    The working folder becomes the project's root, and the project's code folders go on
    ``sys.path``. In the kernel of a build, where papermill sets the values, nothing happens.
    """
    from stagebook.execution.variables import INSIDE

    active = _active(shell)
    if active and active.takes_over():
        return
    unload(shell)
    if INSIDE in os.environ:
        shell.register_magic_function(_silent, "line", MAGIC)
        return
    Extension.register(shell).open()


def activate(shell: Any) -> None:
    """Loads the extension automatically; loading it by hand afterwards changes nothing."""
    if _active(shell) is None:
        extension = Extension.register(shell)
        extension.open()
        extension.by_itself = True


def unload(shell: Any) -> None:
    """Removes the extension from a kernel, with its magic and its answers to cells.

    The variables, the working folder and ``sys.path`` do not change, since cells that have run
    use them.
    """
    from stagebook.lab import failure

    failure.show_as_usual(shell)
    extension = _active(shell)
    shell.magics_manager.magics["line"].pop(MAGIC, None)
    if extension and extension.after_cell in shell.events.callbacks[_AFTER]:
        shell.events.unregister(_BEFORE, extension.before_cell)
        shell.events.unregister(_AFTER, extension.after_cell)
    completers = shell.strdispatchers.get(_COMPLETE)
    if completers:
        completers.strs.pop(f"%{MAGIC}", None)


def _active(shell: Any) -> "Extension | None":
    magic = shell.magics_manager.magics["line"].get(MAGIC)
    extension = getattr(magic, "__self__", None)
    return extension if isinstance(extension, Extension) else None


class Extension:
    """Stagebook in one kernel.

    Args:
        shell: The kernel's IPython shell.

    Attributes:
        by_itself: Whether it became active without ``%load_ext``, which was not typed since.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._session: Session | None = None
        self._observer: Observer | None = None
        self.by_itself = False

    @classmethod
    def register(cls, shell: Any) -> "Extension":
        """The extension with its magic, its completion and its answers to cells."""
        extension = cls(shell)
        shell.register_magic_function(extension.magic, "line", MAGIC)
        shell.events.register(_BEFORE, extension.before_cell)
        shell.events.register(_AFTER, extension.after_cell)
        shell.set_hook(_COMPLETE, _complete, str_key=f"%{MAGIC}")
        return extension

    def takes_over(self) -> bool:
        """Whether ``%load_ext`` has nothing to do, since the extension is already active."""
        by_itself, self.by_itself = self.by_itself, False
        return by_itself and self._session is not None

    def open(self) -> None:
        """Finds the project and changes to its root; without a project, shows what to do."""
        from stagebook.execution.advice import Advice
        from stagebook.lab import failure, frontend, inputs, view
        from stagebook.lab.recognition import is_signature, stage_of
        from stagebook.lab.session import Session
        from stagebook.lab.surroundings import enter, find_project
        from stagebook.lab.undeclared import Observer

        file = frontend.notebook_file(self._shell)
        try:
            project = find_project(file)
        except StagebookError as error:
            _display(view.problems(error.problems, "`%reload_ext stagebook`"))
            return
        session = self._session = Session(project)
        notes = enter(project, stage_of(project, file))
        observer = self._observer = Observer(project)

        def explain(error: BaseException) -> tuple[Problem, ...]:
            with observer.paused():
                if missing := inputs.behind(error, project, session.signature.inputs):
                    return missing
                advice = Advice.of_cell(session.cell, session.signature, None)
                return tuple(map(advice.beside, inputs.beside(error, project, session.folder)))

        failure.show_with(self._shell, explain)
        signature_next = not is_signature(frontend.cell_text(self._shell))
        _display(view.entered(project, notes, signature_next=signature_next))

    def before_cell(self, info: Any = None) -> None:
        """Called by IPython before each cell."""
        if self._observer:
            self._observer.begin(_plain(self._shell, info))

    def after_cell(self, result: Any) -> None:
        """Called by IPython after each cell: gives a successful parameters cell its values."""
        from stagebook.lab import frontend, view
        from stagebook.lab.recognition import CompletedCell

        if self._observer and result is not None:
            notes = self._observer.end(_plain(self._shell, result.info), self._shell.user_ns)
            if notes:
                _display(view.notes(notes))
        if self._session is None or result is None or not result.success:
            return
        info, shell = result.info, self._shell
        ran = CompletedCell(
            info.raw_cell, info.cell_id, frontend.cell_tags(shell), frontend.notebook_file(shell)
        )
        answer = self._session.take(ran)
        if answer:
            self._give(answer)

    def magic(self, line: str) -> None:
        """Shows the origin of the parameters' values, or changes it.

        ``%stagebook`` shows the present state: project, stage, mode, values.
        ``%stagebook build`` gives the parameters the build's values.
        ``%stagebook defaults`` gives them the small defaults of the cell, until changed back.
        ``%stagebook in-place`` lets outputs replace those of the build.
        ``%stagebook aside`` puts them into a folder of their own again.
        """
        with self._observer.paused() if self._observer else contextlib.nullcontext():
            self._obey(line.strip())

    def _obey(self, word: str) -> None:
        from stagebook.lab import view

        if self._session is None:
            self.open()
        elif not word:
            self._display_situation(self._session)
        elif word in _WORDS:
            self._session.switch(word)
            answer = self._session.again()
            if answer:
                self._give(replace(answer, notes=()))
            else:
                _display(view.switched(word))
        else:
            _display(view.problems([_unknown(word)]))

    def _give(self, answer: "CellValues") -> None:
        """Sets the variables and shows their values."""
        from stagebook.lab import view
        from stagebook.lab.surroundings import work_on

        if self._session and answer.stage:
            work_on(self._session.project, answer.stage)
        session = self._session
        if session and self._observer and session.signature.declared:
            own = session.signature, session.place, session.cell
            self._observer.declare(*own, answer.folder)
        self._shell.push(dict(answer.effective))
        _display(view.answer(answer, self._shell.user_ns))

    def _display_situation(self, session: "Session") -> None:
        from stagebook.lab import view

        names = self._shell.user_ns
        _display(view.situation(session.project, session.mode, session.again(), names))


def _plain(shell: Any, info: Any) -> str:
    """A cell's text without magics; an empty text for a missing or invalid cell."""
    try:
        return str(shell.transform_cell(info.raw_cell)) if info is not None else ""
    except SyntaxError:
        return ""


def _silent(line: str) -> None:
    """Does nothing: this is the kernel of a build."""


def _complete(shell: Any, event: Any) -> list[str]:
    return list(_WORDS)


def _display(view: "LabOutput") -> None:
    from IPython.display import display

    display(view)  # type: ignore[no-untyped-call]  # IPython gives it no types


def _unknown(word: str) -> Problem:
    choices = ", ".join(f"`%{MAGIC} {item}`" for item in _WORDS)
    return Problem(
        "unknown-word",
        f"`%{MAGIC} {word}` is not a command.",
        did_you_mean(word, _WORDS, f"Choose from: {choices}."),
    )
