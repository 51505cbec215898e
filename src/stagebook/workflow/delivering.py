"""The deliveries of a build whose stages leave their records to it."""

import contextlib
import time

from stagebook.project.project import Project
from stagebook.record.spool import Spool
from stagebook.tracking import courier
from stagebook.tracking.courier import Courier

LATER = {courier.VARIABLE: "0"}
"""The variables of stages whose records the build delivers."""

_PAUSE = 10.0
_PATIENCE = 15.0


class Deliveries:
    """Sends MLflow the records of a build: one courier, which imports MLflow once, sends many.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._courier: Courier | None = None
        self._wanted = courier.is_wanted(project)
        self._sent = time.monotonic()

    def note(self) -> None:
        """A stage has run: its record is sent now, or with others some seconds later."""
        if self._courier is None and self._wanted:
            with contextlib.suppress(OSError):  # the end of the build tries again
                self._courier = Courier.start(self._project)
        if self._courier is not None and time.monotonic() - self._sent > _PAUSE:
            self._courier.leave()
            self._courier = None
            self._sent = time.monotonic()

    def end(self) -> str:
        """Sends what was not sent yet; returns why MLflow does not have all records, or nothing."""
        if not self._wanted or not Spool(self._project.state).pending():
            self.dismiss()
            return ""
        if self._courier is None:
            try:
                self._courier = Courier.start(self._project)
            except OSError as error:
                return str(error)
        return self._courier.deliver(_PATIENCE)

    def dismiss(self) -> None:
        """Ends a courier that has nothing to send."""
        if self._courier is not None:
            self._courier.dismiss()
