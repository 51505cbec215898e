"""A decision about a deployed model, as it is written and shown."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from stagebook.monitoring.decision import decision_table, words
from stagebook.monitoring.decision.costs import Costs
from stagebook.monitoring.decision.evidence import Excess
from stagebook.monitoring.decision.option import Action, Option
from stagebook.monitoring.decision.status_json import SignalJson
from stagebook.project import typed_json
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import write_whole

FORMAT = 1

DIGITS = 6
"""Significant digits of the numbers in a file."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a deployed model, and why.

    Attributes:
        model: The package's name.
        package: Its digest.
        at: The last day of the status; empty without requests.
        state: The state of the status: ``ok``, ``look`` or ``act``.
        action: What to do: ``keep``, ``retrain``, ``roll back`` or ``ask``.
        reason: Why, in a sentence.
        costs: What it was weighed by.
        rows_per_day: The mean number of rows of the last days.
        excess: How much more the model loses than on its test split; None if it is unknown.
        options: All four, each with its cost, its gain and its evidence.
        signals: What the status reports.
    """

    model: str
    package: str
    at: str
    state: str
    action: Action
    reason: str
    costs: Costs
    rows_per_day: float
    excess: Excess | None
    options: tuple[Option, ...]
    signals: tuple[SignalJson, ...]

    @property
    def chosen(self) -> Option:
        """The option of the action."""
        return self.option(self.action)

    def option(self, action: str) -> Option:
        """One of the four options.

        Args:
            action: Its action, such as ``retrain``.
        """
        return next(option for option in self.options if option.action == action)

    @property
    def note(self) -> str:
        """What the costs and gains of the options mean, and of what day they are."""
        return (
            f"{self.model}, {self.package[:12]}, as of {self.at or 'no day'}. Costs are those of "
            f"{words.time(self.costs)} against a model as good as on its test split, gains are "
            "those against keeping the model."
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, with numbers to six significant digits."""
        values = {
            "format": FORMAT,
            "model": self.model,
            "package": self.package,
            "at": self.at,
            "state": self.state,
            "action": self.action.value,
            "reason": self.reason,
            "costs": self.costs.as_json(),
            "rows_per_day": self.rows_per_day,
            "excess": self.excess and asdict(self.excess),
            "options": [option.as_json() for option in self.options],
            "signals": [asdict(signal) for signal in self.signals],
        }
        rounded: dict[str, Any] = _rounded(values)
        return rounded

    def write(self, path: Path | str) -> None:
        """Writes the decision as JSON; the same decision always has the same bytes.

        Args:
            path: The file; folders above it are created.
        """
        text = json.dumps(self.as_json(), ensure_ascii=False, allow_nan=False, indent=2)
        write_whole(Path(path), f"{text}\n")

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """The decision in a file.

        Args:
            path: The file.

        Raises:
            StagebookError: There is none (``no-decision``), or it is damaged or has another format
                (``bad-decision``).
        """
        where = Where(str(path))
        try:
            return cls.from_json(typed_json.load(Path(path).read_bytes()))
        except OSError as error:
            message = f"There is no decision that can be read: {error.strerror}."
            hint = "A decision is written by stagebook.decide(...).write(path)."
            raise StagebookError(Problem("no-decision", message, hint, where)) from None
        except (ValueError, StagebookError) as error:
            reason = str(error).rstrip(".")
            message = f"The file is no decision of this version: {reason}."
            hint = "Write it again: stagebook.decide(...).write(path)"
            raise StagebookError(Problem("bad-decision", message, hint, where)) from None

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """The decision in plain values; ValueError or StagebookError for others."""
        if not isinstance(values, Mapping) or values.get("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        decision = typed_json.convert(values, cls)
        actions = sorted(option.action for option in decision.options)
        if actions != sorted(Action):
            raise ValueError("it does not have the four options")
        if not decision.option(decision.action).possible:
            raise ValueError(f"its action, {decision.action.value}, is not possible")
        return decision

    def _repr_html_(self) -> str:
        return decision_table.html(
            self.action, self.reason, self.options, self.costs.unit, self.note
        )


def _rounded(value: Any) -> Any:
    """Values with numbers to so many digits that rounding in another order cannot be seen."""
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}") + 0.0
    if isinstance(value, Mapping):
        return {key: _rounded(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
