"""The status of a deployed model from its log and its labels, now or as of a day in the past."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.settings.monitor import MonitorSettings

if TYPE_CHECKING:
    from stagebook.monitoring.judged_labels import JudgedLabels
    from stagebook.monitoring.monitored_model import MonitoredModel
    from stagebook.monitoring.status import MonitorStatus

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at.

    Attributes:
        package: The package: its folder, its archive, or its address in MLflow's registry.
        log: The folder of the server's log.
        labels: A table of what came true; None for none.
        state: Where summaries of days are kept.
        settings: How the model is watched; its paths are not used.
        at: The last day that counts, as if it had just ended (UTC): neither later requests nor
            labels that were known later are used. None for now.
    """

    package: str
    log: Path
    labels: Path | None
    state: Path
    settings: MonitorSettings
    at: date | None = None

    @property
    def now(self) -> datetime:
        """The time."""
        if self.at is None:
            return datetime.now(UTC)
        return datetime(self.at.year, self.at.month, self.at.day, tzinfo=UTC) + timedelta(days=1)


def day_of(at: str | date | None) -> date | None:
    """The day that a person names; None for none.

    Raises:
        StagebookError: The text is no day (``bad-day``).
    """
    if at is None or isinstance(at, date):
        return at.date() if isinstance(at, datetime) else at
    from stagebook.monitoring.periods import calendar_day

    day = calendar_day(at)
    if day is None:
        message = f"`{at}` is not a day."
        raise StagebookError(Problem("bad-day", message, "Name a day such as 2026-11-29."))
    return day


def read(watch: Watch) -> "MonitorStatus":
    """The status.

    Raises:
        StagebookError: The package, the log or the labels cannot be read, or the package has no
            label to compare with (``no-label``).
    """
    from stagebook.model import package_source
    from stagebook.monitoring.data_signals import NOT_KEPT
    from stagebook.monitoring.day_store import DayStore
    from stagebook.monitoring.drift_verdicts import VerdictStore
    from stagebook.monitoring.error_budget import ErrorBudget
    from stagebook.monitoring.estimates import Estimator
    from stagebook.monitoring.evidence_store import EvidenceStore
    from stagebook.monitoring.monitored_model import MonitoredModel
    from stagebook.monitoring.pointers import pointed
    from stagebook.monitoring.status import judge

    with package_source.opened(watch.package) as folder:
        model = MonitoredModel.read(folder)
    store = DayStore(watch.state, watch.log, model.package)
    days = store.read_all(_until(store.days(), watch.at))
    judged = _judged(model, watch) if watch.labels else None
    settings, digest = watch.settings, model.package.digest
    budget = ErrorBudget(settings.false_alarms)
    verdicts = VerdictStore.read(store.folder, digest, budget.false_alarms, days.versions)
    status = judge(model, days, budget, settings.tolerance, judged, verdicts)
    if not any(problem.code in NOT_KEPT for problem in days.problems):  # said once for the folder
        status = replace(status, problems=(*status.problems, *verdicts.keep()))
    if watch.at and watch.labels and not settings.known:
        note = (
            f"The labels do not say when they were known, so all labels of the days up to "
            f"{watch.at} are used."
        )
        status = replace(status, notes=(*status.notes, note))
    estimator = Estimator.of(model.reference.performance if model.reference else None)
    known = judged.table if judged else None
    return pointed(status, EvidenceStore(watch.state, watch.log, model, estimator, known))


def _until(days: tuple[str, ...] | set[str], at: date | None) -> list[str] | None:
    """The days of a log that count; None for all."""
    return None if at is None else [day for day in sorted(days) if day <= at.isoformat()]


def _judged(model: "MonitoredModel", watch: Watch) -> "JudgedLabels":
    """What the labels say."""
    from stagebook.monitoring.cohorts import Maturity
    from stagebook.monitoring.judged_labels import JudgedLabels
    from stagebook.monitoring.kept_files import package_folder
    from stagebook.monitoring.label_join import Judged
    from stagebook.monitoring.labelled_store import LabelledStore
    from stagebook.monitoring.labels import LabelOptions, Labels

    reference = model.reference.performance if model.reference else None
    if reference is None:
        message = "The package does not say which column is its label, so labels cannot be judged."
        hint = 'Package the model with stagebook.package(..., time="...", label="...").'
        raise StagebookError(Problem("no-label", message, hint, Where(model.name)))
    own = watch.settings
    options = LabelOptions(
        reference.label, own.prediction, own.key, own.instant or None, own.known or None
    )
    folder = package_folder(watch.state / "labels", model.package.digest)
    store = LabelledStore(folder, watch.log, Judged(reference.kind, reference.score, own.by))
    assert watch.labels, "there are labels"
    until = int(watch.now.timestamp()) * _NANOSECONDS if watch.at else None
    labels = Labels.open(watch.labels, options, reference.kind, until=until)
    labelled = store.read(labels, _until(store.days(), watch.at))
    maturity = Maturity(own.maturity, own.share)
    days = labelled.of_package(model.package.digest)
    own_days = JudgedLabels.of(days, labelled.problems, reference, maturity, watch.now)
    return replace(own_days, table=labels)
