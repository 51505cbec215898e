"""The conditions of a run that another machine or another day may change."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Self


class Influence(Enum):
    """What can change a result beside its inputs, parameters and code."""

    GENERATOR = "unseeded generator"
    CLOCK = "clock"
    HASH = "hash order"
    THREADS = "thread count"
    FILES = "order of files"
    NETWORK = "network"
    ENVIRONMENT = "environment variable"
    PROCESS = "process id"


@dataclass(frozen=True, slots=True)
class Exemption:
    """An influence that is not fixed in a run in which others are.

    Attributes:
        influence: The influence.
        cell: The only cell in which it is not fixed, by its execution count; None for every cell.
    """

    influence: Influence
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class RunConditions:
    """The conditions of one run.

    Attributes:
        fixed: Whether the influences are held at fixed values. Otherwise generators, clock and
            process ids are real, and what a machine may change differs from a build: the hash
            seed, the order of files, the number of processors.
        exempt: The influences that differ from their fixed values.
    """

    fixed: bool = False
    exempt: tuple[Exemption, ...] = ()

    def fixes(self, influence: Influence, cell: int | None) -> bool:
        """Whether an influence has its fixed value in a cell."""
        return self.fixed and not self.exempts(influence, cell)

    def exempts(self, influence: Influence, cell: int | None) -> bool:
        """Whether an influence is the exception, in a cell or in all of them."""
        return any(
            item.influence is influence and item.cell in (None, cell) for item in self.exempt
        )

    @property
    def hash_seed(self) -> str:
        """The value of ``PYTHONHASHSEED``; a build has 0."""
        return "0" if self.fixes(Influence.HASH, None) else "1"

    def threads(self, threads: int) -> int:
        """How many threads numerical libraries may use.

        Args:
            threads: The stage's own number, which is a part of its source.
        """
        if not self.exempts(Influence.THREADS, None):
            return threads
        return 2 if threads == 1 else 1

    def as_text(self) -> str:
        """These conditions as JSON, for the kernel."""
        exempt = [[item.influence.value, item.cell] for item in self.exempt]
        return json.dumps({"fixed": self.fixed, "exempt": exempt})

    @classmethod
    def parse(cls, text: str) -> Self:
        """The conditions in a text that ``as_text`` made."""
        values = json.loads(text)
        exempt = (Exemption(Influence(name), cell) for name, cell in values["exempt"])
        return cls(values["fixed"], tuple(exempt))
