"""Rows to join must keep the schemas of the request sources."""

from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from places import moment, readings, weather
from refusals import problem, problems

from stagebook.features import FeatureService, RequestSource


class Ride(pa.DataFrameModel):
    """The columns of a request."""

    origin: str
    departure: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
    km: float = pa.Field(gt=0, le=200)
    seats: int = pa.Field(nullable=True, coerce=True)
    note: object = pa.Field(nullable=True)


RIDE = RequestSource("ride", schema=Ride)
SERVICE = FeatureService("rides", [RIDE["km", "seats", "note"], weather()], instant="departure")


def rides(**changed: Any) -> pd.DataFrame:
    """Two rides that keep the schema, with some columns changed."""
    values = {
        "origin": "EWR",
        "departure": [moment("05:00"), moment("06:00")],
        "km": [5.0, 7.5],
        "seats": 4,
        "note": "none",
    }
    return pd.DataFrame({**values, **changed})


def joined(rows: pd.DataFrame) -> pd.DataFrame:
    return SERVICE.historical(rows, {"weather": readings(("EWR", "04:00", 5.0, 0))})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"km": "x"}, "column-type"),
        ({"km": [5.0, -5.0]}, "value-refused"),
        ({"km": [5.0, 1e300]}, "value-refused"),
        ({"km": [5.0, None]}, "value-missing"),
        ({"km": True}, "column-type"),
        ({"seats": "4"}, "column-type"),
        ({"seats": [4.0, 4.5]}, "column-type"),
        ({"origin": ["EWR", None]}, "value-missing"),
    ],
)
def test_rows_that_break_the_schema_of_a_request_are_refused(
    changed: dict[str, Any], code: str
) -> None:
    refused = problem(joined, rides(**changed))
    assert refused.code == code
    assert refused.where is not None
    assert refused.where.file == __file__
    assert f"`{next(iter(changed))}`" in refused.message


def test_everything_that_is_wrong_is_said_at_once() -> None:
    rows = rides(km=-1.0, origin=[None, "EWR"], departure=pd.Timestamp("2013-05-01"))
    codes = [refused.code for refused in problems(joined, rows)]
    assert sorted(codes) == ["naive-time", "value-missing", "value-refused"]


@pytest.mark.parametrize(
    "changed",
    [
        {"km": [5, 7]},
        {"km": np.float32(5)},
        {"seats": [4.0, None]},
        {"seats": pd.array([4, None], "Int64")},
        {"note": [None, "text"]},
        {"origin": pd.Categorical(["EWR", "JFK"])},
        {"departure": pd.to_datetime(["2013-05-01 05:00", "2013-05-01 06:00"]).tz_localize("EST")},
        {"departure": pd.DatetimeIndex([moment("05:00"), moment("06:00")]).as_unit("ns")},
    ],
)
def test_another_dtype_of_the_same_kind_is_accepted(changed: dict[str, Any]) -> None:
    rows = rides(**changed)
    found = joined(rows)
    pd.testing.assert_frame_equal(found[list(rows.columns)], rows)


def test_rules_of_whole_rows_hold_if_all_their_columns_are_there() -> None:
    class Pair(pa.DataFrameModel):
        low: float
        high: float

        @pa.dataframe_check
        def ordered(cls, rows: pd.DataFrame) -> Any:
            return rows["low"] <= rows["high"]

    pair = RequestSource("pair", schema=Pair)
    rows = rides(low=2.0, high=1.0)
    tables = {"weather": readings(("EWR", "04:00", 5.0, 0))}
    whole = FeatureService("both", [pair, weather()], instant="departure")
    assert problem(whole.historical, rows, tables).code == "value-refused"
    part = FeatureService("low", [pair["low"], weather()], instant="departure")
    assert len(part.historical(rows, tables)) == 2


def test_a_time_that_is_out_of_range_is_named_with_its_row() -> None:
    rows = rides(departure=[moment("05:00"), pd.Timestamp("1500-01-01", tz="UTC").as_unit("us")])
    refused = problem(joined, rows)
    assert refused.code == "time-out-of-range"
    assert "`departure`" in refused.message
    assert "row 2" in refused.message
