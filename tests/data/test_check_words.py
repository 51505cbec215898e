"""What a table breaks of its contract is said to whoever supplied the data."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.parquet as pq
import pytest

from stagebook.data.contracts.check import check, check_frame
from stagebook.data.contracts.contract import Contract
from stagebook.data.contracts.verdict import ContractVerdict
from stagebook.data.tables import table as tables
from stagebook.data.tables.table import Table

Columns = dict[str, pa.Column]
Fact = tuple[str, str | None, int | None, int | None, tuple[tuple[int, str], ...]]


def held(
    root: Path, data: Any, columns: Columns, *, budget: int = 10**9, **options: Any
) -> ContractVerdict:
    """The verdict on a frame in Parquet, or on the text of a CSV or JSON Lines file."""
    if isinstance(data, str):
        name = "a.jsonl" if data.startswith("{") else "a.csv"
        (root / name).write_text(data, encoding="utf-8")
    else:
        name = "a.parquet"
        frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
        frame.to_parquet(root / name)
    contract = Contract("rules:Some", pa.DataFrameSchema(columns, **options))
    return check(Table.open(root, name), contract, budget)


def facts(verdict: ContractVerdict) -> list[Fact]:
    """Code, column, broken rows of checked rows, and the sample of each failure."""
    return [
        (each.code, each.column, each.failed, each.rows, each.sample) for each in verdict.failures
    ]


def one(verdict: ContractVerdict) -> tuple[str, str]:
    (problem,) = verdict.problems()
    return problem.code, problem.message


def test_values_out_of_range_are_counted_and_the_first_five_shown(tmp_path: Path) -> None:
    frame = {"hour": [*range(24), 24, 31, -1, 25, 26, 27]}
    verdict = held(tmp_path, frame, {"hour": pa.Column(int, pa.Check.in_range(0, 23))})
    sample = ((25, "24"), (26, "31"), (27, "-1"), (28, "25"), (29, "26"))
    assert facts(verdict) == [("value-refused", "hour", 6, 30, sample)]
    assert one(verdict)[1].startswith("`hour`: between 0 and 23; 6 of 30 rows ")


def test_a_contract_that_holds_has_no_failures(tmp_path: Path) -> None:
    verdict = held(tmp_path, {"a": [1, 2]}, {"a": pa.Column(int)})
    assert (verdict.holds, verdict.rows, verdict.failures) == (True, 2, ())


def test_a_misspelt_column_is_suggested(tmp_path: Path) -> None:
    verdict = held(tmp_path, {"distnce": [1]}, {"distance": pa.Column(int)}, strict=True)
    missing, extra = verdict.problems()
    assert (missing.code, "`distnce`" in missing.hint) == ("column-missing", True)
    assert (extra.code, "`distance`" in extra.hint) == ("column-extra", True)


def test_columns_out_of_order_are_told_once(tmp_path: Path) -> None:
    columns = {name: pa.Column(int) for name in "abc"}
    verdict = held(tmp_path, {"c": [1], "a": [1], "b": [1]}, columns, ordered=True)
    code, message = one(verdict)
    assert code == "columns-unordered"
    assert message.index("`c`") < message.index("`a`")


def test_a_column_of_another_type_is_told_in_words_with_an_example(tmp_path: Path) -> None:
    verdict = held(tmp_path, {"a": ["x"]}, {"a": pa.Column(int)})
    message = "`a` should be a whole number, but is text, such as 'x' in row 1."
    assert one(verdict) == ("column-type", message)


def test_types_of_one_name_are_told_apart(tmp_path: Path) -> None:
    verdict = held(tmp_path, {"a": pd.Series([1], dtype="int8")}, {"a": pa.Column(int)})
    _, message = one(verdict)
    assert message.index("(int64)") < message.index("(int8)")


def test_a_time_zone_is_named(tmp_path: Path) -> None:
    moments = pd.Series(pd.to_datetime(["2013-01-01"])).dt.tz_localize("UTC")
    asked = pd.DatetimeTZDtype("us", "America/New_York")
    verdict = held(tmp_path, {"t": moments}, {"t": pa.Column(asked)})
    assert "America/New_York" in one(verdict)[1]


def test_missing_values_say_their_rows(tmp_path: Path) -> None:
    verdict = held(tmp_path, {"a": ["x", None, "y", None]}, {"a": pa.Column(str)})
    message = "`a`: no missing values; 2 of 4 rows have no value: row 2, 4."
    assert one(verdict) == ("value-missing", message)


def test_a_combination_that_repeats_shows_all_of_its_values(tmp_path: Path) -> None:
    columns = {"a": pa.Column(int), "b": pa.Column(str)}
    frame = {"a": [1, 2, 1], "b": ["x", "x", "x"]}
    for budget in (10**9, 1):
        verdict = held(tmp_path, frame, columns, unique=["a", "b"], budget=budget)
        sample = ((1, "a=1, b=x"), (3, "a=1, b=x"))
        assert facts(verdict) == [("value-repeated", None, 2, 3, sample)]
        assert "`a`, `b`" in one(verdict)[1]


def test_a_check_that_raises_is_named(tmp_path: Path) -> None:
    def has_friends(series: Any) -> Any:
        raise KeyError("friends")

    verdict = held(tmp_path, {"a": [1]}, {"a": pa.Column(int, pa.Check(has_friends))})
    message = "`a`: the check “has friends” raised KeyError: 'friends'."
    assert one(verdict) == ("check-raised", message)


def test_a_check_of_the_whole_column_is_simply_not_so(tmp_path: Path) -> None:
    rule = pa.Check(lambda column: column.mean() < 1, error="mean below 1")
    verdict = held(tmp_path, {"a": [1, 2]}, {"a": pa.Column(int, rule)})
    assert facts(verdict) == [("value-refused", "a", None, None, ())]
    assert "mean below 1" in one(verdict)[1]


def test_a_check_that_only_warns_is_a_note(tmp_path: Path) -> None:
    rule = pa.Check.ge(5, raise_warning=True)
    verdict = held(tmp_path, {"a": [1, 2]}, {"a": pa.Column(int, rule)})
    assert (verdict.holds, len(verdict.notes)) == (True, 1)


def test_no_rows_are_told_where_a_rule_asks_for_some(tmp_path: Path) -> None:
    rule = pa.Check(lambda frame: len(frame) > 0, error="at least one row")
    empty = pd.DataFrame({"a": pd.Series([], dtype=int)})
    assert held(tmp_path, empty, {"a": pa.Column(int)}).holds
    verdict = held(tmp_path, empty, {"a": pa.Column(int)}, checks=rule)
    assert one(verdict)[0] == "no-rows"


def test_long_values_are_cut_to_one_line(tmp_path: Path) -> None:
    frame = {"a": ["long\n" * 50]}
    verdict = held(tmp_path, frame, {"a": pa.Column(str, pa.Check.isin(["x"]))})
    ((_, value),) = verdict.failures[0].sample
    assert len(value) == 60
    assert "\n" not in value


def test_an_index_is_asked_in_vain(tmp_path: Path) -> None:
    verdict = held(tmp_path, {"a": [1]}, {"a": pa.Column(int)}, index=pa.Index(str, name="id"))
    assert one(verdict)[0] == "index-asked"
    assert held(tmp_path, {"a": [1]}, {"a": pa.Column(int)}, index=pa.Index(int)).holds


def test_an_index_that_pandas_wrote_is_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    verdict = held(tmp_path, frame, {"a": pa.Column(int)}, strict=True)
    (problem,) = verdict.problems()
    assert (problem.code, "index=False" in problem.hint) == ("column-extra", True)


def test_patterns_optional_columns_and_aliases_are_honoured(tmp_path: Path) -> None:
    class Model(pa.DataFrameModel):
        x: int = pa.Field(alias="x_[0-9]", regex=True, ge=2)
        y: float | None
        z: str = pa.Field(alias="the z")

    frame = {"x_1": [1, 2], "x_2": [0, 0], "the z": ["", ""]}
    schema = Model.to_schema()
    verdict = held(tmp_path, frame, schema.columns)
    assert [(f.column, f.failed) for f in verdict.failures] == [("x_1", 1), ("x_2", 2)]
    assert one(held(tmp_path, {"the z": [""]}, schema.columns))[0] == "column-missing"


def test_cells_of_csv_are_read_as_the_contract_says(tmp_path: Path) -> None:
    text = "i,n,s,t,c\n1,,007,2013-01-01,x\n2,5,008,2013-01-02 05:00,y\n"
    columns = {
        "i": pa.Column(int),
        "n": pa.Column("Int64", nullable=True),
        "s": pa.Column(str, pa.Check.str_length(3)),
        "t": pa.Column("datetime64[ns]"),
        "c": pa.Column(pd.CategoricalDtype(["x", "y", "z"])),
    }
    for budget in (10**9, 1):
        assert held(tmp_path, text, columns, budget=budget).failures == ()


def test_cells_that_do_not_fit_are_counted_with_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "CELLS", 4)
    text = "a,b\n1,x\nNA,y\n3.5,z\n,w\n-4,v\n"
    columns = {"a": pa.Column(int, pa.Check.ge(0)), "b": pa.Column(str)}
    for budget in (10**9, 1):
        unfit, missing, negative = facts(held(tmp_path, text, columns, budget=budget))
        assert unfit == ("column-type", "a", 2, 5, ((2, "'NA'"), (3, "'3.5'")))
        assert missing[:4] == ("value-missing", "a", 1, 5)
        assert [row for row, _ in missing[4]] == [4]
        assert negative == ("value-refused", "a", 1, 5, ((5, "-4"),))


def test_an_empty_cell_is_a_missing_value_of_any_type(tmp_path: Path) -> None:
    text = "i,b,c,s\n1,true,x,p\n,,,\n"
    for nullable in (True, False):
        columns = {
            "i": pa.Column("Int64", nullable=nullable),
            "b": pa.Column("boolean" if nullable else bool, nullable=nullable),
            "c": pa.Column(pd.CategoricalDtype(["x", "y"]), nullable=nullable),
            "s": pa.Column(str, nullable=nullable),
        }
        verdict = held(tmp_path, text, columns)
        found = [(one.code, one.column, one.failed) for one in verdict.failures]
        assert found == ([] if nullable else [("value-missing", name, 1) for name in "ibcs"])


def test_a_frame_in_memory_is_checked_and_left_as_it_is() -> None:
    frame = pd.DataFrame({"a": ["1", "x"]}, index=[5, 5])
    contract = Contract("x:X", pa.DataFrameSchema({"a": pa.Column(int, coerce=True)}))
    verdict = check_frame(frame, contract, "a.parquet")
    assert (verdict.path, verdict.rows) == ("a.parquet", 2)
    assert verdict.failures[0].sample == ((2, "'x'"),)
    assert frame.equals(pd.DataFrame({"a": ["1", "x"]}, index=[5, 5]))


def test_mixed_values_of_json_are_told_by_row(tmp_path: Path) -> None:
    text = '{"a": 1, "b": "x"}\n{"a": "many", "b": "y"}\n{"a": 2.5}\n'
    columns = {"a": pa.Column(int), "b": pa.Column(str, nullable=True)}
    sample = ((2, "'many'"), (3, "'2.5'"))
    assert facts(held(tmp_path, text, columns)) == [("column-type", "a", 2, 3, sample)]


def test_text_of_json_that_looks_like_a_date_stays_text(tmp_path: Path) -> None:
    text = '{"a": "2013-01-01", "b": true}\n{"a": "2013-01-02", "b": false}\n'
    columns = {"a": pa.Column(str, pa.Check.str_length(10)), "b": pa.Column(int)}
    sample = ((1, "True"), (2, "False"))
    assert facts(held(tmp_path, text, columns)) == [("column-type", "b", 2, 2, sample)]


def test_coerced_columns_are_checked_as_what_they_become(tmp_path: Path) -> None:
    columns = {"a": pa.Column(int, pa.Check.ge(2), coerce=True)}
    frame = {"a": ["1", "x", "3"]}
    for budget in (10**9, 1):
        assert facts(held(tmp_path, frame, columns, budget=budget)) == [
            ("column-type", "a", 1, 3, ((2, "'x'"),)),
            ("value-refused", "a", 1, 3, ((1, "1"),)),
        ]


def test_a_contract_that_parses_is_left_to_pandera(tmp_path: Path) -> None:
    columns = {"a": pa.Column(int, pa.Check.ge(2), parsers=pa.Parser(lambda s: s + 1))}
    verdict = held(tmp_path, {"a": [0, 1, 2]}, columns, budget=1)
    assert facts(verdict) == [("value-refused", "a", 1, 3, ((1, "1"),))]
    assert len(verdict.notes) == 1


def test_a_rule_of_rows_that_saw_only_parts_is_a_note(tmp_path: Path) -> None:
    rule = pa.Check(lambda frame: frame["a"] > 0, name="is_positive")
    verdict = held(tmp_path, {"a": [0, 1]}, {"a": pa.Column(int)}, checks=rule, budget=1)
    assert facts(verdict) == [("value-refused", None, 1, 2, ((1, "a=0"),))]
    assert "is positive" in one(verdict)[1]
    assert "“is positive”" in verdict.notes[0]


def test_all_missing_infinite_and_far_dates_are_no_obstacle(tmp_path: Path) -> None:
    data = arrow.table(
        {
            "none": arrow.nulls(3),
            "inf": [np.inf, -np.inf, np.nan],
            "far": arrow.array(
                [-62135596800000000, 253402214400000000, None], arrow.timestamp("us")
            ),
        }
    )
    pq.write_table(data, tmp_path / "a.parquet")
    columns = {
        "none": pa.Column(float, nullable=True),
        "inf": pa.Column(float, pa.Check.lt(1), nullable=True),
        "far": pa.Column("datetime64[us]", pa.Check.ge(pd.Timestamp("1900")), nullable=True),
    }
    contract = Contract("rules:Some", pa.DataFrameSchema(columns))
    table = Table.open(tmp_path, "a.parquet")
    verdict = check(table, contract)
    assert [(f.code, f.column) for f in verdict.failures] == [
        ("column-type", "none"), ("value-refused", "inf"), ("value-refused", "far"),
    ]  # fmt: skip
    assert verdict.failures[2].sample == ((1, "0001-01-01 00:00:00"),)
    assert check(table, contract, 1).failures == verdict.failures


def test_two_thousand_columns_are_checked(tmp_path: Path) -> None:
    frame = pd.DataFrame({f"c{number}": [number] for number in range(2000)})
    columns = {name: pa.Column(int, pa.Check.lt(1999)) for name in frame.columns}
    (fact,) = facts(held(tmp_path, frame, columns))
    assert fact == ("value-refused", "c1999", 1, 1, ((1, "1999"),))


def test_a_rule_of_rows_that_needs_a_missing_column_is_not_told_as_the_contracts_failure(
    tmp_path: Path,
) -> None:
    rule = pa.Check(lambda frame: frame["absent"] > frame["a"], error="absent is more than a")
    columns = {"a": pa.Column(int), "absent": pa.Column(int)}
    verdict = held(tmp_path, {"a": [1, 2]}, columns, checks=[rule])
    assert [one.code for one in verdict.failures] == ["column-missing"]
