"""The kernels that people use: a folder for each, by which the runs that it began are known."""

import contextlib
import datetime
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from stagebook.execution import locks
from stagebook.execution.variables import SESSION
from stagebook.project.files import write_whole
from stagebook.project.project import Project, without_credentials

_FOLDER = "interactive"
_STAGE = "stage"
_TRACKERS = "trackers"

_HELD = contextlib.ExitStack()  # locks, until the process ends, however it ends
_OWN: set[Path] = set()


@dataclass(frozen=True, slots=True)
class KernelSession:
    """One kernel that a person uses.

    Attributes:
        folder: Its folder; a file in it is locked as long as the kernel lives.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Its name, which no other session has."""
        return self.folder.name

    @property
    def stage(self) -> str:
        """The stage whose notebook runs in it, as far as that is known."""
        try:
            return (self.folder / _STAGE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return "notebook"

    @property
    def trackers(self) -> tuple[str, ...]:
        """The addresses, without passwords, of the trackers in which it began runs."""
        try:
            lines = (self.folder / _TRACKERS).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return ()
        return tuple(dict.fromkeys(lines))

    @classmethod
    def of_this_process(cls, project: Project) -> "KernelSession":
        """The session of this process, begun if need be; its children belong to it as well."""
        current = cls.current()
        if current and current.folder in _OWN and current.folder.parent.parent == project.state:
            return current
        now = datetime.datetime.now(datetime.UTC)
        name = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}"
        session = cls(project.state / _FOLDER / name)
        _HELD.enter_context(locks.occupy(session.folder))
        os.environ[SESSION] = str(session.folder)
        _OWN.add(session.folder)
        return session

    @classmethod
    def current(cls) -> "KernelSession | None":
        """The session that this process belongs to; None if it belongs to none."""
        folder = os.environ.get(SESSION)
        return cls(Path(folder)) if folder else None

    def works_on(self, stage: str) -> None:
        """Runs that begin from now on are of this stage."""
        write_whole(self.folder / _STAGE, stage)

    def note_tracker(self, uri: str) -> None:
        """Remembers where a run is about to begin, without a password."""
        with (self.folder / _TRACKERS).open("a", encoding="utf-8") as file:
            file.write(f"{without_credentials(uri)}\n")

    def forget(self) -> None:
        """Deletes its folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def ended(project: Project) -> tuple[KernelSession, ...]:
    """The sessions of kernels that are gone and that began runs; others are forgotten."""
    home = project.state / _FOLDER
    if not home.is_dir():
        return ()
    with locks.gate(home):
        sessions = [
            KernelSession(folder)
            for folder in sorted(home.iterdir())
            if folder.is_dir() and not locks.is_held(folder / "lock")
        ]
    for session in sessions:
        if not session.trackers:
            session.forget()
    return tuple(session for session in sessions if session.trackers)
