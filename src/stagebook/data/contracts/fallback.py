"""pandera's own validation of a whole frame, for contracts that change what they check."""

from typing import Any

import pandas as pd
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors
from pandera.pandas import Check

from stagebook.data.contracts.columns import MISSING, unique_rule
from stagebook.data.contracts.findings import Findings
from stagebook.data.contracts.rules import rule
from stagebook.data.contracts.words import type_in_words

_NOT_THERE = (
    SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME,
    SchemaErrorReason.ADD_MISSING_COLUMN_NO_DEFAULT,
    SchemaErrorReason.INVALID_COLUMN_NAME,
)
_TYPE = (SchemaErrorReason.WRONG_DATATYPE, SchemaErrorReason.DATATYPE_COERCION)


def needs_whole(schema: Any) -> bool:
    """Whether a contract parses, fills in or drops values before it checks."""
    columns = schema.columns.values()
    return bool(
        schema.parsers
        or schema.dtype is not None
        or schema.add_missing_columns
        or schema.drop_invalid_rows
        or any(column.parsers or column.drop_invalid_rows for column in columns)
        or any(column.default is not None for column in columns)
    )


def validate(schema: Any, frame: pd.DataFrame, findings: Findings) -> None:
    """Validates the frame with pandera, and adds its errors in words."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        for number, error in enumerate(errors.schema_errors):
            _translate(error, frame, number, findings)
    except Exception as error:  # pandera does not catch the error of a parser
        raised = f"{type(error).__name__}: {error}"
        hint = "The contract's own code failed on this table."
        findings.say("check-raised", None, "a parser", actual=raised, hint=hint)


def _translate(error: SchemaError, frame: pd.DataFrame, number: int, findings: Findings) -> None:
    reason, cases = error.reason_code, error.failure_cases
    column = _column(error, frame)
    if reason in _NOT_THERE:
        name = str(cases) if reason != SchemaErrorReason.INVALID_COLUMN_NAME else error.schema.name
        findings.say("column-missing", name, "it", hint="Add the column, or correct its name.")
    elif reason == SchemaErrorReason.COLUMN_NOT_IN_SCHEMA:
        hint = "Remove the column, or add it to the contract."
        findings.say("column-extra", str(cases), "no other columns", hint=hint)
    elif reason == SchemaErrorReason.COLUMN_NOT_ORDERED:
        actual = f"`{cases}` is in another position"
        findings.say("columns-unordered", None, "the contract's order", actual=actual)
    elif reason in _TYPE:
        _say_type(error, column, cases, findings)
    elif reason == SchemaErrorReason.CHECK_ERROR:
        raised = str(cases)
        findings.say("check-raised", column, rule(error.check), actual=raised, number=number)
    else:
        _say_values(error, column, cases, number, findings)


def _column(error: SchemaError, frame: pd.DataFrame) -> str | None:
    name = getattr(error, "column_name", None) or getattr(error.schema, "name", None)
    return str(name) if name in frame or not hasattr(error.schema, "columns") else None


def _say_type(error: SchemaError, column: str | None, cases: Any, findings: Findings) -> None:
    words = type_in_words(error.schema.dtype)
    if isinstance(cases, pd.DataFrame) and len(cases):
        if not findings.has("column-type", column):
            _add(findings, "column-type", column, words, cases, 0)
    else:
        findings.say("column-type", column, words, actual=type_in_words(cases))


def _say_values(
    error: SchemaError, column: str | None, cases: Any, number: int, findings: Findings
) -> None:
    code, words = "value-refused", ""
    if error.reason_code == SchemaErrorReason.SERIES_CONTAINS_NULLS:
        code, words, number = "value-missing", MISSING, 0
    elif error.reason_code == SchemaErrorReason.SERIES_CONTAINS_DUPLICATES:
        code, words, number = "value-repeated", unique_rule([str(column)])[1], 0
    elif error.reason_code == SchemaErrorReason.DUPLICATES:
        code, words = "value-repeated", unique_rule(list(map(str, error.schema.unique)))[1]
    else:
        words = rule(error.check) if isinstance(error.check, Check) else str(error.check)
    if isinstance(cases, pd.DataFrame) and len(cases):
        _add(findings, code, column, words, cases, number)
    else:
        findings.say(code, column, words, number=number)


def _add(
    findings: Findings, code: str, column: str | None, words: str, cases: pd.DataFrame, number: int
) -> None:
    first = cases.drop_duplicates("index")
    values = first.set_index("index")["failure_case"].sort_index()
    findings.add_series(code, column, words, values, number=number)
