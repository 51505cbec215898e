"""The process that delivers: started early, so that MLflow is imported when it is needed.

Run as ``python -m stagebook.tracking.courier ROOT``; waits for a line on standard
input, then delivers all that is in the outbox and prints one JSON line.
"""

import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from stagebook.execution.warm import piped
from stagebook.history.history import History
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.piped_process import PipedProcess
from stagebook.project.project import Project, without_credentials
from stagebook.record.spool import Spool
from stagebook.tracking.refusal import RefusedError, root_cause

VARIABLE = "STAGEBOOK_DELIVER"
"""``1`` lets each run deliver its record, ``0`` leaves that to a later delivery."""

_RUNNING = "the delivery is still running"
_IMPORT_SECONDS = 30.0
_TRACKER_SECONDS = 2.0
_LIFE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of a delivery.

    Attributes:
        run_id: The execution's run in MLflow, if it is there.
        tracking_uri: MLflow's address.
        reason: Why it is not there yet; empty if it is.
        goes_on: Whether nobody waits for it: the build goes on, or delivers later.
    """

    run_id: str | None
    tracking_uri: str
    reason: str = ""
    goes_on: bool = False


def is_wanted(project: Project) -> bool:
    """Whether a run delivers its record itself: by the variable, or else by the setting."""
    wanted = {"1": True, "0": False}.get(os.environ.get(VARIABLE, ""))
    return project.settings.deliver if wanted is None else wanted


def later(project: Project) -> Delivery:
    """The delivery of a record that waits for a later one."""
    uri = without_credentials(project.tracking_uri)
    return Delivery(None, uri, "it is delivered later", goes_on=True)


@dataclass(frozen=True, slots=True)
class Courier:
    """A courier process, seen from the one that started it.

    Attributes:
        project: The project whose records it delivers.
        process: The process.
    """

    project: Project
    process: PipedProcess

    @classmethod
    def start(cls, project: Project) -> "Courier":
        """Starts a courier that imports MLflow and waits."""
        words = [str(project.root)]
        module = "stagebook.tracking.courier"
        return cls(
            project,
            piped.start(project, module, words, folder=str(Path.cwd()), ending=0, hides=False),
        )

    def send(self, execution: str) -> Delivery:
        """Lets it deliver, and waits at most two seconds once MLflow is imported.

        A courier that needs longer goes on by itself, for at most two minutes.

        Args:
            execution: The execution whose run is asked for.
        """
        reason = self.deliver()
        delivery = Spool(self.project.state).delivery(execution)
        if delivery:
            return Delivery(delivery["run_id"], delivery["tracking_uri"])
        uri = without_credentials(self.project.tracking_uri)
        return Delivery(None, uri, reason or _RUNNING)

    def leave(self) -> None:
        """Lets it deliver by itself, for at most two minutes."""
        self._go()

    def _go(self) -> str:
        """Lets it deliver; returns why it cannot."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.close()
        except OSError:
            return "the delivery process ended early"
        return ""

    def deliver(self, patience: float = _TRACKER_SECONDS) -> str:
        """Lets it deliver; returns why MLflow does not have all records yet, or nothing.

        Args:
            patience: Seconds to wait once MLflow is imported.
        """
        if reason := self._go():
            return reason
        if not self._line(_IMPORT_SECONDS):
            return "MLflow could not be imported in time"
        answer = self._line(patience)
        if answer is None:
            return _RUNNING
        return _error_in(answer) if answer else "the delivery process ended early"

    def dismiss(self) -> None:
        """Ends a courier that has nothing to deliver."""
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()

    def _line(self, seconds: float) -> str | None:
        """Its next line; empty if it has ended, None if it takes longer."""
        stream = self.process.stdout
        assert stream is not None
        with DefaultSelector() as selector:
            selector.register(stream, EVENT_READ)
            return stream.readline() if selector.select(seconds) else None


def _error_in(line: str) -> str:
    """Why a delivery failed, as its courier says; an empty text if it did not."""
    try:
        return str(json.loads(line).get("error", ""))
    except (ValueError, AttributeError):  # such as what a plugin of MLflow prints
        return f"the delivery process printed: {line.strip()[:100]}"


def no_tracker(uri: str, error: BaseException) -> StagebookError:
    """The error for an outbox that MLflow does not take."""
    place = without_credentials(uri)
    if isinstance(error, RefusedError):
        return StagebookError(
            *(
                Problem(
                    "record-refused",
                    f"MLflow at {place} refuses the record {refusal.record}: {refusal.reason}.",
                    f"The record stays in .stagebook/outbox/{refusal.record}; "
                    "other records are not blocked.",
                )
                for refusal in error.refusals
            ),
            exit_code=Exit.ENVIRONMENT,
        )
    message = f"MLflow at {place} does not accept the records: {root_cause(error)}."
    hint = "The records stay in .stagebook/outbox. When MLflow answers, run: stagebook deliver"
    return StagebookError(Problem("no-tracker", message, hint), exit_code=Exit.ENVIRONMENT)


def limit_patience() -> None:
    """Lets MLflow's client give up after seconds; by default it tries for four minutes.

    It sends each request once: a tracker may have carried out a request that it did not answer.
    """
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")


def main() -> None:
    """Runs the courier process."""
    limit_patience()
    from stagebook.tracking import delivery, tracker

    with contextlib.suppress(Exception):  # on a full disk, MLflow creates one by itself
        tracker.prepare_store(Project.find(Path(sys.argv[1])))
    _say("ready")
    warm_index()  # while the notebook runs: many new records take seconds
    if sys.stdin.readline():  # a stage may take hours; the courier's time starts here
        signal.alarm(_LIFE_SECONDS)
        project = Project.find(Path(sys.argv[1]))
        try:
            answer: dict[str, object] = {"delivered": delivery.deliver(project)}
        except Exception as error:  # any error is reported to the stage, which goes on
            answer = {"error": _reason(error)}
        _say(json.dumps(answer))


def warm_index() -> None:
    """Reads new records into their index, so that no other process waits for that."""
    project = Project.find(Path(sys.argv[1]))
    # The next process that opens the index reports its errors.
    with contextlib.suppress(Exception), History.open(project.state):
        pass


def _reason(error: Exception) -> str:
    if isinstance(error, RefusedError):
        return f"MLflow refuses the record: {error.refusals[-1].reason}"
    return root_cause(error)


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # the stage has ended and does not wait
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
