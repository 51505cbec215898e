"""Checks, inside the kernel, each file that Python touches, and refuses undeclared ones."""

# Each file that the kernel opens passes here, and pathlib takes ten times longer.
# ruff: noqa: PTH109, PTH118

import _thread
import os
import sys
from collections.abc import Callable
from typing import Any

from stagebook.execution import callers, command_line, path_checks
from stagebook.execution.boundary import PATHS, Boundary
from stagebook.execution.journal import Journal, Notes
from stagebook.execution.sandbox_policy import SandboxPolicy

_NO_FOLDER = -1
# After these, a folder may lead somewhere else than before.
_RELINKING = {
    "os.symlink",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.system",
    "os.posix_spawn",
    "subprocess.Popen",
}


class ClosedFolderError(RuntimeError):
    """Code searches a pattern in a folder that a stage must not list."""


def install(policy: SandboxPolicy, journal: Journal) -> "Auditor":
    """From here on, each file of the project that Python code touches is checked.

    Native readers do not pass here; Landlock confines those, if the system has it.
    """
    auditor = Auditor(policy, journal)
    sys.addaudithook(auditor.hook)
    return auditor


class Auditor:
    """Checks every file that Python code touches in one kernel, by Python's audit events.

    Args:
        policy: The limits of the kernel.
        journal: Where to note what is refused.
    """

    def __init__(self, policy: SandboxPolicy, journal: Notes) -> None:
        self._boundary = Boundary(policy, journal)
        self._files, outside = policy.files, self._boundary.outside
        self._above = frozenset(path_checks.above(policy.root))
        self._busy: set[int] = set()
        # https://docs.python.org/3/library/audit_events.html
        self._handlers: dict[str, Callable[..., None]] = {
            "open": self._open,
            "os.truncate": lambda path, _: self._boundary.write(path),
            "os.listdir": self._list,
            "os.scandir": self._list,
            "os.remove": self._change,
            "os.rmdir": self._change,
            "os.chmod": lambda path, _, folder: self._touch(path, folder),
            "os.chown": lambda path, _, __, folder: self._touch(path, folder),
            "os.utime": lambda path, _, __, folder: self._touch(path, folder),
            "os.setxattr": lambda path, *_: self._boundary.write(path),
            "os.removexattr": lambda path, *_: self._boundary.write(path),
            "os.mkdir": self._make_folder,
            "os.rename": self._rename,
            "os.link": self._link,
            "os.symlink": lambda _, target, folder: self._change(target, folder),
            "glob.glob/2": self._glob,
            "pathlib.Path.glob": self._path_glob,
            "pathlib.Path.rglob": lambda path, pattern: self._path_glob(path, f"**/{pattern}"),
            "sqlite3.connect": self._database,
            "subprocess.Popen": lambda _, words, *__: self._command(words),
            "os.system": self._command,
            "os.posix_spawn": lambda _, words, __: self._command(words),
            "socket.connect": lambda _, address: outside.connect(address),
            "socket.sendto": lambda _, address: outside.connect(address),
            "socket.sendmsg": lambda _, address: outside.connect(address),
            "socket.getaddrinfo": lambda host, *_: outside.look_up(host),
            "socket.gethostbyname": outside.look_up,
            "socket.gethostbyaddr": outside.look_up_name,
            "socket.getnameinfo": lambda address: outside.look_up_name(address[0]),
        }

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """Python calls this for every audited event."""
        handler = self._handlers.get(event)
        if handler is None or _thread.get_ident() in self._busy:
            return
        if event in _RELINKING:
            self._boundary.forget_links()
        self._unseen(handler, *args)

    def _unseen(self, act: Callable[..., None], *args: Any) -> None:
        """Calls a function without auditing it, in this thread."""
        self._busy.add(_thread.get_ident())
        try:
            act(*args)
        finally:
            self._busy.discard(_thread.get_ident())

    def _open(self, path: Any, mode: object, flags: object) -> None:
        if not isinstance(path, PATHS):
            return
        if path_checks.opens_to_write(mode, flags):
            self._boundary.write(path, opens=True)
        else:
            self._boundary.read(path)

    def _list(self, path: Any) -> None:
        path = os.curdir if path is None else path_checks.path_of(path)
        caller = callers.caller()
        # Python looks for a module, in folders that may be closed; or it deletes a folder
        silent = callers.is_importing(caller) or callers.is_deleting(caller)
        if not isinstance(path, PATHS) or silent:
            return
        text = path_checks.absolute(path)
        searching = callers.is_searching(caller)
        # these treat a closed folder as an empty one; a library may treat a `?` as a pattern
        hides = searching or callers.is_walking(caller)
        if hides and text in self._above and not callers.is_library(caller):
            self._boundary.note("closed", text)
            raise ClosedFolderError(f"{text} contains the project, so a stage cannot list it")
        self._boundary.read(path)
        # libraries look for settings in the root, and for what is installed where modules are
        looks_around = text == self._files or text in sys.path
        passes_over = searching or (looks_around and callers.is_library(caller))
        self._boundary.list(text, passes_over=passes_over)

    def _glob(self, pattern: Any, recursive: bool, folder: Any, descriptor: int | None) -> None:
        text = os.fsdecode(pattern)
        start = os.getcwd() if descriptor is None else path_checks.path_of(descriptor)
        if isinstance(start, PATHS):
            start = os.path.join(os.fsdecode(start), os.fsdecode(folder or ""))
            self._boundary.search(start, text if recursive else text.replace("**", "*"))

    def _path_glob(self, path: Any, pattern: str) -> None:
        self._boundary.search(str(path), str(pattern))

    def _change(self, path: Any, folder: int = _NO_FOLDER) -> None:
        if folder == _NO_FOLDER:  # otherwise, as in shutil.rmtree, only Landlock can check it
            self._boundary.write(path, follow=False)

    def _touch(self, path: Any, folder: int) -> None:
        """Checks a change of rights, owner or times, which follows links."""
        if folder == _NO_FOLDER:
            self._boundary.write(path)

    def _link(self, source: Any, target: Any, source_folder: int, target_folder: int) -> None:
        if source_folder == _NO_FOLDER:
            self._boundary.read(source)
        self._change(target, target_folder)

    def _database(self, name: Any) -> None:
        path = path_checks.database_path(name)
        if path is not None:
            self._boundary.open_database(path)

    def _rename(self, source: Any, target: Any, source_folder: int, target_folder: int) -> None:
        try:
            self._change(source, source_folder)
        finally:
            self._change(target, target_folder)

    def _make_folder(self, path: Any, _: int, folder: int) -> None:
        if folder == _NO_FOLDER:
            self._boundary.make_folder(path)

    def _command(self, words: Any) -> None:
        """Checks the files in the command line of another program."""
        for pattern in command_line.patterns(words):
            self._boundary.search(os.getcwd(), pattern)
        for word, writes in command_line.words(words):
            if os.sep in word:
                self._boundary.mention(word, writes=writes)

    def absent(self, path: Any, folder: int | None = None) -> None:
        """Notes a question for a file that the sandbox lacks and the project has.

        Args:
            path: The missing file.
            folder: Descriptor of the folder that the path starts from.
        """
        if folder is not None and isinstance(path, PATHS):
            start = path_checks.path_of(folder)
            path = os.path.join(os.fsdecode(start), os.fsdecode(path)) if start else None
        if not isinstance(path, PATHS) or _thread.get_ident() in self._busy:
            return
        self._unseen(self._boundary.ask, path_checks.absolute(path))
