"""The meaning of a column's numbers."""

import enum

Number = int | float

DAY = 86_400_000_000
"""Microseconds."""


class Scale(enum.Enum):
    """The meaning of a column's numbers or times, which decides which edges are round."""

    WHOLE = "whole numbers"
    REAL = "real numbers"
    INSTANT = "microseconds since 1970"
    DATE = "microseconds since 1970, at midnight"
    SPAN = "microseconds"
