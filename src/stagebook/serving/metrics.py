"""The numbers of a server, in the format of Prometheus."""

import os
import tempfile
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

MEDIA_TYPE = CONTENT_TYPE_LATEST
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What a server counts. With several workers, each number is that of all of them."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._registry = own

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"stagebook_{name}", text, labels, registry=own)

        def gauge(name: str, text: str, mode: Any, *labels: str) -> Gauge:
            return Gauge(f"stagebook_{name}", text, labels, registry=own, multiprocess_mode=mode)

        self.requests = counter("requests", "Requests, by route and status.", "route", "status")
        self.rows = counter("predicted_rows", "Rows that got a prediction.")
        self.violations = counter("violations", "Reasons for refusals, by code.", "code")
        self.warnings = counter("warnings", "Warnings about accepted rows, by code.", "code")
        self.seconds = Histogram(
            "stagebook_request_seconds",
            "Time from the headers of a request to its answer.",
            ("route",),
            registry=own,
            buckets=_SECONDS,
        )
        self.waiting = gauge("waiting_requests", "Requests that wait for the model.", "livesum")
        self.log_full = gauge("log_full", "Whether the log cannot be written.", "livemax")
        self.log_lost = gauge("log_lost_entries", "Requests missing in the log.", "livesum")
        self.package = gauge("package", "The package that answers.", "livemax", "name", "digest")
        self.swaps = counter("swaps", "Replaced packages, by outcome.", "outcome")
        self.shadow = counter("shadow_requests", "Requests for the challenger.", "outcome")

        self._counted: tuple[str, str] | None = None

    def count_answer(
        self,
        route: str,
        status: int,
        seconds: float,
        rows: int,
        problems: Iterable[str],
    ) -> None:
        """Counts a request that has been answered.

        Args:
            route: Its route.
            status: The status of its answer.
            seconds: Time until then.
            rows: Number of predictions.
            problems: Codes of the reasons for a refusal.
        """
        self.requests.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)
        self.rows.inc(rows)
        for code in problems:
            self.violations.labels(code).inc()

    def count_warnings(self, codes: Iterable[str]) -> None:
        """Counts remarks on accepted rows, by code."""
        for code in codes:
            self.warnings.labels(code).inc()

    def count_package(self, name: str, digest: str) -> None:
        """Says which package answers; the one before does not, which workers show as 0."""
        if self._counted and _FOLDER in os.environ:  # labels of workers cannot be removed
            self.package.labels(*self._counted).set(0)
        elif self._counted:
            self.package.remove(*self._counted)
        self._counted = name, digest
        self.package.labels(name, digest).set(1)

    def render(self) -> bytes:
        """The numbers of all workers, as text."""
        if _FOLDER not in os.environ:
            return generate_latest(self._registry)
        from prometheus_client.multiprocess import MultiProcessCollector

        every = CollectorRegistry()
        MultiProcessCollector(every)  # type: ignore[no-untyped-call]
        return generate_latest(every)


def shared_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder by which workers share their numbers; the workers must be started within it."""
    folder = tempfile.TemporaryDirectory(prefix="stagebook-metrics-")
    os.environ[_FOLDER] = folder.name
    return folder
