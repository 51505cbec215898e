"""Metrics and their changes, in words."""

import math
from dataclasses import dataclass
from typing import Any

from stagebook.report.figures import plain

_LONGEST = 40
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Change:
    """How a metric differs from what it was.

    Attributes:
        words: Such as ``▲ +0.012``; empty if there is nothing to compare with.
        up: Whether it grew; None if it did not, or if that means nothing.
    """

    words: str
    up: bool | None = None


def shown(value: Any) -> str:
    """A value for a reader; one that is no number or text says what it is."""
    if value is None:
        return "none"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return plain(str(value), _LONGEST)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if isinstance(value, int) or value == int(value):
        return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.4g}"
    digits = max(_DIGITS, math.floor(math.log10(abs(value))) + 1)
    return f"{value:,.{digits}g}"


def change(value: Any, before: Any) -> Change:
    """What a value is, measured by another.

    Args:
        value: The value now.
        before: The other; None if there is none.
    """
    if before is None:
        return Change("")
    if not (_is_number(value) and _is_number(before)):
        same = value == before or shown(value) == shown(before)
        return Change("as before" if same else f"was {shown(before)}")
    moved = value - before
    if not moved:
        return Change("unchanged")
    return Change(f"{'▲' if moved > 0 else '▼'} {moved:+.3g}".replace("-", "−"), moved > 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
