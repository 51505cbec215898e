"""The verb that says whether a deployed model still holds."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import write_whole
from stagebook.project.project import STATE, Project
from stagebook.project.settings.monitor import MonitorSettings
from stagebook.workflow import monitor_status
from stagebook.workflow.monitor_status import Watch

if TYPE_CHECKING:
    from stagebook.monitoring.status import MonitorStatus


@dataclass(frozen=True, slots=True)
class MonitorOptions:
    """What a person gives on the command line; each goes before the setting.

    Attributes:
        log: The folder of the server's log.
        package: The package: its folder, its archive, or its address in MLflow's registry.
        labels: A table of what came true.
        state: Where summaries of days, and the state of the last run, are kept.
        textfile: A file for Prometheus.
        alerts: Whether a change of state is reported.
        at: The last day that counts, such as ``2026-11-29``, of which nothing is reported; None
            for all of the log, now.
    """

    log: str | None = None
    package: str | None = None
    labels: Path | None = None
    state: Path | None = None
    textfile: Path | None = None
    alerts: bool = True
    at: str | None = None


@dataclass(frozen=True, slots=True)
class MonitorRun:
    """What a run saw and did.

    Attributes:
        status: The status.
        remarks: Why an alert was not delivered, or the state of the last run not read.
    """

    status: "MonitorStatus"
    remarks: tuple[Problem, ...] = field(default=())


def monitor(options: MonitorOptions) -> MonitorRun:
    """Reads a log, judges the model, and reports a change of its state.

    Raises:
        StagebookError: No log or package is given (``nothing-to-monitor``), or one of them cannot
            be read.
    """
    project = Project.around(Path.cwd())
    settings = project.settings.monitor if project else MonitorSettings()
    root = project.root if project else Path.cwd()
    log = Path(options.log) if options.log else root / _required("log", settings.log)
    source = options.package or _below(root, _required("package", settings.package))
    state = options.state or root / STATE / "monitor" / _name_of(log)
    labels = options.labels or (root / settings.labels if settings.labels else None)
    at = monitor_status.day_of(options.at)
    status = monitor_status.read(Watch(source, log, labels, state, settings, at))
    is_reported = options.alerts and at is None  # an alert about the past helps nobody
    remarks = _report(status, state, settings, root) if is_reported else ()
    target = options.textfile or (root / settings.textfile if settings.textfile else None)
    if target is not None:
        from stagebook.monitoring import textfile

        write_whole(target, textfile.render(status))
    return MonitorRun(status, remarks)


def of_settings(project: Project) -> "MonitorStatus":
    """The status of the deployed model that the settings of a project name; nobody is alerted.

    Args:
        project: The project.

    Raises:
        StagebookError: The log or the package is not there, or cannot be read.
    """
    settings, root = project.settings.monitor, project.root
    log = root / settings.log
    source = _below(root, settings.package)
    labels = root / settings.labels if settings.labels else None
    state = root / STATE / "monitor" / _name_of(log)
    return monitor_status.read(Watch(source, log, labels, state, settings))


def _report(
    status: "MonitorStatus", state: Path, settings: MonitorSettings, root: Path
) -> tuple[Problem, ...]:
    """Keeps the state, and sends what changed; returns what went wrong."""
    from stagebook.monitoring import alerts

    path = alerts.path_of(state, status.package)
    before, damage = alerts.read(path)
    reasons = [signal.sentence for signal in status.signals]
    channels = settings.alerts.channels
    after = before.after(status.package, status.state, status.last, reasons, channels)
    kept = alerts.keep(path, after) if after != before else ()
    delivered, problems = alerts.deliver(after, settings.alerts, root)
    if delivered != after:
        kept = alerts.keep(path, delivered)
    return (*([damage] if damage else []), *kept, *problems)


def _required(name: str, value: str) -> str:
    if value:
        return value
    message = f"No {name} is given, and the settings have none."
    hint = "Run: stagebook monitor LOG --package PACKAGE, or set it in [tool.stagebook.monitor]."
    raise StagebookError(Problem("nothing-to-monitor", message, hint, Where("pyproject.toml")))


def _name_of(log: Path) -> str:
    """A folder's name for a log: days of two logs, and their states, are no days of one."""
    place = log.resolve()
    return f"{place.name}-{hashlib.sha256(os.fsencode(place)).hexdigest()[:8]}"


def _below(root: Path, source: str) -> str:
    """A source of the settings, whose paths are relative to the root."""
    from stagebook.model import registry

    return source if registry.is_uri(source) else str(root / source)
