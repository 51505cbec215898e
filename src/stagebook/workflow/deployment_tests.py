"""The tests of a deployment: each starts a server in a process of its own, and stops it."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from stagebook.serving.options import ServingOptions
from stagebook.serving.testing import deployment_check, load_test, running
from stagebook.serving.testing import soak as soak_test
from stagebook.serving.testing.deployment_check import DeploymentCheck
from stagebook.serving.testing.load_test import LoadPlan, LoadReport, LoadResult
from stagebook.serving.testing.packaged_rows import PackagedRows
from stagebook.serving.testing.running import RunningServer
from stagebook.serving.testing.soak import SoakResult, SoakSpan

Started = Callable[[PackagedRows], None]
"""What is called when a server answers, with the golden rows of its package."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the checks of a server gave.

    Attributes:
        rows: The golden rows of its package.
        checks: The checks.
    """

    rows: PackagedRows
    checks: list[DeploymentCheck]

    @property
    def holds(self) -> bool:
        """Whether no check failed."""
        return all(check.holds for check in self.checks)


def check(options: ServingOptions) -> CheckReport:
    """Replays the golden rows over HTTP, and sends requests that must be refused.

    Args:
        options: What the server is started with.

    Raises:
        StagebookError: The server does not start, or does not stop as it should.
    """
    with _started(options) as (server, rows):
        checks = deployment_check.check(server, rows, options.token, options.limits.rows)
        return CheckReport(rows, asyncio.run(checks))


def load(
    options: ServingOptions, plan: LoadPlan, started: Started, report: Callable[[LoadResult], None]
) -> LoadReport:
    """Sends golden rows, one row in a request, at a rate or at many rates.

    Args:
        options: What the server is started with.
        plan: What to do.
        started: Called when the server answers.
        report: Called with what came of each rate.

    Raises:
        StagebookError: As ``check``.
    """
    with _started(options) as (server, rows):
        started(rows)
        requests = rows.single_requests(options.token)
        return asyncio.run(load_test.run(server, requests, plan, report))


def soak(
    options: ServingOptions, seconds: float, started: Started, report: Callable[[SoakSpan], None]
) -> SoakResult:
    """Sends golden rows for some seconds, and looks at what the server holds.

    Args:
        options: What the server is started with.
        seconds: For how long.
        started: Called when the server answers.
        report: Called after each tenth of the time.

    Raises:
        StagebookError: As ``check``.
    """
    with _started(options) as (server, rows):
        started(rows)
        requests = rows.single_requests(options.token)
        return asyncio.run(soak_test.soak(server, requests, seconds, report))


@contextlib.contextmanager
def _started(options: ServingOptions) -> Iterator[tuple[RunningServer, PackagedRows]]:
    """A server, and the golden rows of its package; its log is kept apart, and deleted."""
    with contextlib.ExitStack() as stack:
        if options.log:
            options.log.folder.mkdir(parents=True, exist_ok=True)
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(
                    prefix=".test-", dir=options.log.folder, ignore_cleanup_errors=True
                )
            )
            options = replace(options, log=replace(options.log, folder=Path(folder)))
        server = stack.enter_context(running.running(options))
        yield server, PackagedRows.read(options.package)
