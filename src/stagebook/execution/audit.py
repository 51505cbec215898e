"""Checks, inside the kernel, each file that Python touches, and refuses undeclared ones."""

# Each file that the kernel opens passes here, and pathlib takes ten times longer.
# ruff: noqa: PTH109, PTH118

import _thread
import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from stagebook.execution import command_line, path_checks
from stagebook.execution.boundary import PATHS, Boundary, Notes
from stagebook.execution.journal import Journal
from stagebook.execution.sandbox_policy import SandboxPolicy

_NO_FOLDER = -1
_PYTHON = str(os.__file__).rpartition(os.sep)[0]
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
        self._files = policy.files
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
        caller = _caller()
        # Python looks for a module, in folders that may be closed; or it deletes a folder
        silent = _is_importing(caller) or _is_deleting(caller)
        if not isinstance(path, PATHS) or silent:
            return
        text = path_checks.absolute(path)
        searching = _is_searching(caller)
        # these treat a closed folder as an empty one; a library may treat a `?` as a pattern
        hides = searching or _is_walking(caller)
        if hides and text in self._above and not _is_library(caller):
            self._boundary.note("closed", text)
            raise ClosedFolderError(f"{text} contains the project, so a stage cannot list it")
        self._boundary.read(path)
        # libraries look for settings in the root, and for what is installed where modules are
        looks_around = text == self._files or text in sys.path
        passes_over = searching or (looks_around and _is_library(caller))
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


def _caller() -> FrameType:
    """The frame whose code touched a file, below the frames of Stagebook that check it."""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__", "")).startswith("stagebook."):
        frame = frame.f_back
    return frame


def _is_importing(caller: FrameType) -> bool:
    """Whether Python looks for a module or a distribution."""
    name = str(caller.f_globals.get("__name__", ""))
    return caller.f_code.co_filename.startswith("<frozen importlib") or name.startswith(
        ("importlib.", "pkgutil", "pkg_resources")
    )


def _is_library(caller: FrameType) -> bool:
    """Whether the nearest code outside the standard library is an installed package."""
    frame: FrameType | None = caller
    while frame and frame.f_code.co_filename.startswith((_PYTHON, "<frozen")):
        if "site-packages" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return frame is not None and "site-packages" in frame.f_code.co_filename


def _is_deleting(caller: FrameType) -> bool:
    """Whether ``shutil.rmtree`` lists a folder; the notebook does not see that list."""
    module, function = caller.f_globals.get("__name__"), caller.f_code.co_name
    return module == "shutil" and function.startswith("_rmtree")


def _is_walking(caller: FrameType) -> bool:
    """Whether ``os.walk`` or ``os.fwalk`` lists a folder; both ignore errors."""
    module, function = caller.f_globals.get("__name__"), caller.f_code.co_name
    return module == "os" and function.lstrip("_") in ("walk", "fwalk")


def _is_searching(caller: FrameType) -> bool:
    """Whether a folder is listed for a pattern, which has an event of its own."""
    module = str(caller.f_globals.get("__name__", ""))
    above = caller.f_back.f_code.co_name if caller.f_back else ""
    by_path = module.startswith("pathlib") and caller.f_code.co_name == "_scandir"
    return module == "glob" or (by_path and above != "walk")
