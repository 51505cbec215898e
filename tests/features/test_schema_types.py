"""The columns of a view's table have the types of its schema, or the table is refused."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from places import AIRPORT, moment, readings, weather
from refusals import problem

from stagebook.features import FeatureService, FeatureView

TABLE = readings(("EWR", "04:00", 4.0, 1), ("JFK", "04:00", 8.5, 3))
SPINE = pd.DataFrame({"origin": ["EWR", "JFK"], "departure": moment("06:00")})
NOON = moment("12:00")


def view(dtype: Any, nullable: bool = True) -> FeatureView:
    """A view of readings of this dtype."""
    time = pd.DatetimeTZDtype("us", "UTC")
    kinds = {"origin": (str, False), "at": (time, False), "reading": (dtype, nullable)}
    columns = {name: pa.Column(kind, nullable=null) for name, (kind, null) in kinds.items()}
    return FeatureView(
        "readings",
        AIRPORT,
        table="data/readings.parquet",
        schema=pa.DataFrameSchema(columns),
        event_time="at",
        known_time="at",
        ttl=None,
    )


def joined(values: Any, definition: FeatureView) -> pd.Series:
    """The readings of two airports, joined from a table with these values."""
    table = TABLE[["origin"]].assign(at=TABLE["hour"], reading=values)
    service = FeatureService("late", [definition], instant="departure")
    return service.historical(SPINE, {"readings": table})["reading"]


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (float, ["a", "b"]),
        (float, [True, False]),
        (float, [NOON, NOON]),
        (float, [NOON.date(), NOON.date()]),
        (float, [Decimal("1.5"), Decimal("2.5")]),
        (int, ["1", "2"]),
        (int, [True, False]),
        (int, [1.5, 2.0]),
        (str, [1, 2]),
        (str, [1.5, 2.5]),
        (bool, [0, 1]),
        (bool, ["yes", "no"]),
        (pd.DatetimeTZDtype("us", "UTC"), ["2013-05-01", "2013-05-02"]),
        (pd.DatetimeTZDtype("us", "UTC"), [1, 2]),
        (pa.Date, [NOON, NOON]),
        (pa.Category(categories=["a", "b"]), [1, 2]),
    ],
)
def test_a_feature_of_another_kind_than_in_the_schema_is_refused(dtype: Any, values: Any) -> None:
    definition = view(dtype)
    refused = problem(joined, values, definition)
    assert refused.code == "column-of-another-type"
    assert refused.where == definition.where
    assert refused.where is not None
    assert refused.where.line
    assert all(name in refused.message for name in ("`readings`", "`reading`"))
    assert refused.hint


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (float, pd.Series([1, 2], dtype="int8")),
        ("float32", [1.5, 2.5]),
        ("int8", [1, 2]),
        (str, pd.Series(["a", "b"], dtype="category")),
        (pa.Category, ["a", "b"]),
        (pa.Category, [1, 2]),
        (object, [1, 2]),
        (list, [1, 2]),
        ("complex128", [1, 2]),
        (None, ["a", "b"]),
        (pa.DateTime, [NOON, NOON]),
        (pa.Date, [NOON.date(), NOON.date()]),
        (pa.Decimal(5, 2), [Decimal("1.50"), Decimal("2.50")]),
        (bool, [True, False]),
    ],
)
def test_a_feature_of_the_kind_of_the_schema_is_joined(dtype: Any, values: Any) -> None:
    assert joined(values, view(dtype)).tolist() == list(values)


def test_a_value_outside_of_a_check_is_left_to_the_contract() -> None:
    schema = weather().pandera.update_column("wind_mph", checks=pa.Check.ge(100))
    service = FeatureService("late", [weather(schema=schema)], instant="departure")
    assert service.historical(SPINE, {"weather": TABLE})["wind_mph"].tolist() == [4.0, 8.5]


@pytest.mark.parametrize(("dtype", "nullable"), [(int, True), ("Int64", False)])
def test_whole_floats_are_whole_numbers_that_may_be_missing(dtype: Any, nullable: bool) -> None:
    found = joined([3.0, None], view(dtype, nullable))
    assert str(found.dtype) == "Int64"
    assert (found[0], pd.isna(found[1])) == (3, True)


def test_floats_for_whole_numbers_that_are_never_missing_are_refused() -> None:
    assert problem(joined, [3.0, 4.0], view(int, nullable=False)).code == "column-of-another-type"


@pytest.mark.parametrize("values", [None, [float("nan")] * 2, pd.Series([None] * 2, dtype=str)])
def test_a_column_without_a_value_has_the_type_of_the_schema(values: Any) -> None:
    assert str(joined(values, view("Int64")).dtype) == "Int64"
    assert str(joined(values, view(float)).dtype) == "float64"


def test_a_key_of_another_kind_than_in_the_schema_is_refused() -> None:
    service = FeatureService("late", [weather()], instant="departure")
    asked = SPINE.assign(origin=[1, 2])
    refused = problem(service.historical, asked, {"weather": TABLE.assign(origin=[1, 2])})
    assert refused.code == "column-of-another-type"
    assert "`origin`" in refused.message


def test_no_store_is_written_from_a_file_of_another_type(tmp_path: Path) -> None:
    path = tmp_path / "weather.parquet"
    TABLE.assign(wind_mph=["calm", "strong"]).to_parquet(path)
    service = FeatureService("late", [weather(table=str(path))], instant="departure")
    refused = problem(service.materialize, tmp_path / "store.sqlite")
    assert refused.code == "column-of-another-type"
    assert list(tmp_path.iterdir()) == [path]
