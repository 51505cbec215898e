"""What a run does while its cells run: it starts the courier and imports what its end needs."""

import contextlib
import threading

from stagebook.execution.job import Job
from stagebook.execution.progress import Progress
from stagebook.history.history import History
from stagebook.pipeline import dvc
from stagebook.project.project import Project
from stagebook.record.record import Record
from stagebook.tracking.courier import Courier


class Meanwhile:
    """Reports the progress of a run, and does its work from the first cell on.

    Args:
        project: The project.
        job: The job that runs.
        progress: The progress display.
        waits: Whether the run waits for its delivery, so that the courier starts at once.

    Attributes:
        courier: The process that delivers; None if the run does not wait for it.
        before: The newest earlier record; None without one.
        remote: Whether DVC has a remote to pull from.
    """

    def __init__(self, project: Project, job: Job, progress: Progress, *, waits: bool) -> None:
        self.courier: Courier | None = None
        self.before: Record | None = None
        self.remote = False
        self._project, self._progress = project, progress
        self._hashes = bool(job.signature.outputs)
        if waits:
            with contextlib.suppress(OSError):  # a later run delivers
                self.courier = Courier.start(self._project)
        self._thread = threading.Thread(target=self._work, daemon=True)

    def cell(self, position: int, total: int) -> None:
        """A code cell starts."""
        if not self._thread.ident:
            self._thread.start()
        self._progress.cell(position, total)

    def tick(self) -> None:
        """Some time has passed."""
        self._progress.tick()

    def note(self, text: str) -> None:
        """A note for the person."""
        self._progress.note(text)

    def finish(self) -> None:
        """Waits until the work is done; if no cell ran, it is done now."""
        if self._thread.ident:
            self._thread.join()
        else:
            self._work()

    def processes(self) -> tuple[int, ...]:
        """The processes that it started, once its work is done."""
        if self._thread.ident:
            self._thread.join()
        return (self.courier.process.pid,) if self.courier else ()

    def _work(self) -> None:
        # A damaged index or setting of DVC is no reason to lose the record of this run.
        with contextlib.suppress(Exception):
            with History.open(self._project.state) as history:
                self.before = next(iter(history.last(None, 1)), None)
            self.remote = dvc.has_remote(self._project.root)
        with contextlib.suppress(Exception):  # raised again where it is used
            from stagebook.report.page import load

            load()
            if self._hashes:
                dvc.load()
