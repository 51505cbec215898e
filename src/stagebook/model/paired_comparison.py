"""Two models on the same rows: metrics, calibration, disagreement, slices and the verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stagebook.model import paired_metrics, paired_verdict
from stagebook.model.calibration import Calibration, calibration
from stagebook.model.paired_metrics import PROBABILITY, PairedMetric, PairedScores
from stagebook.model.paired_verdict import Rule, Verdict
from stagebook.project.text import counted

FEWEST, FEWEST_OF_A_CLASS = 30, 10
"""Rows, clusters, and rows of each class, below which an interval is not to be trusted."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How far two models predict different things.

    Attributes:
        mean: Mean absolute difference of the predictions.
        largest: The largest one.
        champion_only: Rows that only the champion decides with yes; None for numbers.
        challenger_only: Rows that only the challenger decides with yes; None for numbers.
        share: The share of rows with different decisions; None for numbers.
    """

    mean: float
    largest: float
    champion_only: int | None = None
    challenger_only: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class SliceComparison:
    """Two models on the rows with one value in a column.

    Attributes:
        column: The column.
        value: The value, as text.
        rows: How many rows have it.
        metrics: Every metric; the intervals of all slices hold together.
        few: Why the slice is not judged; empty if it is.
        worse: Whether it became worse by more than the rule allows.
    """

    column: str
    value: str
    rows: int
    metrics: tuple[PairedMetric, ...]
    few: str
    worse: bool


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """A challenger against a champion, on the same rows.

    Attributes:
        task: ``probability`` or ``number``.
        rule: What the challenger must show.
        rows: How many rows were compared.
        clusters: How many groups of dependent rows they have; None if rows are independent.
        metrics: Every metric.
        champion: The champion's calibration.
        challenger: The challenger's.
        disagreement: How far they predict different things.
        slices: The same for parts of the rows.
        verdict: What the metric of the rule says.
        reasons: Why the challenger may not replace the champion; empty if it may.
    """

    task: str
    rule: Rule
    rows: int
    clusters: int | None
    metrics: tuple[PairedMetric, ...]
    champion: Calibration
    challenger: Calibration
    disagreement: Disagreement
    slices: tuple[SliceComparison, ...]
    verdict: Verdict
    reasons: tuple[str, ...]

    @property
    def may_replace(self) -> bool:
        """Whether the challenger may replace the champion."""
        return not self.reasons

    @property
    def deciding(self) -> PairedMetric:
        """The metric of the rule."""
        return _named(self.metrics, self.rule.metric)


def compare(
    task: str,
    scores: PairedScores,
    slices: Mapping[str, npt.NDArray[np.object_]],
    rule: Rule,
) -> PairedComparison:
    """Compares two models.

    Args:
        task: ``probability`` or ``number``.
        scores: n rows, at least one.
        slices: By column, the slice of each row as text; arrays of shape (n,).
        rule: What the challenger must show, by a metric of the task.
    """
    metrics = paired_metrics.metrics(task, scores, rule.confidence, rule.threshold)
    parts = tuple(_slices(task, scores, slices, rule))
    deciding = _named(metrics, rule.metric)
    few = _few(scores, rule.metric)
    verdict = Verdict.UNDECIDED if few else paired_verdict.judge(deciding, rule.margin)
    clusters = None if scores.clusters is None else len(np.unique(scores.clusters))
    return PairedComparison(
        task,
        rule,
        len(scores.truth),
        clusters,
        metrics,
        calibration(task, scores.truth, scores.champion),
        calibration(task, scores.truth, scores.challenger),
        _disagreement(task, scores, rule.threshold),
        parts,
        verdict,
        tuple(_reasons(verdict, few or deciding.reason, parts, rule)),
    )


def _named(metrics: tuple[PairedMetric, ...], name: str) -> PairedMetric:
    return next(metric for metric in metrics if metric.name == name)


def _few(scores: PairedScores, metric: str) -> str:
    """Why the rows are too few for an interval of a metric; empty if they are enough."""
    if np.array_equal(scores.champion, scores.challenger):
        return ""  # there is no difference that could be due to chance
    if len(scores.truth) < FEWEST:
        return f"{counted(len(scores.truth), 'row')}, fewer than {FEWEST}"
    if scores.clusters is not None and (count := len(np.unique(scores.clusters))) < FEWEST:
        return f"{counted(count, 'cluster')}, fewer than {FEWEST}"
    events = int((scores.truth > 0).sum())
    least = min(events, len(scores.truth) - events)
    if metric == "auc" and 0 < least < FEWEST_OF_A_CLASS:
        return f"{counted(least, 'row')} of a class, fewer than {FEWEST_OF_A_CLASS}"
    return ""


def _slices(
    task: str,
    scores: PairedScores,
    slices: Mapping[str, npt.NDArray[np.object_]],
    rule: Rule,
) -> Iterator[SliceComparison]:
    named = [(column, value) for column in slices for value in sorted(set(slices[column]))]
    # so that one slice of many is not called worse by chance (Bonferroni)
    confidence = 1 - (1 - rule.confidence) / max(1, len(named))
    for column, value in named:
        part = scores.at(slices[column] == value)
        metrics = paired_metrics.metrics(task, part, confidence, rule.threshold)
        deciding = _named(metrics, rule.metric)
        few = _few(part, rule.metric) or deciding.reason
        margin = rule.slice_margin
        worse = margin is not None and not few and paired_verdict.is_worse(deciding, margin)
        yield SliceComparison(column, value, len(part.truth), metrics, few, worse)


def _disagreement(task: str, scores: PairedScores, threshold: float) -> Disagreement:
    apart = np.abs(scores.challenger - scores.champion)
    disagreement = Disagreement(float(apart.mean()), float(apart.max()))
    if task != PROBABILITY:
        return disagreement
    challenger, champion = (
        int(rows.sum()) for rows in paired_metrics.disagreements(scores, threshold)
    )
    return replace(
        disagreement,
        champion_only=champion,
        challenger_only=challenger,
        share=(champion + challenger) / len(apart),
    )


def _reasons(
    verdict: Verdict, unknown: str, slices: tuple[SliceComparison, ...], rule: Rule
) -> Iterator[str]:
    if not verdict.may_replace:
        words = f": {unknown}" if unknown else ""
        yield f"By {rule.metric}, the challenger is {_WORDS[verdict]}{words}."
    for part in slices:
        if part.worse:
            gain = _named(part.metrics, rule.metric).gain
            assert gain, "a slice without an interval is not worse"
            yield (
                f"The slice {part.column} = {part.value} is worse by {-gain[0]:.3g}, "
                f"more than {rule.slice_margin:g}."
            )


_WORDS = {
    Verdict.WORSE: "worse",
    Verdict.UNDECIDED: "not shown to be good enough",
}
