"""Problems as values, one root error that carries them, and the exit codes."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

HINT = "  → "
"""The beginning of a hint's line."""


class Exit(enum.IntEnum):
    """What ``stagebook`` returns to the shell; documented in ``docs/reference/cli.md``."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    ENVIRONMENT = 4
    UNDECLARED = 5
    OUT_OF_MEMORY = 6
    KILLED = 7
    DISK_FULL = 8
    OUT_OF_SYNC = 9
    REFUSED = 10
    DRIFTED = 11
    UNFIT = 12
    OUT_OF_BOUNDS = 13
    STALE = 14
    UNPROVEN = 15
    NOT_REPRODUCED = 16
    TIMED_OUT = 124
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a project: a file, and where known the cell and the line in it.

    Attributes:
        file: Path relative to the project's root, with forward slashes.
        cell: Position of the cell in the notebook, counted from 1 over all cells.
        line: Line in the cell, or in the file where there is no cell, counted from 1.
    """

    file: str
    cell: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        parts = [self.file]
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Undeclared:
    """Files that a notebook used and did not declare.

    Attributes:
        role: The annotation that would declare them, ``In`` or ``Out``.
        paths: Their paths relative to the project's root.
    """

    role: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        code: Stable kebab-case name for machines, such as ``unknown-parameter``.
        message: What happened, in one sentence.
        hint: What to do next; empty if the message says it all.
        where: The place, if the problem has one.
        undeclared: The files whose declaration would solve it; None for most problems.

    Example:
        >>> from stagebook.project.errors import Problem, Where
        >>> problem = Problem(
        ...     "unknown-parameter",
        ...     "`max_itr` is not a parameter of train.",
        ...     "Did you mean `max_iter`?",
        ...     Where("params/train.yaml", line=3),
        ... )
        >>> print(problem)
        params/train.yaml, line 3: `max_itr` is not a parameter of train.
          → Did you mean `max_iter`?
    """

    code: str
    message: str
    hint: str = ""
    where: Where | None = None
    undeclared: Undeclared | None = None

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n{HINT}{self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"

    def as_json(self) -> dict[str, Any]:
        """This problem as plain values for ``--json``."""
        values = asdict(self)
        if self.undeclared is None:
            del values["undeclared"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The problem from the values of ``as_json``."""
        where, files = values["where"], values.get("undeclared")
        undeclared = Undeclared(files["role"], tuple(files["paths"])) if files else None
        problem = {**values, "where": Where(**where) if where else None}
        return cls(**{**problem, "undeclared": undeclared})


class StagebookError(Exception):
    """The root of every error that Stagebook raises on purpose; carries its problems.

    Args:
        problems: All problems, at least one.
        exit_code: The exit code of the command line.

    Example:
        >>> import stagebook
        >>> from stagebook.project.errors import StagebookError
        >>> try:
        ...     stagebook.load("no/such/package")
        ... except StagebookError as error:
        ...     print([problem.code for problem in error.problems])
        ['no-package']
    """

    def __init__(self, *problems: Problem, exit_code: Exit = Exit.INVALID) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
        self.exit_code = exit_code


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint that names the nearest of the known names, or ``otherwise`` if none is near."""
    from difflib import get_close_matches  # only after an error

    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean `{near[0]}`?" if near else otherwise
