"""Whether a challenger may replace a champion, by a rule that was set before."""

from dataclasses import dataclass
from enum import Enum

from stagebook.model.paired_metrics import NUMBER, PairedMetric
from stagebook.project.settings import CompareSettings

_DEFAULTS = {NUMBER: "mae"}


class Verdict(Enum):
    """What the interval of the difference says, with the margin."""

    BETTER = "better"
    EQUIVALENT = "equivalent"
    NOT_WORSE = "not worse"
    UNDECIDED = "undecided"
    WORSE = "worse"

    @property
    def may_replace(self) -> bool:
        """Whether the challenger is worse by no more than the margin."""
        return self in (Verdict.BETTER, Verdict.EQUIVALENT, Verdict.NOT_WORSE)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a challenger must show.

    Attributes:
        metric: The metric that decides.
        margin: How much worse the challenger may be, in units of the metric.
        confidence: The confidence of the intervals.
        threshold: The probability from which on a decision is yes.
        slice_margin: How much worse a slice may become; None for any amount.
    """

    metric: str
    margin: float
    confidence: float
    threshold: float
    slice_margin: float | None

    @classmethod
    def of(cls, settings: CompareSettings, task: str) -> "Rule":
        """The rule of the settings for a task."""
        return cls(
            settings.metric or _DEFAULTS.get(task, "auc"),
            settings.margin,
            settings.confidence,
            settings.threshold,
            settings.slice_margin,
        )


def judge(metric: PairedMetric, margin: float) -> Verdict:
    """The verdict on a difference.

    Args:
        metric: The metric that decides.
        margin: How much worse the challenger may be.
    """
    if metric.gain is None:
        return Verdict.UNDECIDED
    _, low, high = metric.gain
    if low > 0:
        return Verdict.BETTER
    if low >= -margin:
        return Verdict.EQUIVALENT if high <= margin else Verdict.NOT_WORSE
    return Verdict.WORSE if high < 0 else Verdict.UNDECIDED


def is_worse(metric: PairedMetric, margin: float) -> bool:
    """Whether a slice became worse by more than a margin, and not only by chance.

    Args:
        metric: The metric on the rows of the slice.
        margin: How much worse it may be.
    """
    if metric.gain is None:
        return False
    gain, _, high = metric.gain
    return gain < -margin and high < 0
