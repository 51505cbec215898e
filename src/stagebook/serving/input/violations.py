"""Why a value cannot go into the model, in the contract's words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from stagebook.model.schema import Field
from stagebook.serving.input import values
from stagebook.serving.input.checks import Rule, rules
from stagebook.serving.input.column_types import ColumnType
from stagebook.serving.input.rows import nearest, short
from stagebook.serving.input.values import ValueProblem
from stagebook.serving.refusal import RequestProblem, shown

MOST = 100
"""Problems that are listed; the rest are counted."""


@dataclass(frozen=True, slots=True)
class ColumnRules:
    """All that is asked of the values of one column.

    Attributes:
        column: Its type.
        rules: The rules that are enforced.
        unchecked: The words of those that are not.
        read: From a sent value to the column's plain value.
    """

    column: ColumnType
    rules: tuple[Rule, ...]
    unchecked: tuple[str, ...]
    read: Callable[[Any], Any]

    @classmethod
    def of(cls, field: Field, column: ColumnType) -> Self:
        """What the package's schema asks of a column."""
        return cls(column, *rules(field, column), values.reader(column))

    def explain(self, value: Any, row: int) -> Iterator[RequestProblem]:
        """Everything that is wrong with a value.

        Args:
            value: The sent value; None if it is missing.
            row: Its row.
        """
        name = self.column.name
        if value is None:
            if not self.column.nullable:
                yield self._missing(row)
            return
        try:
            plain = self.read(value)
        except ValueProblem as problem:
            message = f"`{name}` is {shown(value)}, but must be {problem.expected}."
            if problem.code == "not-finite":
                yield RequestProblem("not-finite", message, row=row, column=name)
            else:
                yield RequestProblem("wrong-type", message, row=row, column=name)
            return
        for rule in self.rules:
            if not rule.holds(plain):
                message = f"`{name}` is {shown(value)}; the contract asks: {rule.words}."
                yield RequestProblem("out-of-contract", message, row=row, column=name)
        if self.column.categories is not None and plain not in self.column.categories:
            yield self._unknown_category(plain, row)

    def _missing(self, row: int) -> RequestProblem:
        name = self.column.name
        message = f"`{name}` is missing, but a value is required."
        if not self.column.holds_missing:
            message = f"`{name}` is missing, but {self.column.dtype} cannot hold missing values."
        return RequestProblem("null-not-allowed", message, row=row, column=name)

    def _unknown_category(self, value: Any, row: int) -> RequestProblem:
        name, known = self.column.name, list(map(str, self.column.categories or ()))
        message = f"`{name}` is {shown(value)}, which is not a category of the model."
        hint = nearest(str(value), known)
        return RequestProblem("unknown-category", message, hint, row, name)


def of_columns(sent: Sequence[str], known: Sequence[str]) -> Iterator[RequestProblem]:
    """Columns of a request that the model does not have, and the reverse.

    Args:
        sent: The names in the request.
        known: The model's columns.
    """
    model_columns, request_columns = frozenset(known), frozenset(sent)
    missing = [name for name in known if name not in request_columns]
    for name in missing:
        yield RequestProblem("missing-column", f"The column `{name}` is missing.", column=name)
    for name in sent:
        if name not in model_columns:
            message = f"The model has no column `{short(name)}`."
            hint = nearest(name, missing) or nearest(name, known)
            yield RequestProblem("unknown-column", message, hint, column=short(name))


def missing_in_row(name: str, row: int) -> RequestProblem:
    """The problem that one row lacks a column that others have."""
    return RequestProblem("missing-column", f"The row has no `{name}`.", row=row, column=name)


def more(count: int) -> RequestProblem:
    """The problem that counts those that are not listed."""
    return RequestProblem("more-violations", f"{count:,} more violations are not listed.")
