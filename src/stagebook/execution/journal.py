"""Entries about what a kernel was refused or did not see, sent at once to its guard."""

import fcntl
import json
import os
import threading
import time
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Protocol, Self

CLOSED = 97
"""Exit code of a kernel that cannot report an entry, because its pipe is closed."""

DAMAGED = "damaged"
"""Kind of a line in the pipe that is not an entry."""

_FIRST_DESCRIPTOR = 200  # high, so that no file of a notebook gets the same


class Notes(Protocol):
    """Records each file that a kernel was refused."""

    def note(self, kind: str, path: str) -> None:
        """Records a kind, such as ``read``, and a path relative to the root."""


class Journal:
    """The kernel's end of the pipe to its guard.

    Nothing that the kernel does later can take back an entry.

    Args:
        descriptor: The writing end of a pipe.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._identity = descriptor, os.fstat(descriptor)
        self._process = os.getpid()
        self._seen: set[tuple[str, str]] = set()

    @classmethod
    def open(cls) -> tuple[int, Self]:
        """A new pipe: its reading end, and the journal that writes to it."""
        reader, writer = os.pipe()
        high = fcntl.fcntl(writer, fcntl.F_DUPFD_CLOEXEC, _FIRST_DESCRIPTOR)
        os.close(writer)
        return reader, cls(high)

    def belongs_here(self) -> None:
        """Makes this process the one that may not lose the journal."""
        self._process = os.getpid()

    def close(self) -> None:
        """Closes this end."""
        os.close(self._descriptor)

    def note(self, kind: str, path: str) -> None:
        """Adds an entry, unless it was already added.

        Args:
            kind: What happened.
            path: The file, relative to the project's root.
        """
        if (kind, path) in self._seen:
            return
        self._seen.add((kind, path))
        entry = {"kind": kind, "path": path, "at": time.time()}
        sent = self._send(json.dumps(entry) + "\n")
        if not sent and os.getpid() == self._process:  # a forked child may close its copy
            os._exit(CLOSED)

    def _send(self, line: str) -> bool:
        try:
            if os.path.samestat(os.fstat(self._descriptor), self._identity):
                os.write(self._descriptor, line.encode())
                return True
        except OSError:
            pass
        return False


def keep(reader: int, file: Path) -> threading.Thread:
    """Starts a thread that writes a kernel's entries to a file, until the kernel ends.

    Args:
        reader: The reading end of the kernel's pipe.
        file: Where the entries go, which the kernel cannot write to.
    """
    source, target = open(reader, "rb", buffering=0), file.open("ab", buffering=0)  # noqa: SIM115  # the thread closes them
    thread = threading.Thread(target=_keep, args=(source, target), daemon=True)
    thread.start()
    return thread


def _keep(source: RawIOBase, target: RawIOBase) -> None:
    with source, target:
        while piece := source.read(65536):
            target.write(piece)


def read(file: Path) -> tuple[tuple[str, str], ...]:
    """The entries that a guard kept: pairs of a kind and a path relative to the root.

    The kind of anything else is ``DAMAGED``: the notebook wrote to the kernel's end of the pipe.
    """
    return tuple((entry.kind, entry.path) for entry in entries(file))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a journal.

    Attributes:
        kind: What happened.
        path: The file, or another name of what was touched.
        at: When, in seconds since 1970.
    """

    kind: str
    path: str
    at: float = 0.0


def entries(file: Path) -> tuple[Entry, ...]:
    """The entries that a guard kept, in order.

    Args:
        file: The file of the entries, which may be missing.
    """
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return ()
    return tuple(_entry(line) for line in lines if line)


def _entry(line: str) -> Entry:
    try:
        values = json.loads(line)
        return Entry(str(values["kind"]), str(values["path"]), float(values.get("at", 0)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Entry(DAMAGED, "")
