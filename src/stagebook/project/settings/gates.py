"""The bounds of metrics, from ``[tool.stagebook.gates]``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from stagebook.project.errors import Problem
from stagebook.project.settings import kinds


@dataclass(frozen=True, slots=True)
class Gate:
    """The bounds of one metric, at least one.

    Attributes:
        file: The metrics file.
        name: The metric's dotted name in it.
        floor: Smallest allowed value.
        ceiling: Largest allowed value.
        drop: Largest allowed decrease from the commit that it is compared with.
        rise: Largest allowed increase from that commit.
    """

    file: str
    name: str
    floor: float | None = None
    ceiling: float | None = None
    drop: float | None = None
    rise: float | None = None

    @property
    def metric(self) -> str:
        """Its name in the settings: ``file:dotted.name``."""
        return f"{self.file}:{self.name}"

    @property
    def higher_is_better(self) -> bool | None:
        """The direction of a metric, from its bounds; None if they do not show it."""
        low = self.floor is not None or self.drop is not None
        high = self.ceiling is not None or self.rise is not None
        return None if low == high else low

    @property
    def compares(self) -> bool:
        """Whether it needs another commit's value."""
        return self.drop is not None or self.rise is not None


def parse(table: Any, problems: list[Problem]) -> tuple[Gate, ...]:
    """The gates in the table ``[tool.stagebook.gates]``; adds a problem for each error.

    Args:
        table: The parsed table, which has a table of bounds for each metric.
        problems: The list to add problems to.
    """
    if not isinstance(table, dict):
        error = TypeError(f"{table!r} is not a TOML table with one table for each metric")
        problems.append(kinds.bad_value("[tool.stagebook] gates", error))
        return ()
    return tuple(_gates(table, problems))


def _gates(table: Mapping[str, Any], problems: list[Problem]) -> Iterator[Gate]:
    readers = {
        "floor": kinds.number,
        "ceiling": kinds.number,
        "drop": kinds.size,
        "rise": kinds.size,
    }
    bounds = {field.name for field in fields(Gate)} - {"file", "name"}
    for metric, entries in table.items():
        where = f'tool.stagebook.gates."{metric}"'
        try:
            file, name = _named(metric)
            if not isinstance(entries, dict):
                raise TypeError(f"{entries!r} is not a table of bounds")
            known = kinds.known(entries, bounds, where, problems)
            if not entries:
                raise ValueError(f"the metric has no bound: give one of {', '.join(readers)}")
            gate = Gate(file, name, **kinds.read(known, readers, where, problems))
            if None not in (gate.floor, gate.ceiling) and gate.floor > gate.ceiling:  # type: ignore[operator]
                raise ValueError(f"the floor {gate.floor} is above the ceiling {gate.ceiling}")
            yield gate
        except (TypeError, ValueError) as error:
            problems.append(kinds.bad_value(f"[{where}]", error))


def _named(metric: str) -> tuple[str, str]:
    file, _, name = metric.rpartition(":")
    if not file or not name:
        raise ValueError('the name of a metric has the form "metrics/file.json:dotted.name"')
    return kinds.inside(file), name
