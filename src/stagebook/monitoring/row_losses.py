"""The loss of each row of a day: expected from its score, or known from its label."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from stagebook.data.profiles.score_histogram import BINS, CENTRES
from stagebook.monitoring.column_bins import ColumnBins
from stagebook.monitoring.day_evidence import DayEvidence, predictions_of
from stagebook.monitoring.estimates import Estimator
from stagebook.monitoring.label_join import Joiner, scores_of
from stagebook.monitoring.label_values import Flags, Floats
from stagebook.monitoring.labelled_rows import LABELLED
from stagebook.monitoring.labels import Labels
from stagebook.monitoring.monitored_model import MonitoredModel
from stagebook.serving.log import reading
from stagebook.serving.log.reading import LoggedRows


def realized(
    log: Path, day: str, model: MonitoredModel, labels: Labels
) -> tuple[DayEvidence, list[tuple[int, str]]]:
    """The rows with labels: of a classifier by the squared error of the score.

    Args:
        log: The folder of the log.
        day: Such as ``2026-11-29``.
        model: The package; with a label.
        labels: What came true.

    Returns:
        The rows, and the digest of each bucket of labels that was asked.

    Raises:
        StagebookError: A file of the day cannot be read (``bad-request-log``).
    """
    joiner, evidence, bins = Joiner(labels), DayEvidence(), bins_of(model)
    for part in predicted(log, day, model):
        values, states = joiner.labels_of(part)
        losses = _losses(model, _scores(part, model), values)
        evidence = _with(evidence, part, bins, losses, (states == LABELLED) & ~np.isnan(losses))
    return evidence, [(bucket, use.digest) for bucket, use in sorted(joiner.uses.items())]


def expected(log: Path, day: str, model: MonitoredModel, estimator: Estimator) -> DayEvidence:
    """All rows with a score, by the Brier score to expect of them.

    Args:
        log: The folder of the log.
        day: Such as ``2026-11-29``.
        model: The package; a classifier.
        estimator: Gives the probability of each score.

    Raises:
        StagebookError: A file of the day cannot be read (``bad-request-log``).
    """
    evidence, bins = DayEvidence(), bins_of(model)
    probabilities = estimator.calibration.probabilities
    by_bin = probabilities * (1 - CENTRES) ** 2 + (1 - probabilities) * CENTRES**2
    for part in predicted(log, day, model):
        scores = _scores(part, model)
        own = (scores >= 0) & (scores <= 1)
        places = np.minimum((np.where(own, scores, 0.0) * BINS).astype(np.int64), BINS - 1)
        evidence = _with(evidence, part, bins, by_bin[places], own)
    return evidence


def bins_of(model: MonitoredModel) -> tuple[ColumnBins, ...]:
    """The bins of the features, and of the score."""
    performance = model.reference.performance if model.reference else None
    columns = [*model.package.inputs.columns]
    names = {column.name for column in columns}
    score = model.package.predictions.column(performance.score) if performance else None
    if score is not None and score.name not in names:
        columns.append(score)
    return tuple(bins for column in columns if (bins := ColumnBins.of(column)) is not None)


def predicted(log: Path, day: str, model: MonitoredModel) -> Iterator[LoggedRows]:
    """The rows of a day that the package answered."""
    digest = model.package.digest
    for part in reading.read_day(log, day, package=digest, role="champion"):
        if part.predictions is not None and part.features is not None:
            yield part


def _scores(part: LoggedRows, model: MonitoredModel) -> Floats:
    performance = model.reference.performance if model.reference else None
    assert part.predictions is not None
    assert performance is not None
    return scores_of(part.predictions, performance.score)


def _losses(model: MonitoredModel, scores: Floats, labels: Floats) -> Floats:
    """The loss of each row, from 0 to 1; NaN without a score or a label."""
    performance = model.reference.performance if model.reference else None
    if performance is None or performance.kind == "binary":
        return np.minimum((scores - labels) ** 2, 1.0)
    return np.minimum(np.abs(scores - labels) / (performance.scale or np.inf), 1.0)


def _with(
    evidence: DayEvidence,
    part: LoggedRows,
    bins: Sequence[ColumnBins],
    losses: Floats,
    own: Flags,
) -> DayEvidence:
    frames = [frame for frame in (part.features, part.predictions) if frame is not None]
    return evidence.with_rows(bins, frames, losses, predictions_of(part.facts), own)
