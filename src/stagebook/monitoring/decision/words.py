"""Amounts, gains and evidence in words."""

from stagebook.monitoring.decision.costs import Costs
from stagebook.monitoring.decision.evidence import Evidence, Excess
from stagebook.monitoring.decision.gain import Gain
from stagebook.monitoring.loss_signals import LABELS
from stagebook.project.text import counted, plain

UNKNOWN = "–"
DIGITS = 3
"""Significant digits of an amount in words."""


def amount(value: float | None, unit: str = "", *, sign: bool = False) -> str:
    """An amount of costs to three digits, whole from 100 on; ``–`` if it is unknown.

    Example:
        >>> from stagebook.monitoring.decision.words import amount
        >>> amount(12345.6), amount(-0.51239, "€", sign=True), amount(None)
        ('12,346', '-0.512 €', '–')
    """
    if value is None:
        return UNKNOWN
    value = value + 0.0 if value else 0.0  # no minus zero
    plus = "+" if sign and value else ""
    shown = f"{value:{plus},.0f}" if abs(value) >= 100 else f"{value:{plus}.{DIGITS}g}"
    return f"{shown} {plain(unit)}" if unit else shown


def interval(gain: Gain | None) -> str:
    """The interval of a gain; empty if it is unknown or has one value."""
    if gain is None or gain.low == gain.high:
        return ""
    return f"{amount(gain.low, sign=True)} to {amount(gain.high, sign=True)}"


def time(costs: Costs) -> str:
    """The horizon."""
    days = costs.days
    return counted(int(days), "day") if days == int(days) else f"{days:g} days"


def stake(evidence: Evidence, costs: Costs) -> str:
    """How many rows are predicted in the horizon."""
    rows = evidence.rows_per_day
    return f"{rows:,.4g} rows a day, {rows * costs.days:,.0f} in {time(costs)}."


def excess(own: Excess | None, kind: str) -> str:
    """How much more the model loses than on its test split."""
    if own is None:
        return "How good the predictions are is not known."
    name = "Brier score" if kind == "binary" else "mean absolute error"
    what = "of rows with labels" if own.source == LABELS else "expected from the scores"
    text = (
        f"The {name} {what} is {own.now:.4g} on {counted(own.days, 'day')} from {own.first} to "
        f"{own.last}, and {own.reference:.4g} on the test split: {own.more.expected:+.4g} "
        f"({own.more.low:+.4g} to {own.more.high:+.4g})."
    )
    if own.explained:
        text += f" Of it, {own.explained:.4g} was to be expected: the requests are harder."
    return text
