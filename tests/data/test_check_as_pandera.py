"""A table breaks of its contract what pandera says that the whole frame does, in pieces too."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrorReason as Reason
from pandera.errors import SchemaErrors

from stagebook.data.contracts import repeats
from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.contracts.rules import built_in_name, rule
from stagebook.data.contracts.verdict import ContractVerdict
from stagebook.data.tables import table as tables
from stagebook.data.tables.table import Table

NAMES = ["a", "b", "c", "d"]
CODES = {
    Reason.COLUMN_NOT_IN_DATAFRAME: "column-missing",
    Reason.INVALID_COLUMN_NAME: "column-missing",
    Reason.COLUMN_NOT_IN_SCHEMA: "column-extra",
    Reason.COLUMN_NOT_ORDERED: "columns-unordered",
    Reason.WRONG_DATATYPE: "column-type",
    Reason.SERIES_CONTAINS_NULLS: "value-missing",
    Reason.SERIES_CONTAINS_DUPLICATES: "value-repeated",
    Reason.DUPLICATES: "value-repeated",
    Reason.DATAFRAME_CHECK: "value-refused",
    Reason.CHECK_ERROR: "check-raised",
}
Fact = tuple[str, str | None, str, int | None]

numbers = st.integers(-3, 3)
moments = st.integers(0, 3).map(lambda day: dt.datetime(2013, 1, 1 + day))
KINDS: dict[str, Any] = {
    "int64": numbers,
    "int8": numbers,
    "Int64": numbers,
    "float64": st.floats(-3, 3).map(lambda one: round(one, 1)) | st.just(float("inf")),
    "bool": st.booleans(),
    "str": st.sampled_from(["", "x", "yy", "zzz", "é"]),
    "category": st.sampled_from(["x", "yy"]),
    "datetime64[us]": moments,
    "datetime64[ns, UTC]": moments.map(lambda one: one.replace(tzinfo=dt.UTC)),
    "object": moments.map(lambda one: one.date()),
}
GAPS = ("Int64", "float64", "str", "category", "datetime64[us]", "datetime64[ns, UTC]", "object")


def is_even(series: Any) -> Any:
    return series.map(len if series.dtype == "str" else hash) % 2 == 0


def is_small_on_average(series: Any) -> bool:
    return bool(series.mean() < 1)


def is_short(value: Any) -> bool:
    return len(str(value)) < 3


def agrees(frame: Any) -> Any:
    return frame.iloc[:, 0].astype(str) != "x"


def has_rows(frame: Any) -> bool:
    return len(frame) > 0


def checks(kind: str) -> st.SearchStrategy[list[pa.Check]]:
    makers = [
        st.builds(pa.Check, st.just(is_even)),
        st.builds(pa.Check, st.just(is_small_on_average)),
        st.builds(pa.Check, st.just(is_short), element_wise=st.just(True), ignore_na=st.booleans()),
        st.builds(pa.Check.isin, st.lists(KINDS[kind], min_size=1, max_size=3)),
    ]
    if "int" in kind.lower() or kind == "float64":
        makers += [
            st.builds(pa.Check.ge, numbers),
            st.builds(pa.Check.in_range, numbers, st.just(3)),
        ]
    if kind == "str":
        makers += [
            st.builds(pa.Check.str_length, st.integers(1, 2), st.just(2)),
            st.builds(pa.Check.str_matches, st.sampled_from(["x", "y+"])),
        ]
    return st.lists(st.one_of(makers), max_size=2, unique_by=rule)


@st.composite
def columns(draw: Any, name: str, kind: str) -> pa.Column:
    asked = draw(st.sampled_from([kind, kind, kind, *KINDS, None]))
    return pa.Column(
        asked,
        draw(checks(kind)),
        nullable=draw(st.booleans()),
        unique=draw(st.booleans()),
        required=draw(st.booleans()),
        report_duplicates=draw(st.sampled_from(["all", "exclude_first", "exclude_last"])),
        name=name,
    )


@st.composite
def frames(draw: Any) -> tuple[pd.DataFrame, dict[str, str]]:
    rows = draw(st.integers(0, 9))
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=3))
    names = draw(st.permutations(NAMES))[: len(kinds)]
    data = {}
    for name, kind in zip(names, kinds, strict=True):
        values = KINDS[kind] | st.none() if kind in GAPS else KINDS[kind]
        drawn = draw(st.lists(values, min_size=rows, max_size=rows))
        data[name] = pd.Series(drawn, dtype=kind)
    return pd.DataFrame(data), dict(zip(names, kinds, strict=True))


@st.composite
def cases(draw: Any) -> tuple[pd.DataFrame, pa.DataFrameSchema, int]:
    frame, kinds = draw(frames())
    asked = [*kinds, *draw(st.sampled_from([[], [], ["e"]]))]
    asked = asked[draw(st.integers(0, 1)) :]
    order = draw(st.permutations(asked))
    rules = st.sampled_from([pa.Check(agrees), pa.Check(has_rows)])
    schema = pa.DataFrameSchema(
        {name: draw(columns(name, kinds.get(name, "int64"))) for name in order},
        draw(st.lists(rules, max_size=2, unique_by=rule)),
        strict=draw(st.booleans()),
        ordered=draw(st.booleans()),
        unique=draw(st.sampled_from([None, list(frame.columns)])),
    )  # fmt: skip
    return frame, schema, draw(st.integers(1, 4))


def by_pandera(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> set[Fact]:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        wrong = {one.column_name for one in errors.schema_errors if "dtype" in str(one.check)}
        return {fact(one, frame) for one in errors.schema_errors if not is_noise(one, wrong)}
    return set()


def is_noise(error: Any, wrong: set[Any]) -> bool:
    """Whether a check of pandera's own only stumbles over a type that is told already."""
    raised = error.reason_code == Reason.CHECK_ERROR
    return raised and error.column_name in wrong and built_in_name(error.check) != ""


def fact(error: Any, frame: pd.DataFrame) -> Fact:
    code, cases = CODES[error.reason_code], error.failure_cases
    column = getattr(error, "column_name", None)
    if code in ("column-missing", "column-extra"):
        return code, str(cases), "", None
    if code in ("column-type", "columns-unordered"):
        return code, column, "", None
    if code == "value-repeated":
        names = [column] if column else list(error.schema.unique)
        keep = {"all": False, "exclude_first": "first", "exclude_last": "last"}
        repeated = frame.duplicated(names, keep=keep[error.schema.report_duplicates])
        return code, names[0] if len(names) == 1 else None, "", int(repeated.sum())
    words = rule(error.check) if code in ("value-refused", "check-raised") else ""
    is_rows = isinstance(cases, pd.DataFrame) and code != "check-raised"
    return code, column, words, cases["index"].nunique() if is_rows else None


def by_us(verdict: ContractVerdict) -> set[Fact]:
    return {
        (
            one.code.replace("no-rows", "value-refused"),
            one.column,
            one.rule if one.code in ("value-refused", "check-raised", "no-rows") else "",
            None if one.code == "column-type" else one.failed,
        )
        for one in verdict.failures
    }


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_whole_and_in_pieces_a_table_breaks_what_pandera_says(
    case: tuple[pd.DataFrame, pa.DataFrameSchema, int],
) -> None:
    frame, schema, length = case
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        root = Path(folder)
        frame.to_parquet(root / "a.parquet", row_group_size=length)
        table = Table.open(root, "a.parquet")
        contract = Contract("tests:Some", schema)
        expected = by_pandera(schema, pd.read_parquet(root / "a.parquet"))
        whole = check(table, contract)
        assert by_us(whole) == expected
        held = check(table.loaded(), contract)
        assert (held.failures, held.rows) == (whole.failures, whole.rows)
        patch.setattr(tables, "CELLS", 2 * len(frame.columns))
        patch.setattr(repeats, "_SHARE", 2)
        # The table is too large to be one piece, but custom rules of rows still see all of it.
        parts = check(table, contract, budget=table.size - 1 if table.size > 1 else 0)
        assert (parts.failures, parts.rows) == (whole.failures, whole.rows)
        for one in expected:
            event(one[0])
