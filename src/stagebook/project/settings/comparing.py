"""The rule by which a model may replace another, from ``[tool.stagebook.compare]``."""

from dataclasses import dataclass
from typing import Any

from stagebook.project.errors import Problem
from stagebook.project.settings import kinds

METRICS = ("auc", "brier", "log_loss", "accuracy", "mae", "rmse")
"""Metrics that a rule can name; the first four are of probabilities, the others of numbers."""


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """``[tool.stagebook.compare]``: what a challenger must show before it replaces a champion.

    Attributes:
        label: The column with the true values; empty if it is named with ``--label``.
        metric: The metric that decides; empty for ``auc`` of probabilities, ``mae`` of numbers.
        margin: How much worse the challenger may be, in units of the metric.
        confidence: The confidence of all intervals.
        threshold: The probability from which on a decision is yes.
        slices: Columns whose values are slices, unless ``--by`` names others.
        slice_margin: How much worse a slice may become; None for any amount.
        cluster: The column whose equal values mark rows that are not independent; may be empty.
    """

    label: str = ""
    metric: str = ""
    margin: float = 0.0
    confidence: float = 0.95
    threshold: float = 0.5
    slices: tuple[str, ...] = ()
    slice_margin: float | None = None
    cluster: str = ""


def parse(table: Any, problems: list[Problem]) -> CompareSettings:
    """The rule in the table ``[tool.stagebook.compare]``; adds a problem for each error.

    Args:
        table: The parsed table.
        problems: The list to add problems to.
    """
    if not isinstance(table, dict):
        error = TypeError(f"{table!r} is not a table")
        problems.append(kinds.bad_value("[tool.stagebook] compare", error))
        return CompareSettings()
    where = "tool.stagebook.compare"
    readers = {
        "label": kinds.text_or_none,
        "metric": _metric,
        "margin": kinds.size,
        "confidence": _share,
        "threshold": _share,
        "slices": kinds.texts,
        "slice_margin": kinds.size,
        "cluster": kinds.text_or_none,
    }
    known = kinds.known(table, set(readers), where, problems)
    return CompareSettings(**kinds.read(known, readers, where, problems))


def _metric(value: Any) -> str:
    if kinds.text_or_none(value) not in ("", *METRICS):
        raise ValueError(f"{value!r} is not one of {', '.join(METRICS)}")
    return str(value)


def _share(value: Any) -> float:
    if not 0 < kinds.number(value) < 1:
        raise ValueError(f"{value!r} is not between 0 and 1")
    return float(value)
