"""Sums of floating-point numbers that are the same in every order, and merge without a loss."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ExactSum:
    """The exact sum of some numbers.

    It is kept as few numbers whose exact sum it is: the sum, rounded; what that leaves, rounded;
    and so on. Source: Shewchuk, Adaptive precision floating-point arithmetic and fast robust
    geometric predicates, Discrete & Computational Geometry 18, 1997.

    Attributes:
        parts: These numbers, the largest first; none for zero.

    Example:
        >>> from stagebook.monitoring.exact_sum import ExactSum
        >>> first, second = ExactSum.of([1e20, 0.1]), ExactSum.of([-1e20, 0.2])
        >>> (first + second).value == 0.1 + 0.2
        True
    """

    parts: tuple[float, ...] = ()

    @classmethod
    def of(cls, numbers: Iterable[float]) -> Self:
        """The sum of finite numbers."""
        rest: Sequence[float] = list(numbers)
        parts: list[float] = []
        while part := math.fsum([*rest, *(-known for known in parts)]):
            parts.append(part)
        return cls(tuple(parts))

    def __add__(self, other: "ExactSum") -> "ExactSum":
        return ExactSum.of((*self.parts, *other.parts))

    @property
    def value(self) -> float:
        """The sum, rounded once."""
        return self.parts[0] if self.parts else 0.0

    @property
    def exact(self) -> Fraction:
        """The sum."""
        return sum(map(Fraction, self.parts), Fraction())

    def as_json(self) -> list[float]:
        """Plain values."""
        return list(self.parts)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """The sum in plain values; a TypeError or ValueError if they are not."""
        numbers = [float(value) for value in values]
        if not all(map(math.isfinite, numbers)):
            raise ValueError("a number is not finite")
        return cls.of(numbers)
