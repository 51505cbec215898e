"""What a table breaks of its contract, in words and as plain values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stagebook.contracts.checks.words import counted
from stagebook.errors import Problem, Where

VERSION = 1
SAMPLE = 5
"""Rows of a failure that are shown."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One rule that does not hold.

    Attributes:
        code: Stable name, as of a problem.
        column: The column; None for a rule of whole rows or of the table.
        rule: What is asked, in words.
        failed: Rows that break it; None where it is not about single rows.
        rows: Rows that were looked at; None where no row was.
        sample: The first rows that break it, each with its value in words. Rows are counted
            from 1 over the rows of the data, so a header is none.
        found: What was found instead, in words, where no row says it.
        hint: What to do next.
    """

    code: str
    column: str | None
    rule: str
    failed: int | None = None
    rows: int | None = None
    sample: tuple[tuple[int, str], ...] = ()
    found: str = ""
    hint: str = ""

    def problem(self, where: Where) -> Problem:
        """This failure as a problem of the file."""
        return _of_columns(self, where) or _of_values(self, where)

    @property
    def subject(self) -> str:
        """What the rule is about."""
        return f"`{self.column}`" if self.column is not None else "The rows"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that a table breaks of its contract.

    Attributes:
        path: The table's path as declared.
        contract: The contract, as ``module:Name``.
        rows: Rows of the table.
        failures: What does not hold; empty where the contract holds.
        notes: What else there is to say, such as a rule that was checked in parts.
    """

    path: str
    contract: str
    rows: int
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the table keeps the contract."""
        return not self.failures

    def problems(self) -> tuple[Problem, ...]:
        """A problem for each failure."""
        return tuple(one.problem(Where(self.path)) for one in self.failures)

    def as_json(self) -> dict[str, Any]:
        """This verdict as plain values."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Verdict":
        """The verdict that these plain values are."""
        failures = tuple(
            Failure(**{**one, "sample": tuple((row, value) for row, value in one["sample"])})
            for one in values["failures"]
        )
        path, contract, rows = values["path"], values["contract"], values["rows"]
        return cls(path, contract, rows, failures, tuple(values["notes"]))


def _of_columns(one: Failure, where: Where) -> Problem | None:
    match one.code:
        case "column-missing":
            message = f"{one.subject} is not there; the contract asks for {one.rule}."
            return Problem("column-missing", message, one.hint, where)
        case "column-extra":
            message = f"{one.subject} is not in the contract, which allows no other columns."
            return Problem("column-extra", message, one.hint, where)
        case "columns-unordered":
            message = f"The columns are in another order than the contract's: {one.found}."
            return Problem("columns-unordered", message, one.hint, where)
        case "column-type":
            return Problem("column-type", _type_message(one), one.hint, where)
        case "index-asked":
            message = f"The contract asks for an index ({one.rule}): {one.found}."
            return Problem("index-asked", message, one.hint, where)
        case "check-raised":
            message = f"{one.subject}: the check “{one.rule}” raised {one.found}."
            return Problem("check-raised", message, one.hint, where)
    return None


def _of_values(one: Failure, where: Where) -> Problem:
    match one.code:
        case "value-missing":
            rows = ", ".join(f"{row:,}" for row, _ in one.sample)
            message = f"{one.subject}: {one.rule}; {_share(one, 'has none', 'have none')}"
            return Problem("value-missing", f"{message}: row {rows}.", one.hint, where)
        case "value-repeated":
            message = f"{one.subject}: {one.rule}; {_share(one, 'repeats', 'repeat')}"
            return Problem("value-repeated", f"{message}{_sampled(one)}.", one.hint, where)
        case "no-rows":
            message = f"{one.subject}: {one.rule}; the table has no rows."
            return Problem("no-rows", message, one.hint, where)
    if one.failed is None:
        message = f"{one.subject}: {one.rule}; it is not so."
    else:
        message = f"{one.subject}: {one.rule}; {_share(one, 'is not', 'are not')}{_sampled(one)}."
    return Problem("value-refused", message, one.hint, where)


def _type_message(one: Failure) -> str:
    if one.failed is None:
        such = f", such as {one.sample[0][1]} in row {one.sample[0][0]:,}" if one.sample else ""
        return f"{one.subject} should be {one.rule}, but is {one.found}{such}."
    return f"{one.subject} should be {one.rule}; {_share(one, 'is not', 'are not')}{_sampled(one)}."


def _share(one: Failure, singular: str, plural: str) -> str:
    failed = one.failed or 0
    return f"{failed:,} of {counted(one.rows or 0, 'row')} {singular if failed == 1 else plural}"


def _sampled(one: Failure) -> str:
    return ": " + ", ".join(f"row {row:,} has {value}" for row, value in one.sample)
