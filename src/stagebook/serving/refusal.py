"""Why a request gets no prediction."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from stagebook.project.errors import Problem

_SHOWN = 80  # characters
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = _SHOWN


@dataclass(frozen=True, slots=True)
class RequestProblem:
    """One thing that is wrong with a request.

    Attributes:
        code: Stable kebab-case name for machines, such as ``missing-column``.
        message: What is wrong, in one sentence.
        hint: What to do about it; empty if the message says it all.
        row: The row that it is about, counted from 0; None if it is about the whole request.
        column: The column that it is about, if it is about one.
    """

    code: str
    message: str
    hint: str = ""
    row: int | None = None
    column: str | None = None

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """A problem of Stagebook as one of the whole request."""
        return cls(problem.code, problem.message, problem.hint)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The problem that was written as JSON."""
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A remark on a row that gets a prediction.

    Attributes:
        code: Stable kebab-case name for machines, such as ``outside-training-range``.
        message: What is unusual, in one sentence.
        row: The row that it is about, counted from 0.
        column: The column that it is about.
    """

    code: str
    message: str
    row: int
    column: str

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The remark that was written as JSON."""
        return cls(plain["code"], plain["message"], plain["row"], plain["column"])


class Refusal(Exception):  # noqa: N818 -- the server works as it should
    """A request that gets no prediction.

    Args:
        status: The HTTP status of the answer.
        problems: All reasons, at least one.
        headers: Further headers of the answer, such as ``Retry-After``.
    """

    def __init__(
        self, status: int, *problems: RequestProblem, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.status = status
        self.problems = problems
        self.headers = dict(headers or {})


def shown(value: object) -> str:
    """A value of a request for a message, cut off where it is long."""
    text = _REPR.repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
