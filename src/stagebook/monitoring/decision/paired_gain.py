"""How much better another package is on the same rows, from ``stagebook model compare --json``."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.monitoring.decision import status_json
from stagebook.monitoring.decision.gain import Gain
from stagebook.project import typed_json
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.text import counted

METRICS = {"probability": "brier", "number": "mae"}
"""The metric that a decision counts, by the task of a model."""


@dataclass(frozen=True, slots=True)
class _Side:
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class _Log:
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class _Data:
    rows: int
    log: _Log | None = None


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    difference: float | None
    low: float | None
    high: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Comparison:
    verdict: str
    may_replace: bool
    reasons: tuple[str, ...]
    champion: _Side
    challenger: _Side
    data: _Data
    task: str
    metrics: tuple[_Metric, ...]


@dataclass(frozen=True, slots=True)
class PairedGain:
    """How much better another package is than the deployed one.

    Attributes:
        digest: The other package.
        rows: Rows that both predicted.
        span: The days of these rows; empty if they are of a file.
        gain: Wrong predictions that the other package saves for each row; None without an
            interval.
        refused: Why the rule of the comparison lets it not replace the deployed one; empty if it
            may.
    """

    digest: str
    rows: int
    span: str
    gain: Gain | None
    refused: str

    @property
    def sentence(self) -> str:
        """What the comparison says."""
        where = f"{counted(self.rows, 'row')} of {self.span or 'a file'}"
        if self.gain is None:
            return f"On {where}, the comparison with {self.digest[:12]} has no interval."
        return (
            f"On the same {where}, {self.digest[:12]} saves {self.gain.expected:+.4g} a row "
            f"({self.gain.low:+.4g} to {self.gain.high:+.4g})."
        )


def read(
    comparison: Mapping[str, Any] | Path | str | None, package: str, name: str
) -> PairedGain | None:
    """The gain in a comparison.

    Args:
        comparison: The JSON of the comparison, or the file with it; None for none.
        package: The digest of the deployed package, which is the champion of the comparison.
        name: What the comparison is for: ``challenger`` or ``previous``.

    Raises:
        StagebookError: It is none (``bad-model-comparison``), or the champion is another package
            (``comparison-of-others``).
    """
    if comparison is None:
        return None
    where = Where(Path(comparison).name) if isinstance(comparison, str | Path) else None
    try:
        values = typed_json.convert(status_json.plain(comparison), _Comparison)
        metric = next(item for item in values.metrics if item.name == METRICS[values.task])
        gain = _gain(metric)
    except (OSError, ValueError, KeyError, StopIteration) as error:
        message = f"The comparison `{name}` cannot be read: {_reason(error)}."
        hint = "Write it: stagebook model compare CHAMPION CHALLENGER ... --json > comparison.json"
        raise StagebookError(Problem("bad-model-comparison", message, hint, where)) from None
    if values.champion.digest != package:
        message = (
            f"The comparison `{name}` has the champion {values.champion.digest[:12]}, and the "
            f"status is of the package {package[:12]}."
        )
        hint = "Compare with the deployed package as CHAMPION, and give the status of it."
        raise StagebookError(Problem("comparison-of-others", message, hint, where))
    refused = "" if values.may_replace else " ".join(values.reasons) or values.verdict
    log = values.data.log
    span = f"the log, {log.first} to {log.last}" if log else ""
    return PairedGain(values.challenger.digest, values.data.rows, span, gain, refused)


def _gain(metric: _Metric) -> Gain | None:
    """The gain of a row; the difference of a loss is negative if the challenger is better.

    Raises:
        ValueError: The difference is no number in its interval.
    """
    if metric.difference is None or metric.low is None or metric.high is None:
        return None
    if not -math.inf < metric.low <= metric.difference <= metric.high < math.inf:
        raise ValueError(f"the difference of `{metric.name}` is not in its interval")
    return Gain(-metric.difference, -metric.high, -metric.low)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    if isinstance(error, KeyError | StopIteration):
        return "the metric that a decision counts is missing"
    return str(error)
