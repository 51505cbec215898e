"""The folder of a project's zygotes: their sockets, locks, logs and states."""

import contextlib
import fcntl
import json
import os
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST_WAITING = 64


class UnsafeFolderError(Exception):
    """Somebody other than this user can enter the folder of the zygotes."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a project's zygotes.

    A kernel in its sandbox cannot write to it.

    Attributes:
        folder: Its absolute path.
    """

    folder: str

    @classmethod
    def of(cls, root: str) -> "Place":
        """The folder of a project, which may not exist yet.

        Args:
            root: The project's root.
        """
        return cls(os.path.join(root, ".stagebook", "warm"))

    def prepare(self) -> None:
        """Creates the folder.

        Raises:
            UnsafeFolderError: Somebody else owns it or can enter it.
        """
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        status = os.lstat(self.folder)
        private = stat.S_ISDIR(status.st_mode) and not stat.S_IMODE(status.st_mode) & 0o077
        if status.st_uid != os.getuid() or not private:
            raise UnsafeFolderError(f"other users can enter {self.folder}")

    def path(self, key: str, kind: str) -> str:
        """The path of a zygote's file.

        Args:
            key: The zygote's key.
            kind: ``socket``, ``lock``, ``log`` or ``json``.
        """
        return os.path.join(self.folder, f"{key}.{kind}")

    def connect(self, key: str) -> socket.socket | None:
        """A connection to a zygote; None if there is no zygote."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            with self._short(key) as path:
                connection.connect(path)
        except OSError:
            connection.close()
            return None
        return connection

    def listen(self, key: str) -> socket.socket:
        """The socket that a zygote accepts connections from; it replaces one without a zygote."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(key, "socket"))
        listening = socket.socket(socket.AF_UNIX)
        with self._short(key) as path:
            listening.bind(path)
        listening.listen(_MOST_WAITING)
        return listening

    @contextlib.contextmanager
    def _short(self, key: str) -> Iterator[str]:
        """A path of the socket that is short enough: at most 107 bytes."""
        folder = os.open(self.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{folder}/{key}.socket"
        finally:
            os.close(folder)

    def lock(self, key: str, *, waits: bool) -> int | None:
        """The descriptor of a zygote's lock, which a zygote holds as long as it lives.

        Args:
            key: The zygote's key.
            waits: Whether to wait for the lock; otherwise None if another process holds it.
        """
        descriptor = os.open(self.path(key, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_alive(self, key: str) -> bool:
        """Whether a zygote holds its lock."""
        try:
            descriptor = os.open(self.path(key, "lock"), os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def all_keys(self) -> tuple[str, ...]:
        """The keys of all zygotes, also of those that have ended."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return ()
        return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))

    def state(self, key: str) -> dict[str, Any]:
        """What a zygote last wrote about itself; empty before that."""
        try:
            with open(self.path(key, "json"), encoding="utf-8") as file:
                values = json.load(file)
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def age(self, key: str) -> float:
        """Seconds since a zygote last wrote about itself."""
        return time.time() - os.stat(self.path(key, "json")).st_mtime

    def write_state(self, key: str, state: Mapping[str, Any]) -> None:
        """Writes what a zygote says about itself, whole, and without secrets in warnings."""
        from stagebook.project.files import write_whole  # clients of a zygote need none of it

        write_whole(Path(self.path(key, "json")), json.dumps(state))

    def remove(self, key: str, *, with_state: bool) -> None:
        """Deletes the files of a zygote that has ended.

        Args:
            key: Its key.
            with_state: Whether to delete what it wrote about itself.
        """
        kinds = ("socket", "log", *(("json", "lock") if with_state else ()))
        for kind in kinds:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(key, kind))
