"""The result of a stage that ran again."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from stagebook.execution.verification.causes import DifferenceCause
from stagebook.execution.verification.outputs import OutputComparison, Reproduction
from stagebook.notebook.cell_outputs import CellOutputDifference
from stagebook.project.errors import Problem


@dataclass(frozen=True, slots=True)
class StageVerification:
    """A stage that ran again.

    Attributes:
        stage: The stage.
        verdict: How the run is like the locked one.
        outputs: The outputs that differ.
        cells: The cells whose outputs differ.
        causes: Why outputs differ.
        problems: Why it cannot run.
    """

    stage: str
    verdict: Reproduction
    outputs: tuple[OutputComparison, ...] = ()
    cells: tuple[CellOutputDifference, ...] = ()
    causes: tuple[DifferenceCause, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the locked result was reached again, to the byte or within the tolerance."""
        return self.verdict in (Reproduction.IDENTICAL, Reproduction.WITHIN_TOLERANCE)

    def as_json(self) -> dict[str, Any]:
        """The verification as plain values."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def verdict_of(
    found: Iterable[OutputComparison], cells: Iterable[CellOutputDifference] = ()
) -> Reproduction:
    """The verdict on a stage.

    Args:
        found: The outputs that differ.
        cells: The cells that show other outputs.
    """
    verdicts = [item.verdict for item in found]
    if Reproduction.DIFFERENT in verdicts or any(cell.checked for cell in cells):
        return Reproduction.DIFFERENT
    return Reproduction.WITHIN_TOLERANCE if verdicts else Reproduction.IDENTICAL


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
