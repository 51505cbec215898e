"""What a kernel may touch in its project: computed by the runner, enforced in the kernel."""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stagebook.execution import landlock
from stagebook.execution.landlock import EVERYTHING, FOLDERS, LIST, READ, Grant
from stagebook.execution.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class SandboxPolicy:
    """The limits of one kernel.

    Outside the project, the kernel has the rights of any process of the user, unless the stage is
    strict. Inside, it can touch only what is named here.

    Attributes:
        root: The project's root, resolved.
        files: The sandbox's folder, which is the kernel's working folder.
        writable: Folders where everything is allowed: the sandbox and its temporary folder.
        readable: Files and folders that may be read: inputs, code, the environment.
        listed: Folders whose names may be listed: those that modules are found in.
        inputs: Paths in the sandbox that must not be written, relative to it.
        outputs: Declared outputs, relative to the sandbox.
        home: The notebook's own folder, relative to the root.
        journal: File in which the guard keeps what the kernel was refused, as JSON lines.
        memory_limit: Bytes of data that the kernel may allocate, or None.
        lock: File that the runner holds locked as long as it lives.
        ending: File for the kernel's exit code, negative for a signal, and its peak of memory.
        conditions: The conditions of a run that is observed, as JSON; empty for any other run.
        surroundings: What it may use outside the project; None if that is not watched.
    """

    root: str
    files: str
    writable: tuple[str, ...]
    readable: tuple[str, ...]
    listed: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    home: str
    journal: str
    memory_limit: int | None
    lock: str
    ending: str
    conditions: str = ""
    surroundings: Surroundings | None = None

    def write(self, path: Path) -> None:
        """Writes the policy for the kernel to read."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> "SandboxPolicy":
        """The policy in a file that ``write`` wrote."""
        values: Any = json.loads(Path(path).read_text(encoding="utf-8"))
        typed: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        if typed.get("surroundings"):
            typed["surroundings"] = Surroundings.from_json(typed["surroundings"])
        return cls(**typed)

    def grants(self) -> tuple[Grant, ...]:
        """The same limits as Landlock's rules.

        Landlock knows no exceptions, so the project's siblings, and those of each folder above
        it, are granted one by one, and its own folder is not. A strict stage is granted only the
        environment.
        """
        return (
            *self._outside(),
            *(Grant(path, EVERYTHING) for path in self.writable),
            *(Grant(path, READ) for path in self.readable),
            *(Grant(path, LIST) for path in self.listed),
            Grant(self.root, FOLDERS),
        )

    def _outside(self) -> Iterator[Grant]:
        """Rights on what is not in the project."""
        root, surroundings = Path(self.root), self.surroundings
        if surroundings is None or not surroundings.strict:
            yield from (Grant(path, EVERYTHING) for path in _without(root, Path(os.sep)))
            return
        for paths, rights in ((surroundings.readable, READ), (surroundings.writable, EVERYTHING)):
            for path in paths:
                holds = root.is_relative_to(path)
                granted = _without(root, Path(path)) if holds else [path]
                yield from (Grant(item, rights) for item in granted)


def _without(root: Path, top: Path) -> Iterator[str]:
    """What is in a folder, but for the project and the folders that hold it.

    Links are passed over: what they point to is granted where it lies, and one to a folder above
    would grant the project.
    """
    inner = root
    for folder in root.parents:
        if not folder.is_relative_to(top):
            return
        try:
            siblings = [entry for entry in os.scandir(folder) if not entry.is_symlink()]
        except OSError:
            siblings = []
        yield from (entry.path for entry in siblings if entry.name != inner.name)
        inner = folder


def can_confine() -> bool:
    """Whether native code can be confined here, so that inputs may be linked and not copied."""
    return landlock.version() > 0


def environment_paths(root: Path) -> tuple[str, ...]:
    """Folders of this Python, its packages and its tools that lie inside the project."""
    own = Path(__file__).resolve().parents[1]
    paths = (sys.prefix, sys.base_prefix, sys.exec_prefix, str(own), str(root / ".git"))
    return tuple(dict.fromkeys(path for path in paths if Path(path).is_relative_to(root)))


def temporary_paths(root: Path) -> tuple[str, ...]:
    """The user's temporary folder, where it lies inside the project."""
    folder = Path(tempfile.gettempdir()).resolve()
    return (str(folder),) if folder.is_relative_to(root) else ()


_USER_FOLDERS = (
    *(".cache", ".config", ".local/share", ".local/state"),
    *("scikit_learn_data", "nltk_data", ".keras"),
)
"""Folders that libraries create in the home folder, which is closed if it holds the project."""

_FOLDER_VARIABLES = (
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    *("SCIKIT_LEARN_DATA", "NLTK_DATA", "KERAS_HOME", "TORCH_HOME", "HF_HOME", "MPLCONFIGDIR"),
)
"""Variables that name such folders elsewhere."""


def _user_folders() -> tuple[Path, ...]:
    named = [os.environ.get(name, "") for name in _FOLDER_VARIABLES]
    paths = [*(Path.home() / name for name in _USER_FOLDERS), *map(Path, filter(None, named))]
    return tuple(path for path in paths if path.is_absolute())


def user_paths(root: Path) -> tuple[str, ...]:
    """The folders in which libraries keep downloads, if they are inside the project."""
    return tuple(str(path) for path in _user_folders() if path.is_relative_to(root))


def make_user_folders(root: Path) -> None:
    """Creates the folders in which libraries keep downloads, if they cannot be created later.

    Args:
        root: The project's root. It and the folders above it are closed to new entries once the
            kernel is restricted.
    """
    for path in _user_folders():
        above = next(folder for folder in path.parents if folder.exists())
        if path.is_relative_to(root) or root.is_relative_to(above):
            with contextlib.suppress(OSError):
                path.mkdir(parents=True, exist_ok=True)
