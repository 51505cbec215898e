"""Checks of the values of a column, and of rows, in a frame."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from pandera.engines.pandas_engine import Engine
from pandera.errors import ParserError

from stagebook.data.contracts.findings import Findings, shown
from stagebook.data.contracts.rules import built_in_name, rule
from stagebook.data.contracts.shortcuts import surely_holds, suspects
from stagebook.data.contracts.structure import ContractColumn
from stagebook.data.contracts.words import type_in_words, types_apart
from stagebook.data.tables.pieces import Piece

MISSING = "no missing values"
_UNIQUE = "no value twice"


def coerce(piece: Piece, column: ContractColumn, *, is_text: bool) -> None:
    """Casts a column to the contract's type; values that cannot be cast are refused.

    Args:
        piece: The rows.
        column: The column.
        is_text: Whether the file has only text, so that a missing value fits every type.
            Otherwise it is cast as pandera does, which turns a missing boolean into `False`.
    """
    dtype, series = column.schema.dtype, piece.of(column.name)[column.name]
    values = series[series.notna()] if is_text else series
    wrong_rows = _not_coerced(dtype, values)
    if wrong_rows is None:
        return
    piece.texts.pop(column.name, None)
    piece.hashes.pop(column.name, None)
    cast = dtype.try_coerce(values.drop(wrong_rows))
    if is_text and column.schema.nullable:
        cast = cast.reindex(series.index.drop(wrong_rows))
    refused_now = series.drop(cast.index)
    if not len(refused_now) and column.name not in piece.refused:
        piece.frame[column.name] = cast
        return
    before = piece.refused.get(column.name, refused_now.iloc[:0])
    piece.coerced[column.name] = cast
    piece.refused[column.name] = pd.concat(
        [before.astype(object), refused_now.astype(object)]
    ).sort_index()


def _not_coerced(dtype: Any, series: Any) -> Any:
    """The rows that cannot be cast to a type; None if pandera cannot say which."""
    try:
        dtype.try_coerce(series)
    except ParserError as error:
        cases = error.failure_cases
        if isinstance(cases, pd.DataFrame) and "index" in cases and len(cases):
            return cases["index"].unique()
        return None
    return []


def check_type(piece: Piece, column: ContractColumn, findings: Findings) -> None:
    """Checks a column's type, and reports values that were refused because of it."""
    dtype = column.schema.dtype
    if dtype is None:
        return
    refused = piece.refused.get(column.name)
    if refused is not None:
        if not column.schema.nullable:  # a missing value is a separate finding
            refused = refused[refused.notna()]
        if len(refused):
            hint = _type_hint(refused)
            findings.add_series("column-type", column.name, type_in_words(dtype), refused, hint)
    series = piece.of(column.name)[column.name]
    fit = dtype.check(Engine.dtype(series.dtype), series)
    if isinstance(fit, Iterable):
        wrong_values = series[~pd.Series(fit, index=series.index).astype(bool)]
        if len(wrong_values):
            findings.add_series("column-type", column.name, type_in_words(dtype), wrong_values)
    elif not fit:
        _say_type(series, column, findings)


def _say_type(series: Any, column: ContractColumn, findings: Findings) -> None:
    expected, actual = types_apart(
        getattr(column.schema.dtype, "type", column.schema.dtype), series.dtype
    )
    gaps = series.isna()
    hint = "Write the column with this type, or change the type in the contract."
    if expected.startswith("a whole") and actual.startswith("a decimal"):
        hint = (
            "Write whole numbers. Missing values make whole numbers decimal, unless the "
            "contract says `Int64`."
        )
    values = series[~gaps].head(1)
    sample = tuple((int(row) + 1, value) for row, value in values.items())
    findings.say("column-type", column.name, expected, actual=actual, hint=hint, sample=sample)


def _type_hint(refused: Any) -> str:
    written = {str(value).strip().lower() for value in refused.head(1000)}
    if written & {"na", "n/a", "nan", "null", "none", "-", "?"}:
        return "Leave the cell of a missing value empty."
    return "Correct these values, or change the type in the contract."


def check_missing(piece: Piece, column: ContractColumn, findings: Findings) -> None:
    """Finds missing values where the contract allows none."""
    if column.schema.nullable:
        return
    series = piece.frame[column.name]
    gaps = series.isna()
    if column.name in piece.refused:
        written = piece.refused[column.name]
        gaps.loc[written[written.notna()].index] = False
    if gaps.any():
        hint = "Fill in the missing values, or set `nullable=True` in the contract."
        findings.add_series("value-missing", column.name, MISSING, series[gaps], hint)


def check_repeated(piece: Piece, names: list[str], keep: Any, findings: Findings) -> None:
    """Finds rows with the same values in these columns as another row."""
    alone = names[0] if len(names) == 1 else None
    frame = piece.of(alone) if alone else piece.sound()
    frame = suspects(frame, names, piece.hashes.get(alone) if alone else None)
    repeated = frame.duplicated(subset=names, keep=keep)
    if repeated.any():
        say_repeated(frame.loc[repeated, names], int(repeated.sum()), keep, findings)


def say_repeated(first: pd.DataFrame, failed: int, keep: Any, findings: Findings) -> None:
    """Adds the finding that rows repeat.

    Args:
        first: The first of these rows.
        failed: How many rows repeat.
        keep: The row of each key that counts as the original, as in pandas.
        findings: Where it is added.
    """
    names = list(first.columns)
    column, words = unique_rule(names)
    values = first[names[0]] if column is not None else map(shown, first.to_dict("records"))
    number = (False, "first", "last").index(keep)
    findings.add("value-repeated", column, words, first.index, values, failed=failed, number=number)


def unique_rule(names: list[str]) -> tuple[str | None, str]:
    """The column that must be unique, or None for several, and the rule in words."""
    if len(names) == 1:
        return names[0], _UNIQUE
    return None, f"no two rows with the same {', '.join(f'`{name}`' for name in names)}"


def run_check(
    check: Any,
    frame: pd.DataFrame,
    column: str | None,
    number: int,
    findings: Findings,
    texts: Any = None,
) -> None:
    """Runs a pandera check as pandera does, and counts the rows that break it.

    Args:
        check: The check.
        frame: The rows; the index is their numbers from 0.
        column: The column that it checks; None for a check of whole rows.
        number: Its position, which distinguishes it from another with the same words.
        findings: Where to add the finding.
        texts: All texts that occur in the column, if known.
    """
    if column is not None and surely_holds(check, frame[column], texts):
        return
    words = rule(check)
    try:
        result = check(frame, column) if column is not None else check(frame)
    except Exception as error:
        mistyped = built_in_name(check) and findings.has("column-type", column)
        absent = isinstance(error, KeyError) and findings.has("column-missing", str(error.args[0]))
        if not (mistyped or absent):
            raised = f"{type(error).__name__}: {error}".rstrip(": ")
            hint = "The contract's own code failed on this table."
            findings.say("check-raised", column, words, actual=raised, hint=hint, number=number)
        return
    if result.check_passed:
        return
    if check.raise_warning:
        about = f"`{column}`: " if column is not None else ""
        findings.notes[f"{about}{words}; the check failed, and the contract only warns."] = None
        return
    if result.failure_cases is None:
        code = "value-refused" if findings.rows else "no-rows"
        findings.say(code, column, words, number=number)
        return
    failed = _failing(result.check_output)
    values = frame.loc[failed] if column is None else frame.loc[failed, column]
    findings.add_series("value-refused", column, words, values, number=number)


def _failing(output: Any) -> Any:
    passed = output.astype(bool)
    return output.index[
        ~(passed.all(axis="columns") if isinstance(passed, pd.DataFrame) else passed)
    ]
