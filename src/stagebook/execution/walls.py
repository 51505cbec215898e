"""What a kernel may touch in its project: computed by the runner, enforced in the kernel."""

import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stagebook.execution import landlock
from stagebook.execution.landlock import EVERYTHING, LIST, READ, Grant


@dataclass(frozen=True, slots=True)
class Walls:
    """The limits of one kernel.

    Everything outside the project is as open as to any process of the user; inside it, only
    what is named here can be touched.

    Attributes:
        root: The project's root, resolved.
        files: The sandbox's folder, which is the kernel's working folder.
        writable: Folders where everything is allowed: the sandbox and its temporary folder.
        readable: Files and folders that may be read: inputs, code, the environment.
        listed: Folders whose names may be listed: those that modules are found in.
        inputs: Paths in the sandbox that must not be written, relative to it.
        journal: File to which the kernel appends what it was refused, as JSON lines.
        memory_limit: Bytes of data that the kernel may allocate, or None.
        lock: File that the runner holds locked as long as it lives.
        ending: File for the kernel's exit code, negative for a signal, and its peak of memory.
    """

    root: str
    files: str
    writable: tuple[str, ...]
    readable: tuple[str, ...]
    listed: tuple[str, ...]
    inputs: tuple[str, ...]
    journal: str
    memory_limit: int | None
    lock: str
    ending: str

    def write(self, path: Path) -> None:
        """Writes the walls for the kernel to read."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> "Walls":
        """The walls in a file that ``write`` wrote."""
        values: Any = json.loads(Path(path).read_text(encoding="utf-8"))
        typed: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**typed)

    def grants(self) -> tuple[Grant, ...]:
        """The same limits as Landlock's rules.

        Landlock knows no exceptions, so the project's siblings, and those of each folder above
        it, are granted one by one, and its own folder is not. Links are passed over: what they
        point to is granted where it lies, and one to a folder above would grant the project.
        """
        outside: list[Grant] = []
        root = Path(self.root)
        inner = root
        for folder in root.parents:
            try:
                siblings = [entry for entry in os.scandir(folder) if not entry.is_symlink()]
            except OSError:
                siblings = []
            names = (entry.path for entry in siblings if entry.name != inner.name)
            outside.extend(Grant(path, EVERYTHING) for path in names)
            inner = folder
        return (
            *outside,
            *(Grant(path, EVERYTHING) for path in self.writable),
            *(Grant(path, READ) for path in self.readable),
            *(Grant(path, LIST) for path in self.listed),
        )


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
