"""What can be done with a deployed model: its cost, its gain, and whether it is possible."""

import enum
from dataclasses import dataclass
from typing import Any

from stagebook.monitoring.decision.gain import Gain


class Action(enum.StrEnum):
    """What can be done with a deployed model."""

    KEEP = "keep"
    RETRAIN = "retrain"
    """Train it with newer data, and let the new one replace it if a comparison permits it."""
    ROLL_BACK = "roll back"
    """Take the package before."""
    ASK = "ask"
    """Let a person look."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the four things that can be done.

    Attributes:
        action: What it is.
        possible: Whether it can be chosen.
        why_not: Why it cannot; empty if it can.
        cost: The expected cost over the horizon, against a model as good as on its test split;
            None if it is unknown.
        gain: The gain against keeping; None if it is unknown.
        evidence: What this is derived from, in sentences.
    """

    action: Action
    possible: bool
    why_not: str
    cost: float | None
    gain: Gain | None
    evidence: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        own = self.gain
        gain = own and {"expected": own.expected, "low": own.low, "high": own.high}
        return {
            "action": self.action.value,
            "possible": self.possible,
            "why_not": self.why_not,
            "cost": self.cost,
            "gain": gain,
            "evidence": list(self.evidence),
        }
