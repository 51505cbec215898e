"""Notices in a person's kernel what a build would refuse, and reports it after the cell."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from stagebook.execution.advice import Advice
from stagebook.execution.audit import Auditor
from stagebook.execution.sandbox_policy import SandboxPolicy, environment_paths, temporary_paths
from stagebook.lab import spelled_paths
from stagebook.lab.kept_outputs import KeptOutputs
from stagebook.lab.outputs import FOLDER
from stagebook.lab.session import OutputPlace
from stagebook.notebook.signature import Signature
from stagebook.project.errors import Problem
from stagebook.project.project import Project

_CODE = (".py", ".pyc", ".so")
_REFUSED = ("read", "wrote", "changed")
_TRACKER_FOLDERS = ("mlruns", "mlartifacts")
_COARSE_CLOCK = 5
"""``CLOCK_REALTIME_COARSE``, Linux's clock for the times of files; Python has no name for it."""

_installed: list["Observer"] = []
"""The observers of this process; an audit hook cannot be removed."""


class Observer:
    """Watches the files that cells touch; it refuses nothing.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._auditor: Auditor | None = None
        self._signature: Signature | None = None
        self._cell = ""
        self._place = OutputPlace.ASIDE
        self._watching = self._in_cell = False
        self._since = 0
        self._touched: dict[tuple[str, str], None] = {}
        self._said: set[tuple[str, str]] = set()
        self._kept = KeptOutputs(project, (), "")

    def declare(self, signature: Signature, place: OutputPlace, cell: str, folder: str) -> None:
        """From the next cell on, files are checked against the notebook's declaration.

        Args:
            signature: What it declares.
            place: Where its outputs go.
            cell: The text of the parameters cell.
            folder: The folder of its outputs; empty for the project's root.
        """
        self._signature, self._place, self._cell = signature, place, cell
        aside = signature.outputs if place is OutputPlace.ASIDE else ()
        self._kept = KeptOutputs(self._project, aside, folder)
        self._auditor = Auditor(_policy(self._project, signature, place), self)
        if not _installed:
            sys.addaudithook(_hook)
        _installed[:] = [self]

    def note(self, kind: str, path: str) -> None:
        """Called by the auditor for each file that a build would refuse.

        A file that a sandbox would hide counts only if it is read, since here all are visible.
        """
        if kind in _REFUSED:
            self._touched[kind, path] = None
        if kind == "wrote" and self._in_cell:
            self._kept.copy(path)

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """Called by Python for every audited event."""
        if self._watching and self._auditor and not _is_code(args):
            # the auditor raises for each note, and no error of it may reach a cell
            with contextlib.suppress(Exception), self.paused():
                self._auditor.hook(event, args)

    def begin(self, text: str = "") -> None:
        """A cell is about to run.

        Args:
            text: The cell as plain Python.
        """
        self._touched.clear()
        for word in spelled_paths.in_shell_lines(text):  # no hook notices writes of the shell
            path = os.path.relpath(word, self._project.root)
            self._kept.copy(Path(path).as_posix())
        self._since = _file_time()
        self._watching = self._in_cell = True

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Lets Stagebook itself read files while a cell runs."""
        watching, self._watching = self._watching, False
        try:
            yield
        finally:
            self._watching = watching

    def end(self, text: str, names: Mapping[str, Any]) -> tuple[Problem, ...]:
        """The problems of a cell that a build would refuse, each file once.

        Args:
            text: The cell as plain Python.
            names: The kernel's variables.
        """
        self._watching = self._in_cell = False
        if self._auditor is None:
            return ()
        for path in spelled_paths.find(text, names):
            with contextlib.suppress(OSError, ValueError):  # no path, or the auditor's refusal
                self._hold_spelled(path)
        wrote = {path for kind, path in self._touched if kind == "wrote"}
        wrote.update(self._kept.changed())
        moved = [path for path in wrote if self._kept.is_written(path)]
        others = [item for item in self._touched if item[1] not in moved]
        new = [other for other in others if other not in self._said and self._counts(*other)]
        self._said.update(new)
        problems = [*map(self._put_aside, sorted(moved))]
        self._kept.forget()
        return (*problems, *(self._problem(kind, path) for kind, path in sorted(new)))

    def _hold_spelled(self, path: str) -> None:
        """Checks a path that a cell passes to a reader or writer against the same policy."""
        assert self._auditor is not None
        written = Path(path).stat().st_mtime_ns >= self._since
        if Path(path).is_file() and not _is_code((path,)):
            self._auditor.hook("open", (path, "w" if written else "r", 0))

    def _counts(self, kind: str, path: str) -> bool:
        """Whether a path is content: a file, or a folder with undeclared files."""
        place = self._project.root / path
        if kind != "read" or not place.is_dir():
            return place.is_file()
        return any(not self._is_known(file) for file in _files_below(place))

    def _is_known(self, file: Path) -> bool:
        assert self._signature is not None
        path = file.relative_to(self._project.root)
        declared = (*self._signature.inputs, *self._signature.outputs)
        return any(path.is_relative_to(item) for item in declared)

    def _problem(self, kind: str, path: str) -> Problem:
        assert self._signature is not None
        advice = Advice.of_cell(self._cell, self._signature, None)
        say = {"read": advice.read, "wrote": advice.wrote, "changed": advice.changed}
        return say[kind](path)

    def _put_aside(self, path: str) -> Problem:
        """Moves a cell's file aside, with a note each time, since a later cell may read it."""
        assert self._signature is not None
        declared = (
            declaration.name
            for declaration in self._signature.declared
            if any(PurePosixPath(path).is_relative_to(item) for item in declaration.paths)
        )
        own = self._kept.put_aside(path)
        use = f"Use the variable `{next(declared, '')}`"
        if own is None:
            message = f"The cell wrote the build's `{path}`."
            return Problem("wrote-in-place", message, f"{use}, or allow it: `%stagebook in-place`")
        message = f"The cell wrote `{path}`, which is now `{own}`; the build's file is unchanged."
        hint = (
            f"{use} to write and read the file, or let cells replace the build's file: "
            "`%stagebook in-place`"
        )
        return Problem("put-aside", message, hint)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for observer in _installed:
        observer.hook(event, args)


def _file_time() -> int:
    """The time that a file which is written now gets, in nanoseconds."""
    return (
        time.clock_gettime_ns(_COARSE_CLOCK) if sys.platform.startswith("linux") else time.time_ns()
    )


def _is_code(args: tuple[Any, ...]) -> bool:
    """Whether a file is a module, which counts by its import."""
    return bool(args) and isinstance(args[0], (str, os.PathLike)) and str(args[0]).endswith(_CODE)


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        yield from (Path(parent, name) for name in names if not name.startswith("."))


def _policy(project: Project, signature: Signature, place: OutputPlace) -> SandboxPolicy:
    """The policy of a kernel whose sandbox is the project itself."""
    root = project.root
    outputs = signature.outputs if place is OutputPlace.IN_PLACE else ()
    own = (f"{project.settings.runs}/{FOLDER}", *_TRACKER_FOLDERS, *outputs)
    return SandboxPolicy(
        root=str(root),
        files=str(root),
        writable=(
            *(str(root / path) for path in own),
            str(project.state),
            *temporary_paths(root),
        ),
        readable=(
            *(str(root / path) for path in (*signature.inputs, *signature.outputs)),
            *environment_paths(root),
            str(root / ".dvc" / "cache"),
        ),
        listed=(),
        inputs=signature.inputs,
        outputs=outputs,
        home="",
        journal="",
        memory_limit=None,
        lock="",
        ending="",
    )
