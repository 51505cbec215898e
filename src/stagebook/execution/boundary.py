"""The files that a stage may read and write, and a note of every attempt beyond them."""

# Each file that the kernel opens passes here, and pathlib takes ten times longer.
# ruff: noqa: PTH113, PTH118, PTH120

import contextlib
import errno
import glob
import os
import sys
from typing import Any, NamedTuple, NoReturn

from stagebook.execution import path_checks
from stagebook.execution.journal import Notes
from stagebook.execution.outside import Outside
from stagebook.execution.sandbox_policy import SandboxPolicy
from stagebook.execution.spelling import PathNames

PATHS = (str, bytes, os.PathLike)
_BYTECODE = f"{os.sep}__pycache__{os.sep}"


class Place(NamedTuple):
    """A path in the project.

    Attributes:
        text: As code spells it, in full.
        real: Where it leads.
    """

    text: str
    real: str


class Boundary:
    """Checks each path that a kernel touches against the stage's declaration.

    Args:
        policy: The limits of the kernel.
        journal: Where to note what is refused.
    """

    def __init__(self, policy: SandboxPolicy, journal: Notes) -> None:
        self._names = PathNames(policy.root, policy.files, policy.home)
        self._journal = journal
        self._project = path_checks.PathSet((policy.root,))
        self._sandbox = path_checks.PathSet((policy.files,))
        self._inputs = path_checks.PathSet(path_checks.input_spellings(policy))
        self._outputs = path_checks.PathSet(policy.outputs)
        self._writable = path_checks.PathSet(policy.writable)
        self._readable = path_checks.PathSet((*policy.writable, *policy.readable))
        prefixes = {sys.prefix, sys.base_prefix}
        self._installed = tuple(p + os.sep for p in prefixes if not self._project.hold(p))
        self._real_folders: dict[str, str] = {}
        self.outside = Outside(policy, journal)

    def note(self, kind: str, name: str) -> None:
        """Notes a file for the runner.

        Args:
            kind: What happened, such as ``listed``.
            name: The file, relative to the project's root.
        """
        self._journal.note(kind, name)

    def forget_links(self) -> None:
        """Forgets where folders lead: a link may have changed."""
        self._real_folders.clear()

    def read(self, path: Any) -> None:
        """A file is read, or a folder is listed.

        Raises:
            PermissionError: It is in the project, and the stage does not declare it.
        """
        located = self._located(path, apart_from=self._installed)
        if not located:
            return
        self.outside.read(*located)
        place = self._in_project(located)
        if not place or place.text in sys.path:
            return  # code looks for what is installed, such as importlib.metadata
        if _BYTECODE in place.text and not self._readable.hold(place.real):
            raise PermissionError(
                errno.EACCES, "a stage cannot use the bytecode of another stage", place.text
            )
        self._require_declared(place)
        if not path_checks.exists(place.text):
            self._note_absent(place.text)

    def write(self, path: Any, *, opens: bool = False, follow: bool = True) -> None:
        """A file is written, deleted or changed.

        Args:
            path: The file.
            opens: Whether it is opened, which needs its folder.
            follow: Whether a link counts as what it leads to.

        Raises:
            PermissionError: It is in the project, and the stage does not declare it as an output.
        """
        if not (located := self._located(path, follow=follow)):
            return
        self.outside.write(*located)
        if not (place := self._in_project(located)):
            return
        if self._inputs.hold(place.text) or self._inputs.hold(place.real):
            why = "a stage cannot change a declared input"
            self._refuse("changed", place, why)
        if not self._writable.hold(place.real):
            if _BYTECODE in place.text:
                raise PermissionError(errno.EACCES, "a stage cannot write bytecode", place.text)
            self._refuse("wrote", place, "this stage does not declare it as an output")
        if opens and not path_checks.exists(os.path.dirname(place.text)):
            self._note_undeclared("homeless", place.text)

    def make_folder(self, path: Any) -> None:
        """A folder is created. It is not content: only files in it count."""
        located = self._located(path, follow=False)
        if located and not path_checks.exists(located.real):
            self.outside.write(*located)
        place = self._in_project(located) if located else None
        if (
            place
            and not path_checks.exists(place.real)
            and path_checks.is_reserved(place.real, self._names)
        ):
            self.write(path, follow=False)

    def open_database(self, path: Any) -> None:
        """SQLite opens a file without an audit event, and creates it if it is missing."""
        if not (located := self._located(path)):
            return
        if not self._project.hold(located.text):
            check = self.outside.read if path_checks.exists(located.real) else self.outside.write
            check(*located)
        if not (place := self._in_project(located)):
            return
        declared = self._names.of(place.text)
        self._require_declared(place)
        if not declared or path_checks.exists(place.text) or self._outputs.hold(declared):
            return
        if self._exists_in_project(declared):
            self.note("database", declared)
        else:
            self.write(path, opens=True)

    def list(self, text: str, *, passes_over: bool) -> None:
        """A folder is listed, other than for a pattern.

        Args:
            text: Its absolute path.
            passes_over: Whether the list may lack undeclared files.
        """
        if not passes_over and path_checks.exists(text):
            self._note_undeclared("listed", text)

    def search(self, folder: str, pattern: str) -> None:
        """A pattern is searched in the sandbox; the runner searches it in the project."""
        fixed = glob.escape(path_checks.absolute(folder))
        if name := self._names.of(os.path.normpath(os.path.join(fixed, pattern))):
            self.note("searched", name)

    def mention(self, word: str, *, writes: bool) -> None:
        """The command line of another program contains a path.

        Args:
            word: The path.
            writes: Whether the program writes there.
        """
        if not (located := self._located(word)):
            return
        if not (place := self._in_project(located)):
            self._mention_outside(located, writes=writes)
            return
        if writes:
            if not self._writable.hold(place.real):
                self._note_place("wrote", place)
        elif not self._readable.hold(place.real) and os.path.isfile(place.real):
            self._note_place("read", place)
        elif not path_checks.exists(place.text):
            self.ask(place.text)

    def _mention_outside(self, located: Place, *, writes: bool) -> None:
        """Notes a path outside the project; only the system can refuse it to another program."""
        with contextlib.suppress(PermissionError):
            if writes:
                self.outside.write(*located)
            elif os.path.isfile(located.real):
                self.outside.read(*located)

    def ask(self, text: str) -> None:
        """Code asks for a path that does not exist in the sandbox.

        Args:
            text: The absolute path.
        """
        name = self._names.of(text) if self._project.hold(text) else None
        if name and not self._outputs.hold(name) and self._exists_in_project(name):
            self.note("asked", name)

    def _require_declared(self, place: Place) -> None:
        """Refuses a file that exists and that the stage may not read."""
        if not self._readable.hold(place.real) and path_checks.exists(place.real):
            self._refuse("read", place, "this stage does not declare it as an input")

    def _exists_in_project(self, name: str) -> bool:
        return path_checks.exists(os.path.join(self._names.root, name))

    def _note_absent(self, text: str) -> None:
        """Notes a file that the sandbox lacks, unless it is bytecode."""
        if _BYTECODE in text:
            return  # Python asks for it before it compiles a module
        name, beside = self._names.of(text), self._names.beside(text)
        if name and self._exists_in_project(name):
            self.note("missed", name)
        elif beside and self._exists_in_project(beside):
            self.note("beside", beside)
        elif name:
            self.note("absent", name)

    def _note_undeclared(self, kind: str, text: str) -> None:
        """Notes a path in the sandbox that is not declared and holds no declared path."""
        if not self._sandbox.hold(text) or self._inputs.hold(text):
            return
        name = self._names.of(text)
        if name and not self._outputs.hold(name):
            self.note(kind, name)

    def _place(self, path: Any, *, follow: bool = True) -> Place | None:
        """A path in the project as it is spelled, and where it leads; None for any other path.

        A link that leads out of the project counts as a file at its own path.
        """
        located = self._located(path, follow=follow)
        return self._in_project(located) if located else None

    def _located(
        self, path: Any, *, follow: bool = True, apart_from: tuple[str, ...] = ()
    ) -> Place | None:
        """A path as it is spelled, and where it leads; None if it is not a path.

        A path that starts with one of some texts is left out too, before its links are followed.
        """
        if not isinstance(path, PATHS):
            return None
        text = path_checks.absolute(path)
        if text.startswith(apart_from):
            return None
        return Place(text, self._real(text, follow=follow))

    def _in_project(self, located: Place) -> Place | None:
        text, real = located
        if self._project.hold(real):
            return located
        return Place(text, text) if self._project.hold(text) else None

    def _real(self, text: str, *, follow: bool) -> str:
        """Where a path leads; each folder is followed once, as this takes 50 µs."""
        folder, name = os.path.split(text)
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder)
        real = os.path.join(self._real_folders[folder], name)
        return os.path.realpath(real) if follow and path_checks.is_link(real) else real

    def _refuse(self, kind: str, place: Place, why: str) -> NoReturn:
        name = self._note_place(kind, place)
        raise PermissionError(errno.EACCES, why, os.path.join(self._names.root, name))

    def _note_place(self, kind: str, place: Place) -> str:
        """Notes a file of the project, and returns its name there."""
        text, real = place
        own = None if self._inputs.hold(text) else self._names.of(real)
        name = own or self._names.of(text) or text
        self.note(kind, name)
        return name
