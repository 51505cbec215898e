"""The columns that a contract requires, and those that a table has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stagebook.data.contracts.findings import Findings
from stagebook.data.contracts.words import listed, type_in_words
from stagebook.project.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class ContractColumn:
    """A column of a table that the contract has a rule for.

    Attributes:
        name: Its name in the table.
        schema: Its column in the pandera schema.
    """

    name: str
    schema: Any


def contract_columns(schema: Any, names: Sequence[str]) -> tuple[ContractColumn, ...]:
    """The columns of a table that the contract has a rule for, in the contract's order."""
    return tuple(
        ContractColumn(name, column)
        for column in schema.columns.values()
        for name in matching(column, names)
    )


def matching(column: Any, names: Sequence[str]) -> list[str]:
    """The names in a table that a column of a contract matches."""
    if not column.regex:
        return [column.name] if column.name in set(names) else []
    fits = pd.Series(list(names), dtype=str).str.match(column.name)
    return [name for name, fit in zip(names, fits, strict=True) if fit]


def check_names(schema: Any, names: Sequence[str], findings: Findings) -> None:
    """Finds missing columns, extra columns, and a wrong order."""
    extra = list(_extra(schema, names))
    for column in schema.columns.values():
        if column.required and not matching(column, names):
            kind = f"{type_in_words(column.dtype)}" if column.dtype is not None else "it"
            hint = did_you_mean(str(column.name), extra, f"The table has {listed(names)}.")
            _say_missing(findings, column, kind, hint)
    if schema.strict is True:
        absent = [str(name) for name in schema.columns if name not in set(names)]
        for name in extra:
            hint = did_you_mean(name, absent, "Remove the column, or add it to the contract.")
            if name.startswith("__index_level_"):
                hint = (
                    "The column is the index of a pandas frame: write the frame with `index=False`."
                )
            findings.say("column-extra", name, "no other columns", hint=hint)
    if schema.ordered:
        _check_order(schema, names, findings)


def _say_missing(findings: Findings, column: Any, kind: str, hint: str) -> None:
    rule = f"a column whose name matches `{column.name}`, {kind}" if column.regex else kind
    findings.say("column-missing", str(column.name), rule, hint=hint)


def check_index(schema: Any, rows: int, findings: Findings) -> None:
    """Checks the index that a contract requires; a table in a file has only row numbers."""
    from pandera.errors import SchemaError, SchemaErrors

    if schema.index is None:
        return
    frame = pd.DataFrame(index=pd.RangeIndex(rows))
    try:
        schema.index.validate(frame, lazy=True)
    except (SchemaError, SchemaErrors):
        name = f"`{schema.index.name}`" if schema.index.name else "without a name"
        actual = "a table in a file has no index, only row numbers from 0"
        hint = "Declare the index in the contract as a column."
        findings.say("index-asked", None, name, actual=actual, hint=hint)


def _extra(schema: Any, names: Sequence[str]) -> Iterator[str]:
    known = {column.name for column in contract_columns(schema, names)}
    return (name for name in names if name not in known)


def _check_order(schema: Any, names: Sequence[str], findings: Findings) -> None:
    expected = list(dict.fromkeys(column.name for column in contract_columns(schema, names)))
    actual = [name for name in names if name in set(expected)]
    for expected_name, name in zip(expected, actual, strict=True):
        if expected_name != name:
            difference = f"`{name}` is in the position of `{expected_name}`"
            hint = f"The contract's order is {listed(expected)}."
            findings.say(
                "columns-unordered", None, "the contract's order", actual=difference, hint=hint
            )
            return
