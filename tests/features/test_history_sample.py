"""A few rows of a history give, through online stores, what the whole history gives offline."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import TIMETABLE, departure_hour, moment, readings, weather, wind_by_distance

from stagebook.features import FeatureService
from stagebook.features.history_sample import GROUPS, HistorySample
from stagebook.model.feature_golden import FeatureGolden, differing

AIRPORTS = ("EWR", "JFK", "LGA")
minutes = st.integers(0, 12 * 60)


def service(ttl: timedelta | None) -> FeatureService:
    return FeatureService(
        "late",
        [weather(ttl=ttl), TIMETABLE["distance"], departure_hour, wind_by_distance],
        instant="departure",
    )


@st.composite
def histories(draw: st.DrawFn) -> pd.DataFrame:
    """Readings in any order: late ones, corrections, of the same time, without a value."""
    row = st.tuples(
        st.sampled_from((*AIRPORTS, None)),
        minutes,
        st.integers(0, 240),
        st.one_of(st.none(), st.floats(allow_nan=False)),
        st.integers(-(2**40), 2**40),
    )
    drawn = draw(st.lists(row, max_size=12))
    table = pd.DataFrame(drawn, columns=["origin", "minute", "late", "wind_mph", "gusts"])
    hour = moment("00:00") + pd.to_timedelta(table.pop("minute").astype("int64"), "min")
    late = pd.to_timedelta(table.pop("late").astype("int64"), "min")
    times = {"hour": hour.dt.as_unit("us"), "hour_end": (hour + late).dt.as_unit("us")}
    return table.astype({"wind_mph": "float64", "gusts": "int64"}).assign(**times)


@st.composite
def spines(draw: st.DrawFn) -> pd.DataFrame:
    row = st.tuples(
        st.sampled_from((*AIRPORTS, "SFO", None)),
        minutes,
        st.floats(0.5, 1e6),
    )
    drawn = draw(st.lists(row, min_size=1, max_size=10))
    rows = pd.DataFrame(drawn, columns=["origin", "minute", "distance"])
    after = pd.to_timedelta(rows.pop("minute").astype("float64"), "min")
    departure = (moment("00:00") + after).astype("datetime64[us, UTC]")
    return rows.assign(departure=departure, origin=rows["origin"].astype("object"))


def same(online: pd.DataFrame, offline: pd.DataFrame) -> bool:
    assert online.dtypes.equals(offline.dtypes)
    return not any(differing(online[name], offline[name]) for name in offline.columns)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    history=histories(),
    spine=spines(),
    ttl=st.one_of(st.none(), st.integers(1, 600).map(lambda value: timedelta(minutes=value))),
)
def test_a_replay_gives_what_the_offline_join_gives(
    history: pd.DataFrame, spine: pd.DataFrame, ttl: timedelta | None, tmp_path_factory: Any
) -> None:
    features = service(ttl)
    sample = HistorySample.of(features.resolution, spine, {"weather": history})
    offline = features.historical(spine, {"weather": history})[list(features.features)]
    chosen = offline.iloc[list(sample.places)].reset_index(drop=True)
    assert len(sample.places) == len(spine)  # ten instants need no more groups than there are
    assert same(sample.online(features.resolution), chosen)
    file = tmp_path_factory.mktemp("golden") / "rows.parquet"
    FeatureGolden(sample, chosen).write(file)
    again = FeatureGolden.parse(file.read_bytes())
    assert same(again.sample.online(features.resolution), again.expected)
    assert same(again.expected, chosen)


def test_instants_of_one_key_with_different_rows_are_in_different_groups() -> None:
    table = readings(("EWR", "04:00", 4.0, 1), ("EWR", "06:00", 5.0, 2), ("JFK", "04:00", 6.0, 3))
    times = ["04:30", "05:30", "05:40", "07:30", "07:30"]
    spine = pd.DataFrame(
        {
            "origin": ["EWR", "EWR", "EWR", "EWR", "JFK"],
            "departure": [moment(time) for time in times],
            "distance": 1.0,
        }
    )
    sample = HistorySample.of(service(None).resolution, spine, {"weather": table})
    groups = dict(zip(sample.places, sample.groups, strict=True))
    assert len({groups[0], groups[1], groups[3]}) == 3  # nothing known, the first, the second row
    assert groups[1] == groups[2]
    assert sample.views["weather"]["gusts"].to_pylist() == [None, 1, 1, 2, 3]


def test_a_row_that_has_expired_is_kept_so_that_the_ttl_is_applied_again() -> None:
    table = readings(("EWR", "04:00", 4.0, 1))
    spine = pd.DataFrame({"origin": ["EWR"], "departure": [moment("10:00")], "distance": 1.0})
    features = service(timedelta(hours=3))
    sample = HistorySample.of(features.resolution, spine, {"weather": table})
    assert sample.views["weather"]["gusts"].to_pylist() == [1]
    assert sample.online(features.resolution)["gusts"].isna().tolist() == [True]
    assert sample.online(service(timedelta(hours=7)).resolution)["gusts"].tolist() == [1]


def test_the_number_of_stores_is_bounded_and_rows_come_from_all_over_the_spine() -> None:
    times = [f"{hour:02}:{minute:02}" for hour in range(10) for minute in range(0, 60, 5)]
    table = readings(*(("EWR", time, 1.0, place) for place, time in enumerate(times)))
    spine = pd.DataFrame(
        {"origin": "EWR", "departure": [moment(time) + pd.Timedelta("1h") for time in times]}
    ).assign(distance=1.0)
    sample = HistorySample.of(service(None).resolution, spine, {"weather": table})
    assert len(sample.places) == GROUPS
    assert sample.places == tuple(sorted(sample.places))
    thirds = [place * 3 // len(times) for place in sample.places]
    assert min(thirds.count(third) for third in range(3)) > GROUPS // 5


@pytest.mark.parametrize(
    ("one", "other", "rows"),
    [
        ([0.0, 1.0], [-0.0, 1.0], [0]),
        ([0.1 + 0.2, None], [0.3, None], [0]),
        ([None, 1.0], [1.0, 1.0], [0]),
        (["a", None], ["a", "b"], [1]),
    ],
)
def test_columns_are_compared_to_the_bit(one: list[Any], other: list[Any], rows: list[int]) -> None:
    assert list(differing(pd.Series(one), pd.Series(other))) == rows


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "Float32", "float32", "str", "object"])
def test_a_column_equals_itself(dtype: str, tmp_path: Path) -> None:
    column = pd.Series([1, None, 0], dtype="object").astype(dtype)
    assert not differing(column, column.copy())
