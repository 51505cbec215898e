"""``stagebook.monitor``: the status of a deployed model, for a notebook."""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack

from stagebook.monitoring.status import MonitorStatus
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.settings import monitor as settings_of_monitor
from stagebook.report.status_in_notebook import NotebookStatus
from stagebook.workflow import monitor_status
from stagebook.workflow.monitor_status import Watch


class WatchOptions(TypedDict, total=False):
    """The keywords of ``stagebook.monitor``: settings of ``[tool.stagebook.monitor]``."""

    prediction: str
    key: Sequence[str]
    instant: str
    known: str
    by: Sequence[str]
    maturity: str
    share: float
    false_alarms: float
    tolerance: float


def monitor(
    log: str | Path,
    package: str | Path,
    labels: str | Path | None = None,
    *,
    at: str | date | None = None,
    state: str | Path | None = None,
    **options: Unpack[WatchOptions],
) -> MonitorStatus:
    """The status of a deployed model, as ``stagebook monitor`` shows it.

    It depends on the arguments alone: settings of the project are not read, and with ``at`` the
    time of day makes no difference. No alert is sent.

    Args:
        log: The folder of the log.
        package: The package that answers: its folder, its archive, or its address in MLflow's
            registry.
        labels: A table of what came true.
        at: The last day that counts, such as ``2026-11-29``, as if it had just ended (UTC):
            neither later requests nor labels that were known later are used. None for all of the
            log, now.
        state: A folder for summaries of days, so that a closed day is read once; None for one that
            is deleted afterwards.
        options: Settings of ``[tool.stagebook.monitor]``: ``known`` names the column with the time
            when a label was known.

    Returns:
        The status. A notebook shows it as a table.

    Raises:
        StagebookError: The log, the package or the labels cannot be read, or an argument is wrong
            (``bad-day``, ``bad-setting``).

    Example:
        >>> import pandas as pd
        >>> import stagebook
        >>> rows = pd.DataFrame({"at": pd.to_datetime(["2026-11-28", "2026-11-29"]), "km": 10.0})
        >>> options = {"materials": "ignore", "attestation": "ignore"}
        >>> logged = stagebook.log_batch("requests", "duration", rows, time="at", **options)
        >>> status = stagebook.monitor("requests", "duration", at="2026-11-28")
        >>> status.state.value, status.first, status.last
        ('ok', '2026-11-28', '2026-11-28')
    """
    settings = _settings(options)
    day = monitor_status.day_of(at)
    with tempfile.TemporaryDirectory() as scratch:
        own = Path(labels) if labels else None
        watch = Watch(str(package), Path(log), own, Path(state or scratch), settings, day)
        return NotebookStatus.from_status(monitor_status.read(watch))


def _settings(options: WatchOptions) -> settings_of_monitor.MonitorSettings:
    problems: list[Problem] = []
    settings = settings_of_monitor.parse(dict(options), problems)
    if problems:
        raise StagebookError(*problems)
    return settings
