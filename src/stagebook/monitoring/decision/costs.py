"""What a wrong prediction, a retraining and a false alarm cost."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

from stagebook.project.errors import Problem, StagebookError

_UNITS = {"day": 1, "week": 7}
_HORIZON = re.compile(r"(\d+(?:\.\d+)?) *(day|week)s?")
_AMOUNTS = ("wrong", "retraining", "false_alarm")


@dataclass(frozen=True, slots=True)
class Costs:
    """What a decision about a deployed model is weighed by.

    All costs are in one unit, such as euros or minutes. Only their ratios matter: twice the costs
    lead to the same decision.

    Attributes:
        wrong: The cost of a wrong prediction. A probability counts by its squared distance from
            what came true: 0.9 for an event that did not come is 0.81 of a wrong prediction. For
            a model that predicts a number, the cost of an error of 1.
        retraining: The cost of a retraining: to train, to judge, and to put into production.
        false_alarm: The cost of a person who looks for nothing.
        horizon: The time for which the decision is made, such as ``30 days`` or ``4 weeks``, or a
            number of days.
        unit: Their unit, to be shown behind each amount; empty for none.

    Raises:
        StagebookError: A cost is negative or no finite number (``bad-cost``), or the horizon is
            no time above zero (``bad-horizon``).

    Example:
        >>> import stagebook
        >>> costs = stagebook.Costs(wrong=2.0, retraining=500, false_alarm=50, horizon="4 weeks")
        >>> costs.days
        28.0
    """

    wrong: float
    retraining: float
    false_alarm: float
    horizon: str | float = "30 days"
    unit: str = ""

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise StagebookError(*problems)

    def _problems(self) -> Iterator[Problem]:
        for name in _AMOUNTS:
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value < math.inf:
                message = f"The cost `{name}` is {value!r}, which is not a number from 0 on."
                hint = "Give all costs in one unit, such as euros; 0 if something costs nothing."
                yield Problem("bad-cost", message, hint)
        if not 0 < _days(self.horizon) < math.inf:
            message = f"The horizon {self.horizon!r} is not a time above zero."
            yield Problem("bad-horizon", message, 'Give days or weeks, such as "30 days".')

    @property
    def days(self) -> float:
        """The horizon in days."""
        return _days(self.horizon)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        amounts = {name: float(getattr(self, name)) for name in _AMOUNTS}
        return {**amounts, "horizon": self.horizon, "unit": self.unit}


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _days(horizon: Any) -> float:
    """The days of a horizon; 0 if it is none."""
    if _is_number(horizon):
        return float(horizon)
    match = _HORIZON.fullmatch(horizon.strip()) if isinstance(horizon, str) else None
    return float(match[1]) * _UNITS[match[2]] if match else 0.0
