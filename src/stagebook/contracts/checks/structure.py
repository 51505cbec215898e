"""Which columns a contract asks for, and which a table has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stagebook.contracts.checks.findings import Findings
from stagebook.contracts.checks.words import listed, type_in_words
from stagebook.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Asked:
    """A column of a table that the contract speaks of.

    Attributes:
        name: Its name in the table.
        schema: What pandera asks of it.
        place: Position of the schema's column in the contract.
    """

    name: str
    schema: Any
    place: int


def asked(schema: Any, names: Sequence[str]) -> tuple[Asked, ...]:
    """The columns of a table that the contract speaks of, in the contract's order."""
    return tuple(
        Asked(name, column, place)
        for place, column in enumerate(schema.columns.values())
        for name in matching(column, names)
    )


def matching(column: Any, names: Sequence[str]) -> list[str]:
    """Names of a table that a column of a contract is about."""
    if not column.regex:
        return [column.name] if column.name in set(names) else []
    fits = pd.Series(list(names), dtype=str).str.match(column.name)
    return [name for name, fit in zip(names, fits, strict=True) if fit]


def check_names(schema: Any, names: Sequence[str], findings: Findings) -> None:
    """Finds columns that are missing, too many or out of order."""
    extra = list(_extra(schema, names))
    for column in schema.columns.values():
        if column.required and not matching(column, names):
            kind = f"{type_in_words(column.dtype)}" if column.dtype is not None else "it"
            hint = did_you_mean(str(column.name), extra, f"The table has {listed(names)}.")
            say_missing(findings, column, kind, hint)
    if schema.strict is True:
        absent = [str(one) for one in schema.columns if one not in set(names)]
        for name in extra:
            hint = did_you_mean(name, absent, "Leave it out, or add it to the contract.")
            if name.startswith("__index_level_"):
                hint = "It is the index of a pandas frame: write it with `index=False`."
            findings.say("column-extra", name, "no other columns", hint=hint)
    if schema.ordered:
        _check_order(schema, names, findings)


def say_missing(findings: Findings, column: Any, kind: str, hint: str) -> None:
    """A column that is not there."""
    rule = f"a column with a name like `{column.name}`, {kind}" if column.regex else kind
    findings.say("column-missing", str(column.name), rule, hint=hint)


def check_index(schema: Any, rows: int, findings: Findings) -> None:
    """Holds what the contract asks of an index against the rows' numbers, which is all there is."""
    from pandera.errors import SchemaError, SchemaErrors

    if schema.index is None:
        return
    frame = pd.DataFrame(index=pd.RangeIndex(rows))
    try:
        schema.index.validate(frame, lazy=True)
    except (SchemaError, SchemaErrors):
        name = f"`{schema.index.name}`" if schema.index.name else "without a name"
        found = "a table in a file has none, only rows counted from 0"
        hint = "Declare it in the contract as a column."
        findings.say("index-asked", None, name, found=found, hint=hint)


def _extra(schema: Any, names: Sequence[str]) -> Iterator[str]:
    known = {one.name for one in asked(schema, names)}
    return (name for name in names if name not in known)


def _check_order(schema: Any, names: Sequence[str], findings: Findings) -> None:
    expected = list(dict.fromkeys(one.name for one in asked(schema, names)))
    found = [name for name in names if name in set(expected)]
    for wanted, name in zip(expected, found, strict=True):
        if wanted != name:
            said = f"`{name}` stands where `{wanted}` should"
            hint = f"The contract's order is {listed(expected)}."
            findings.say("columns-unordered", None, "the contract's order", found=said, hint=hint)
            return
