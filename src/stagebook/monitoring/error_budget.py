"""How often a model that holds may be reported, shared out over all that is watched."""

from dataclasses import dataclass

from stagebook.monitoring.cadence import Cadence

PARTS = 4
"""Drift, refusals with failures, estimates and labels have a quarter of the budget each."""

SIDES = 2
"""Drift is watched in the inputs and in the predictions."""


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """The false alarms of a model that may be expected in a year.

    Drift, refusals, estimated performance and that of labelled rows have a quarter each. The
    expected number of false alarms is the sum over all comparisons, whether or not they depend on
    each other. Source: Tukey, The problem of multiple comparisons, 1953, for the error rate per
    family; Dunn, Multiple comparisons among means, Journal of the American Statistical Association
    56, 1961.

    The quarter of drift is divided by the sides and the cadences that are watched, then by the
    comparisons of each in a year. Each of the others is divided by the number of losses that are
    watched.

    Attributes:
        false_alarms: Expected in a year at most; above 0.

    Example:
        >>> from stagebook.monitoring.cadence import Cadence
        >>> from stagebook.monitoring.error_budget import ErrorBudget
        >>> budget = ErrorBudget(0.6)
        >>> round(budget.alpha_of_drift(Cadence.MONTH), 5), budget.rate_of_loss(2)
        (0.00208, 0.075)
    """

    false_alarms: float = 1.0

    def __post_init__(self) -> None:
        if not self.false_alarms > 0:
            raise ValueError("the expected false alarms of a year are above 0")

    def alpha_of_drift(self, cadence: Cadence) -> float:
        """How often one comparison may report drift that is none, at most 0.5.

        A comparison is that of all columns of one side together.
        """
        comparisons = SIDES * len(Cadence) * cadence.in_a_year
        return min(self.false_alarms / PARTS / comparisons, 0.5)

    def rate_of_loss(self, losses: int) -> float:
        """The false alarms in a year of one loss, of refusals, estimates or labels.

        Args:
            losses: How many losses are watched, at least 1.
        """
        return self.false_alarms / PARTS / losses
