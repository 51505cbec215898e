"""The rules of a contract that a table breaks, in words and as plain values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stagebook.data.contracts.words import counted
from stagebook.project.errors import Problem, Where

VERSION = 1
SAMPLE = 5
"""Number of rows of a failure that are shown."""


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """One broken rule.

    Attributes:
        code: Stable name, which is also the problem's code.
        column: The column; None for a rule of whole rows or of the table.
        rule: The rule, in words.
        failed: Number of rows that break it; None if it is not about single rows.
        rows: Number of rows that were checked; None if no row was.
        sample: The first rows that break it, each with its value in words. Rows of data are
            counted from 1, without a header.
        found: What was found instead, in words, if the sample does not show it.
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
        """The subject of the rule."""
        return f"`{self.column}`" if self.column is not None else "The rows"


@dataclass(frozen=True, slots=True)
class ContractVerdict:
    """All rules of a contract that a table breaks.

    Attributes:
        path: The table's path as declared.
        contract: The contract, as ``module:Name``.
        rows: Rows of the table.
        failures: The broken rules; empty if the contract holds.
        notes: Further remarks, such as a rule that was checked in parts.
    """

    path: str
    contract: str
    rows: int
    failures: tuple[RuleFailure, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the table satisfies the contract."""
        return not self.failures

    def problems(self) -> tuple[Problem, ...]:
        """A problem for each failure."""
        return tuple(failure.problem(Where(self.path)) for failure in self.failures)

    def as_json(self) -> dict[str, Any]:
        """This verdict as plain values."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ContractVerdict":
        """The verdict from plain values."""
        failures = tuple(
            RuleFailure(
                **{**failure, "sample": tuple((row, value) for row, value in failure["sample"])}
            )
            for failure in values["failures"]
        )
        path, contract, rows = values["path"], values["contract"], values["rows"]
        return cls(path, contract, rows, failures, tuple(values["notes"]))


def _of_columns(failure: RuleFailure, where: Where) -> Problem | None:
    match failure.code:
        case "column-missing":
            message = f"{failure.subject} is missing; the contract requires {failure.rule}."
            return Problem("column-missing", message, failure.hint, where)
        case "column-extra":
            message = f"{failure.subject} is not in the contract, which allows no other columns."
            return Problem("column-extra", message, failure.hint, where)
        case "columns-unordered":
            message = f"The columns are not in the contract's order: {failure.found}."
            return Problem("columns-unordered", message, failure.hint, where)
        case "column-type":
            return Problem("column-type", _type_message(failure), failure.hint, where)
        case "index-asked":
            message = f"The contract requires an index ({failure.rule}): {failure.found}."
            return Problem("index-asked", message, failure.hint, where)
        case "check-raised":
            message = f"{failure.subject}: the check “{failure.rule}” raised {failure.found}."
            return Problem("check-raised", message, failure.hint, where)
    return None


def _of_values(failure: RuleFailure, where: Where) -> Problem:
    match failure.code:
        case "value-missing":
            rows = ", ".join(f"{row:,}" for row, _ in failure.sample)
            share = _share(failure, "has no value", "have no value")
            message = f"{failure.subject}: {failure.rule}; {share}"
            return Problem("value-missing", f"{message}: row {rows}.", failure.hint, where)
        case "value-repeated":
            message = f"{failure.subject}: {failure.rule}; {_share(failure, 'repeats', 'repeat')}"
            return Problem("value-repeated", f"{message}{_sampled(failure)}.", failure.hint, where)
        case "no-rows":
            message = f"{failure.subject}: {failure.rule}; the table has no rows."
            return Problem("no-rows", message, failure.hint, where)
    if failure.failed is None:
        message = f"{failure.subject}: {failure.rule}; the check failed."
    else:
        share = _share(failure, "is not", "are not")
        message = f"{failure.subject}: {failure.rule}; {share}{_sampled(failure)}."
    return Problem("value-refused", message, failure.hint, where)


def _type_message(failure: RuleFailure) -> str:
    if failure.failed is None:
        such = (
            f", such as {failure.sample[0][1]} in row {failure.sample[0][0]:,}"
            if failure.sample
            else ""
        )
        return f"{failure.subject} should be {failure.rule}, but is {failure.found}{such}."
    share = _share(failure, "is not", "are not")
    return f"{failure.subject} should be {failure.rule}; {share}{_sampled(failure)}."


def _share(failure: RuleFailure, singular: str, plural: str) -> str:
    failed = failure.failed or 0
    return (
        f"{failed:,} of {counted(failure.rows or 0, 'row')} {singular if failed == 1 else plural}"
    )


def _sampled(failure: RuleFailure) -> str:
    return ": " + ", ".join(f"row {row:,} has {value}" for row, value in failure.sample)
