"""The verb that says whether a deployed model still holds."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import write_whole
from stagebook.project.project import STATE, Project
from stagebook.project.settings.monitor import MonitorSettings

if TYPE_CHECKING:
    from stagebook.monitoring.judged_labels import JudgedLabels
    from stagebook.monitoring.monitored_model import MonitoredModel
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
    """

    log: str | None = None
    package: str | None = None
    labels: Path | None = None
    state: Path | None = None
    textfile: Path | None = None
    alerts: bool = True


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
    from stagebook.model import package_source
    from stagebook.monitoring.monitored_model import MonitoredModel

    project = Project.around(Path.cwd())
    settings = project.settings.monitor if project else MonitorSettings()
    root = project.root if project else Path.cwd()
    log = Path(options.log) if options.log else root / _required("log", settings.log)
    source = options.package or _below(root, _required("package", settings.package))
    state = options.state or root / STATE / "monitor" / _name_of(log)
    with package_source.opened(source) as folder:
        model = MonitoredModel.read(folder)
    labels = options.labels or (root / settings.labels if settings.labels else None)
    status = _status(model, log, labels, state, settings)
    remarks = _report(status, state, settings, root) if options.alerts else ()
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
    from stagebook.model import package_source
    from stagebook.monitoring.monitored_model import MonitoredModel

    settings, root = project.settings.monitor, project.root
    log = root / settings.log
    with package_source.opened(_below(root, settings.package)) as folder:
        model = MonitoredModel.read(folder)
    labels = root / settings.labels if settings.labels else None
    return _status(model, log, labels, root / STATE / "monitor" / _name_of(log), settings)


def _status(
    model: "MonitoredModel",
    log: Path,
    labels: Path | None,
    state: Path,
    settings: MonitorSettings,
) -> "MonitorStatus":
    from stagebook.monitoring.data_signals import NOT_KEPT
    from stagebook.monitoring.day_store import DayStore
    from stagebook.monitoring.drift_verdicts import VerdictStore
    from stagebook.monitoring.error_budget import ErrorBudget
    from stagebook.monitoring.estimates import Estimator
    from stagebook.monitoring.evidence_store import EvidenceStore
    from stagebook.monitoring.pointers import pointed
    from stagebook.monitoring.status import judge

    store = DayStore(state, log, model.package)
    days = store.read_all()
    judged = _judged(model, log, labels, state, settings) if labels else None
    budget = ErrorBudget(settings.false_alarms)
    package = model.package.digest
    verdicts = VerdictStore.read(store.folder, package, budget.false_alarms, days.versions)
    status = judge(model, days, budget, settings.tolerance, judged, verdicts)
    if not any(problem.code in NOT_KEPT for problem in days.problems):  # said once for the folder
        status = replace(status, problems=(*status.problems, *verdicts.keep()))
    estimator = Estimator.of(model.reference.performance if model.reference else None)
    known = judged.table if judged else None
    return pointed(status, EvidenceStore(state, log, model, estimator, known))


def _judged(
    model: "MonitoredModel", log: Path, labels: Path, state: Path, settings: MonitorSettings
) -> "JudgedLabels":
    """What the labels say.

    Raises:
        StagebookError: The package has no label to compare with (``no-label``), or the labels
            cannot be read.
    """
    from stagebook.monitoring.cohorts import Maturity
    from stagebook.monitoring.judged_labels import JudgedLabels
    from stagebook.monitoring.label_join import Judged
    from stagebook.monitoring.labelled_store import LabelledStore
    from stagebook.monitoring.labels import LabelOptions, Labels

    reference = model.reference.performance if model.reference else None
    if reference is None:
        message = "The package does not say which column is its label, so labels cannot be judged."
        hint = 'Package the model with stagebook.package(..., time="...", label="...").'
        raise StagebookError(Problem("no-label", message, hint, Where(model.name)))
    own = settings
    options = LabelOptions(
        reference.label, own.prediction, own.key, own.instant or None, own.known or None
    )
    store = LabelledStore(
        state / "labels" / model.package.digest[:12],
        log,
        Judged(reference.kind, reference.score, own.by),
    )
    table = Labels.open(labels, options, reference.kind)
    labelled = store.read(table)
    judged = JudgedLabels.of(
        labelled.of_package(model.package.digest),
        labelled.problems,
        reference,
        Maturity(own.maturity, own.share),
        datetime.now(UTC),
    )
    return replace(judged, table=table)


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
