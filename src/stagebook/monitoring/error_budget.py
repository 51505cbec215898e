"""How often a model that holds may be reported, shared out over all that is watched."""

import enum
from dataclasses import dataclass


class Cadence(enum.StrEnum):
    """How often the drift of a model's rows is judged."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def comparisons(self) -> int:
        """Comparisons in a year."""
        return {Cadence.DAY: 365, Cadence.WEEK: 52, Cadence.MONTH: 12}[self]


PARTS = 3
"""Drift, estimates and labels have a third of the budget each."""


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """The false alarms of a model that may be expected in a year.

    Drift, estimated performance and the performance of labelled rows have a third each. The
    expected number of false alarms is the sum over all comparisons, whether or not they depend on
    each other. Source: Tukey, The problem of multiple comparisons, 1953, for the error rate per
    family; Dunn, Multiple comparisons among means, Journal of the American Statistical Association
    56, 1961.

    The third of drift is divided by the number of cadences that are watched, then by the
    comparisons of each in a year. A monitor of estimates or of labels looks every day, but has one
    alpha for all days together: it is started again once a year.

    Attributes:
        false_alarms_per_year: Above 0 and below 3, since a monitor raises at most one alarm.
        cadences: How often drift is judged; none twice.

    Example:
        >>> from stagebook.monitoring.error_budget import ErrorBudget
        >>> budget = ErrorBudget(false_alarms_per_year=0.3, cadences=("day", "month"))
        >>> round(budget.alpha_of_drift("month"), 5), round(budget.alpha_of_labels, 3)
        (0.00417, 0.1)
    """

    false_alarms_per_year: float = 1.0
    cadences: tuple[str, ...] = (Cadence.DAY, Cadence.WEEK, Cadence.MONTH)

    def __post_init__(self) -> None:
        if not 0 < self.false_alarms_per_year < PARTS:
            raise ValueError(f"false alarms per year are above 0 and below {PARTS}")
        known = [Cadence(cadence) for cadence in self.cadences]
        if len(set(known)) != len(known):
            raise ValueError("a cadence is there twice")

    def alpha_of_drift(self, cadence: str) -> float:
        """How often one comparison of a cadence may report drift that is none.

        A comparison is that of all columns together.

        Raises:
            ValueError: The cadence is not watched.
        """
        if cadence not in self.cadences:
            raise ValueError(f"no drift is watched by the {cadence}")
        comparisons = len(self.cadences) * Cadence(cadence).comparisons
        return self._third / comparisons

    @property
    def alpha_of_estimates(self) -> float:
        """The alpha of a year's monitor of estimated performance."""
        return self._third

    @property
    def alpha_of_labels(self) -> float:
        """The alpha of a year's monitor of labelled rows."""
        return self._third

    @property
    def _third(self) -> float:
        return self.false_alarms_per_year / PARTS
