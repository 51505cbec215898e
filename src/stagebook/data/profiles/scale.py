"""What numbers of a column stand for."""

import enum

Number = int | float

DAY = 86_400_000_000
"""Microseconds."""


class Scale(enum.Enum):
    """What the values of a column of numbers or times are; it decides which edges are round."""

    WHOLE = "whole numbers"
    REAL = "real numbers"
    INSTANT = "microseconds since 1970"
    DATE = "microseconds since 1970, at midnight"
    SPAN = "microseconds"
