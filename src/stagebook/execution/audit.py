"""Sees, inside the kernel, each file that Python opens, and refuses what is not declared."""

import errno
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from stagebook.execution.walls import Walls

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LISTS = {"os.listdir", "os.scandir"}
_READS = {"open", *_LISTS}
_NO_FOLDER = -1
# Which arguments of an event are paths, each with the argument that is the descriptor of the
# folder that it is relative to, or None: https://docs.python.org/3/library/audit_events.html
_EVENTS: dict[str, tuple[tuple[int, int | None], ...]] = {
    **dict.fromkeys((*_READS, "os.truncate"), ((0, None),)),
    **dict.fromkeys(("os.remove", "os.rmdir"), ((0, 1),)),
    **dict.fromkeys(("os.mkdir", "os.chmod"), ((0, 2),)),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
}


def install(walls: Walls) -> None:
    """From here on, each file that Python code opens in the project is held against the walls.

    Native readers do not pass here; Landlock holds those, where the kernel has it.
    """
    sys.addaudithook(_Auditor(walls).hook)


class _Auditor:
    """Holds every file that Python code touches against the walls of one kernel."""

    def __init__(self, walls: Walls) -> None:
        self._walls = walls
        self._project, self._sandbox = _Paths((walls.root,)), _Paths((walls.files,))
        self._inputs = _Paths(str(Path(walls.files) / path) for path in walls.inputs)
        self._writable = _Paths(walls.writable)
        self._readable = _Paths((*walls.writable, *walls.readable))
        self._seen: set[tuple[str, str]] = set()

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """Python calls this for every audited event."""
        if event not in _EVENTS or (event in _LISTS and _by_importlib(sys._getframe(1))):
            return  # Python looks for a module; a folder that it may not list is an empty one
        writes = event not in _READS or (event == "open" and _opens_to_write(args[1], args[2]))
        for at, folder in _EVENTS[event]:
            if folder is not None and args[folder] != _NO_FOLDER:
                continue  # such as in shutil.rmtree; Landlock holds it where the kernel has it
            if isinstance(args[at], (str, bytes, os.PathLike)):
                # abspath, since resolving would follow the sandbox's links to the inputs
                path = os.path.abspath(os.fsdecode(args[at]))  # noqa: PTH100
                if not writes and path in sys.path:
                    continue  # somebody looks for what is installed, such as importlib.metadata
                if self._project.hold(path) and "__pycache__" not in Path(path).parts:
                    (self._check_write if writes else self._check_read)(path)

    def _check_write(self, path: str) -> None:
        if self._inputs.hold(path):
            self._refuse("changed", path, "it is a declared input, which a stage does not change")
        if not self._writable.hold(path):
            self._refuse("wrote", path, "it is no declared output of this stage")

    def _check_read(self, path: str) -> None:
        if not self._readable.hold(path) and os.path.lexists(path):
            self._refuse("read", path, "it is no declared input of this stage")
        if self._sandbox.hold(path) and not os.path.lexists(path):
            original = Path(self._walls.root, os.path.relpath(path, self._walls.files))
            if os.path.lexists(original):
                self._note("missed", path)

    def _refuse(self, kind: str, path: str, why: str) -> None:
        self._note(kind, path)
        raise PermissionError(errno.EACCES, why, path)

    def _note(self, kind: str, path: str) -> None:
        base = self._walls.files if self._sandbox.hold(path) else self._walls.root
        relative = os.path.relpath(path, base)
        if (kind, relative) not in self._seen:
            self._seen.add((kind, relative))
            with open(self._walls.journal, "a", encoding="utf-8") as journal:
                journal.write(json.dumps({"kind": kind, "path": relative}) + "\n")


def _by_importlib(caller: FrameType) -> bool:
    return caller.f_code.co_filename == "<frozen importlib._bootstrap_external>"


def _opens_to_write(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return not set(mode).isdisjoint("wax+")
    return isinstance(flags, int) and bool(flags & _WRITES)


class _Paths:
    """Files and folders, asked whether one of them is, or holds, a path."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._exact = frozenset(path.rstrip(os.sep) for path in paths)
        self._folders = tuple(path + os.sep for path in self._exact)

    def hold(self, path: str) -> bool:
        return path in self._exact or path.startswith(self._folders)
