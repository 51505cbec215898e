"""The kernels that people use: each has a folder that lists the trackers of its runs."""

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

_LOCKS = contextlib.ExitStack()  # held until the process ends, however it ends
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
        """Its unique name."""
        return self.folder.name

    @property
    def stage(self) -> str:
        """The stage whose notebook runs in it; ``notebook`` if it is unknown."""
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
        """The session of this process, started if necessary; child processes belong to it."""
        current = cls.current()
        if current and current.folder in _OWN and current.folder.parent.parent == project.state:
            return current
        now = datetime.datetime.now(datetime.UTC)
        name = f"{now:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}"
        session = cls(project.state / _FOLDER / name)
        _LOCKS.enter_context(locks.occupy(session.folder))
        os.environ[SESSION] = str(session.folder)
        _OWN.add(session.folder)
        return session

    @classmethod
    def current(cls) -> "KernelSession | None":
        """The session that this process belongs to, if any."""
        folder = os.environ.get(SESSION)
        return cls(Path(folder)) if folder else None

    def works_on(self, stage: str) -> None:
        """From now on, runs belong to this stage."""
        write_whole(self.folder / _STAGE, stage)

    def note_tracker(self, uri: str) -> None:
        """Records the tracker of a run that is about to start, without a password."""
        with (self.folder / _TRACKERS).open("a", encoding="utf-8") as file:
            file.write(f"{without_credentials(uri)}\n")

    def forget(self) -> None:
        """Deletes its folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def ended(project: Project) -> tuple[KernelSession, ...]:
    """The sessions of ended kernels that started runs; other ended sessions are deleted."""
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
