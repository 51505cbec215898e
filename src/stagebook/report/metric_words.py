"""Metrics and their changes, in words."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from stagebook.history.gates import GateVerdict
from stagebook.project.settings import Gate
from stagebook.project.text import plain

_LONGEST = 40
_DIGITS = 4
_LARGE = 10**15


@dataclass(frozen=True, slots=True)
class MetricChange:
    """How a metric differs from what it was.

    Attributes:
        words: Such as ``▲ +0.012`` or ``NaN before``; empty without a value to compare with.
        up: Whether it grew; None if it did not, or if that means nothing.
        other: What it was, if no difference can be computed; else empty.
    """

    words: str
    up: bool | None = None
    other: str = ""


def shown(value: Any) -> str:
    """A value for a reader; NaN and infinities as words or signs."""
    if value is None:
        return "none"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return plain(str(value), _LONGEST)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if abs(value) >= _LARGE:
        return f"{Decimal(value):.3e}"
    if value == int(value):
        return f"{value:,.0f}"
    digits = max(_DIGITS, math.floor(math.log10(abs(value))) + 1)
    return f"{value:,.{digits}g}"


def change(value: Any, before: Any) -> MetricChange:
    """The change of a value from another.

    Args:
        value: The value now.
        before: The other; None without one.
    """
    if before is None:
        return MetricChange("")
    if not (_is_number(value) and _is_number(before)):
        same = shown(value) == shown(before)
        return MetricChange("unchanged") if same else _other(before)
    try:
        moved = value - before
    except OverflowError:  # a whole number that no double can hold
        return _other(before, up=value > before)
    if not moved:
        return MetricChange("unchanged")
    return MetricChange(
        f"{'▲' if moved > 0 else '▼'} {_signed(moved)}".replace("-", "−"), moved > 0
    )


def bounds(gate: Gate, against: str) -> str:
    """What a metric has to keep to: ``at least 0.68, at most 0.01 below main``."""
    base = plain(against, _LONGEST) if against else "the base"
    limits = (
        (gate.floor, f"at least {gate.floor}"),
        (gate.ceiling, f"at most {gate.ceiling}"),
        (gate.drop, f"at most {gate.drop} below {base}"),
        (gate.rise, f"at most {gate.rise} above {base}"),
    )
    return ", ".join(words for bound, words in limits if bound is not None)


def verdict(gate_verdict: GateVerdict) -> str:
    """The result of a gate, in words."""
    if gate_verdict.problem is not None:
        return gate_verdict.problem.message
    return "; ".join(gate_verdict.failures) or (
        "passes" if gate_verdict.judged else "cannot be judged"
    )


def _other(before: Any, *, up: bool | None = None) -> MetricChange:
    text = shown(before)
    return MetricChange(f"{text} before", up, text)


def _signed(moved: float) -> str:
    return f"{moved:+.3g}" if abs(moved) < _LARGE else f"{Decimal(moved):+.2e}"


def _is_number(value: Any) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return isinstance(value, int) or math.isfinite(value)
