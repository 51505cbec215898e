"""Whether metrics keep to their gates, and in words which bounds they break."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from stagebook.history.metric_files import MetricFile, MetricFiles
from stagebook.history.staleness import Causes, Staleness
from stagebook.pipeline.nodes import Node
from stagebook.project.errors import Problem, Where, did_you_mean
from stagebook.project.settings import FILE, Gate
from stagebook.record import metrics

Values = Mapping[str, Any]

NOTHING = object()
"""The value of a missing metric; ``null`` in its file is not missing."""

UNREADABLE = object()
"""The value of a metric in a file that cannot be read."""

_CURRENT = Staleness()


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """The result of checking a metric against its gate.

    Attributes:
        gate: The gate.
        value: The metric as it is in the tree; None if it is missing.
        base: The metric in the commit that it is compared with; None if it is missing.
        failures: The bounds that it breaks, in words.
        notes: What could not be checked, in words.
        problem: Why it cannot be judged: its file cannot be read, or no stage writes it.
        stale: The changes since the value was built; empty if it is current.
    """

    gate: Gate
    value: Any = None
    base: Any = None
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: Problem | None = None
    stale: Causes = ()

    @property
    def is_good(self) -> bool:
        """Whether the metric keeps to its gate, and is current."""
        return self.holds and self.judged and not self.stale

    @property
    def holds(self) -> bool:
        """Whether the metric keeps to all that could be checked."""
        return not self.failures and self.problem is None

    @property
    def judged(self) -> bool:
        """Whether it fails, or at least one bound could be checked."""
        bounded = self.gate.floor is not None or self.gate.ceiling is not None
        return not self.holds or bounded or not self.notes

    def as_json(self) -> dict[str, Any]:
        """This verdict as plain values; a number that JSON cannot represent is a text."""
        gate = self.gate
        return {
            "file": gate.file,
            "metric": gate.name,
            "value": _plain(self.value),
            "base": _plain(self.base),
            "bounds": {name: getattr(gate, name) for name in ("floor", "ceiling", "drop", "rise")},
            "holds": self.holds,
            "judged": self.judged,
            "failures": list(self.failures),
            "notes": list(self.notes),
            "stale": [cause.as_json() for cause in self.stale],
        }


def judge(gate: Gate, value: Any, base: Any = NOTHING, against: str = "") -> GateVerdict:
    """Checks a metric against its gate.

    Args:
        gate: The gate.
        value: The metric; NOTHING if it is missing.
        base: The metric in the commit that it is compared with; NOTHING if it is missing,
            UNREADABLE if its file cannot be read.
        against: The name of that commit; empty for none.
    """
    now, then = (None if item is NOTHING or item is UNREADABLE else item for item in (value, base))
    number, before = _number(value), _number(base)
    if number is None:
        return GateVerdict(gate, now, then, (_fault(value),))
    failures = list(_outside(gate, number))
    if gate.compares and before is not None:
        failures += _moved(gate, number - before, against)
    skipped = (_uncompared(base, against),) if gate.compares and before is None else ()
    return GateVerdict(gate, now, then, tuple(failures), skipped)


def _outside(gate: Gate, number: Fraction) -> Iterator[str]:
    if gate.floor is not None and number < _exact(gate.floor):
        yield f"below its floor of {gate.floor}"
    if gate.ceiling is not None and number > _exact(gate.ceiling):
        yield f"above its ceiling of {gate.ceiling}"


def _moved(gate: Gate, moved: Fraction, against: str) -> Iterator[str]:
    if gate.drop is not None and -moved > _exact(gate.drop):
        yield f"more than {gate.drop} below {against}"
    if gate.rise is not None and moved > _exact(gate.rise):
        yield f"more than {gate.rise} above {against}"


def _fault(value: Any) -> str:
    if value is NOTHING:
        return "missing"
    return "not finite" if isinstance(value, float) else "not a number"


def _uncompared(base: Any, against: str) -> str:
    if not against:
        return "not compared: there is no commit to compare with"
    if base is NOTHING:
        return f"not compared: {against} has no such metric"
    if base is UNREADABLE:
        return f"not compared: the file in {against} cannot be read"
    return f"not compared: the value in {against} is {_fault(base)}"


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _exact(value) if isinstance(value, int) or math.isfinite(value) else None


def _exact(value: float) -> Fraction:
    """A number exactly as it is written: 0.7 - 0.69 is 0.01, without rounding errors."""
    return Fraction(value) if isinstance(value, int) else Fraction(repr(float(value)))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def verdicts(
    gates: Iterable[Gate],
    nodes: Iterable[Node],
    files: MetricFiles,
    stale: Staleness = _CURRENT,
) -> tuple[GateVerdict, ...]:
    """The verdicts of a project's gates.

    Args:
        gates: The gates.
        nodes: The stages of ``dvc.yaml``.
        files: The metrics files that the gates name.
        stale: Which stages are stale.
    """
    written = {path: node.name for node in nodes for path in node.outs}
    gate_verdicts = (
        _verdict(gate, *files.both(gate.file), files.against, set(written)) for gate in gates
    )
    return tuple(
        replace(verdict, stale=stale.of(written.get(verdict.gate.file, "")))
        for verdict in gate_verdicts
    )


def _verdict(
    gate: Gate, current: MetricFile, before: MetricFile, against: str, written: set[str]
) -> GateVerdict:
    if current.problem is not None:
        return GateVerdict(gate, problem=current.problem)
    value, base = (file.values.get(gate.name, NOTHING) for file in (current, before))
    if value is base is NOTHING and (problem := _unknown(gate, current.values, written)):
        return GateVerdict(gate, problem=problem)
    if before.problem is not None:
        base = UNREADABLE
    return judge(gate, value, base, against)


def _unknown(gate: Gate, values: Values, written: set[str]) -> Problem | None:
    """The problem with a gate whose metric is neither in the tree nor in another commit."""
    if gate.file not in written:
        message = f"No stage writes the file of the gate `{gate.metric}`."
        files = sorted(path for path in written if path.endswith(metrics.SUFFIXES))
        hint = did_you_mean(gate.file, files, f"Stages write: {', '.join(files) or 'none'}.")
    elif values:
        message = f"{gate.file} does not have the metric of the gate `{gate.metric}`."
        hint = did_you_mean(gate.name, values, f"It has: {', '.join(values)}.")
    else:
        return None
    return Problem("no-metric", message, hint, Where(FILE))
