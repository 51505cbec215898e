"""The parts of a running server: package, queue, log, challenger, metrics."""

import asyncio
import functools
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stagebook.model import load_gate, package_source, registry
from stagebook.serving.log.request_log import LogEntry
from stagebook.serving.metrics import Metrics
from stagebook.serving.options import ServingOptions
from stagebook.serving.prediction_queue import PredictionQueue
from stagebook.serving.served_model import ServedModel
from stagebook.serving.shadow import Shadow
from stagebook.serving.swap import Follower, Replacement, Slot

_BATCH = 1000  # rows that are predicted together


class Service:
    """What answers requests in one process; ``start`` it in the event loop of the requests.

    Attributes:
        options: What the server was started with.
        slot: The place of the package that answers.
        metrics: What is counted.

    Raises:
        StagebookError: The package, or the challenger, is not fit to be served here, or the log
            cannot be opened.
    """

    def __init__(self, options: ServingOptions) -> None:
        self.options = options
        follows_package = options.follow == options.package
        self._version = package_source.version(options.package) if follows_package else None
        self.slot = Slot(opened(options, options.package))
        self._challenger = opened(options, options.shadow) if options.shadow else None
        self.metrics = Metrics()
        self._log = self.slot.current.open_log(options.log) if options.log else None
        self._queue: PredictionQueue | None = None
        self._shadow: Shadow | None = None
        self._follower: Follower | None = None

    def start(self) -> None:
        """Starts the threads."""
        options = self.options
        loop = asyncio.get_running_loop()
        self._queue = PredictionQueue(options.limits.waiting, _BATCH, loop).start()
        if self._challenger:
            self._shadow = Shadow(self._challenger, self.record, self._count_shadow)
        if options.follow:
            self._follower = Follower(
                self.slot,
                functools.partial(package_source.version, options.follow),
                functools.partial(opened, options, options.follow),
                self._replaced,
                functools.partial(_verify, options, options.follow),
            )
            self._follower.start(self._version)
        self._count_package()

    def stop(self) -> None:
        """Ends the threads after what was accepted has been predicted and logged."""
        if self._follower:
            self._follower.stop()
        if self._queue:
            self._queue.stop()
        if self._shadow:
            self._shadow.stop()
        if self._log:
            self._log.close()

    @property
    def queue(self) -> PredictionQueue:
        """The queue in front of the model."""
        assert self._queue, "the service has started"
        return self._queue

    @property
    def shadow(self) -> Shadow | None:
        """The challenger, if there is one."""
        return self._shadow

    @property
    def must_stop(self) -> bool:
        """Whether no request may be answered, because the log cannot be written."""
        return self._log is not None and self._log.must_stop

    def record(self, entry: LogEntry) -> None:
        """Writes an entry into the log, if there is one."""
        if self._log:
            self._log.add(entry)

    def health(self) -> dict[str, Any]:
        """How the service is, as values for ``/health``."""
        current, last = self.slot.current, self.slot.last
        return {
            "status": "stopped" if self.must_stop else "ok",
            "package": {"name": current.name, "digest": current.digest},
            "waiting": self.queue.waiting,
            "unchecked_rules": list(current.validator.unchecked),
            "online_store": current.lookup.problem or "ok" if current.lookup else None,
            "log": asdict(self._log.state) if self._log else None,
            "replacement": asdict(last) if last else None,
            "challenger": self._challenger.digest if self._challenger else None,
        }

    def count_state(self) -> None:
        """Brings those metrics up to date that are states, not events."""
        self.metrics.waiting.set(self.queue.waiting)
        if self._log:
            state = self._log.state
            self.metrics.log_full.set(state.full)
            self.metrics.log_lost.set(state.lost)

    def _count_package(self) -> None:
        current = self.slot.current
        self.metrics.count_package(current.name, current.digest)

    def _count_shadow(self, outcome: str) -> None:
        self.metrics.shadow.labels(outcome).inc()

    def _replaced(self, replacement: Replacement) -> None:
        outcome = "refused" if replacement.digest is None else "replaced"
        self.metrics.swaps.labels(outcome).inc()
        self._count_package()


def opened(options: ServingOptions, source: str) -> ServedModel:
    """A package, after the whole gate and with its golden rows predicted.

    Raises:
        StagebookError: It is not fit to be served here.
    """
    return ServedModel.open(source, options.policy, options.limits.rows, options.online)


def _verify(options: ServingOptions, source: str) -> None:
    """Checks a source whose package is in memory; its model is not opened again.

    In MLflow's registry, a version does not change, and an archive is one file.

    Raises:
        StagebookError: The folder is not as it was packaged, or breaks the policy.
    """
    if not registry.is_uri(source) and Path(source).is_dir():
        load_gate.as_recorded(Path(source), options.policy).require()
