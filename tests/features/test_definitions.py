"""Definitions of features: complete, or refused with the line to correct."""

import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from places import AIRPORT, TIMETABLE, Weather, departure_hour, weather, wind_by_distance
from refusals import problem

from stagebook.features import Entity, FeatureService, FeatureView, on_demand
from stagebook.project.errors import Where


def line_of(text: str) -> int:
    """The line of this file that has this text."""
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"known_time": ""}, "no-known-time"),
        ({"event_time": ""}, "no-event-time"),
        ({"known_time": "hour_ends"}, "no-column"),
        ({"event_time": "day"}, "no-column"),
        ({"features": ["wind"]}, "no-column"),
        ({"features": ["gusts", "gusts"]}, "repeated-name"),
        ({"ttl": timedelta(0)}, "bad-ttl"),
        ({"ttl": 3}, "bad-ttl"),
        ({"features": ["gusts", 1]}, "no-column"),
        ({"schema": dict}, "not-a-contract"),
        ({"table": 5}, "no-table"),
        ({"table": ""}, "no-table"),
        ({"known_time": "wind_mph"}, "not-a-time"),
        ({"event_time": "origin"}, "not-a-time"),
        ({"event_time": "gusts", "known_time": "gusts"}, "not-a-time"),
    ],
)
def test_a_view_that_is_not_complete_is_refused(changed: dict[str, Any], code: str) -> None:
    assert problem(lambda: weather(**changed)).code == code


@pytest.mark.parametrize(
    ("left_out", "code"),
    [
        ("ttl", "no-ttl"),
        ("table", "no-table"),
        ("schema", "not-a-contract"),
        ("event_time", "no-event-time"),
        ("known_time", "no-known-time"),
    ],
)
def test_a_view_that_leaves_something_out_is_refused_at_its_line(left_out: str, code: str) -> None:
    values: dict[str, Any] = {
        "table": "data/weather.parquet",
        "schema": Weather,
        "event_time": "hour",
        "known_time": "hour_end",
        "ttl": None,
    }
    del values[left_out]
    refused = problem(lambda: FeatureView("weather", AIRPORT, **values))
    assert refused.code == code
    assert refused.where == Where(__file__, line=line_of('FeatureView("weather", AIRPORT'))


def test_a_service_without_instant_is_refused_at_its_line() -> None:
    refused = problem(lambda: FeatureService("unfinished", [weather()]))
    assert refused.code == "no-instant"
    assert refused.where == Where(__file__, line=line_of('FeatureService("unfinished"'))


def test_times_of_any_type_are_left_to_the_table() -> None:
    schema = weather().pandera.update_columns({name: {"dtype": None} for name in ("hour",)})
    assert weather(schema=schema).event_time == "hour"


def test_one_name_is_one_key() -> None:
    assert Entity("airport", keys="origin") == AIRPORT


def test_a_view_without_known_time_is_refused_at_its_own_line() -> None:
    def define() -> FeatureView:
        return weather(known_time="")

    refused = problem(define)
    assert refused.where is not None
    assert refused.where.file.endswith("places.py")  # which makes it
    assert refused.where.line
    assert "known_time=" in refused.hint


def test_the_features_of_a_view_are_its_columns_but_keys_and_times() -> None:
    assert weather().features == ("wind_mph", "gusts")
    assert weather()["gusts"].features == ("gusts",)
    assert problem(lambda: weather()["gust"]).code == "no-feature"


@pytest.mark.parametrize(
    ("name", "keys", "code"),
    [
        ("air port", ["origin"], "bad-name"),
        ("airport", [], "no-key"),
        ("airport", ["\ud800"], "bad-name"),
        ("airport", ["origin", "origin"], "repeated-name"),
    ],
)
def test_an_entity_that_cannot_be_is_refused(name: str, keys: list[str], code: str) -> None:
    refused = problem(lambda: Entity(name, keys))
    assert refused.code == code
    assert refused.where is not None
    assert (refused.where.file, refused.where.line) == (__file__, line_of("Entity(name, keys))"))


def test_a_service_has_its_features_in_order_and_asks_for_columns_keys_and_instant() -> None:
    service = FeatureService(
        "late",
        [TIMETABLE["carrier", "distance"], weather()["wind_mph"], wind_by_distance, departure_hour],
        instant="departure",
    )
    names = ("carrier", "distance", "wind_mph", "wind_by_distance", "departure_hour")
    assert service.features == names
    assert service.request == ("carrier", "distance", "departure", "origin")


def test_an_on_demand_feature_may_need_another_that_is_named_later() -> None:
    @on_demand("float64")
    def twice(departure_hour: Any) -> Any:
        return departure_hour * 2

    service = FeatureService("late", [twice], instant="departure", helpers=[departure_hour])
    assert [feature.name for feature in service.resolution.on_demand] == ["departure_hour", "twice"]
    assert service.features == ("twice",)


def test_two_parts_with_one_feature_name_are_refused() -> None:
    other = FeatureView(
        "forecast",
        AIRPORT,
        table="data/forecast.parquet",
        schema=weather().schema,
        event_time="hour",
        known_time="hour",
        ttl=None,
    )
    refused = problem(lambda: FeatureService("late", [weather(), other], instant="departure"))
    assert refused.code == "repeated-feature"
    assert all(name in refused.message for name in ("weather", "forecast", "wind_mph"))
    assert (
        problem(
            lambda: FeatureService("late", [weather()["gusts"], weather()], instant="departure")
        ).code
        == "repeated-feature"
    )


@pytest.mark.parametrize("part", [weather(), TIMETABLE, departure_hour])
def test_a_part_that_is_named_twice_is_refused_and_may_be_a_helper(part: Any) -> None:
    options: dict[str, Any] = {"instant": "departure", "helpers": [TIMETABLE]}
    refused = problem(lambda: FeatureService("late", [part, part], **options))
    assert refused.code == "repeated-feature"
    assert refused.where is not None
    assert refused.where.file == __file__
    service = FeatureService("late", [part], **{**options, "helpers": [TIMETABLE, part]})
    assert len(service.features) == len(set(service.features))


class Gales(Weather):
    """Another schema of the same columns."""

    wind_mph: int


@pytest.mark.parametrize("changed", [{"ttl": None}, {"known_time": "hour"}, {"schema": Gales}])
def test_two_different_views_of_one_name_are_refused_with_both_places(
    changed: dict[str, Any],
) -> None:
    first, second = weather(where=Where("a.py", line=3)), weather(where=Where("b.py"), **changed)
    parts = [first["gusts"], second["wind_mph"]]
    refused = problem(lambda: FeatureService("late", parts, instant="departure"))
    assert refused.code == "repeated-definition"
    assert refused.where == second.where
    assert str(first.where) in refused.message


def test_selections_of_one_view_are_not_two_views() -> None:
    first, second = weather()["gusts"], weather()["wind_mph"]
    service = FeatureService("late", [first, second], instant="departure")
    assert service.features == ("gusts", "wind_mph")


@pytest.mark.parametrize("name", ["origin", "hour"])
def test_a_feature_with_the_name_of_a_key_or_the_instant_is_refused(name: str) -> None:
    view = weather(features=[name, "gusts"])
    refused = problem(lambda: FeatureService("late", [view], instant="hour"))
    assert (refused.code, name in refused.message) == ("repeated-feature", True)


def test_a_selection_or_an_instant_that_is_no_name_is_refused() -> None:
    assert problem(lambda: weather()[0]).code == "no-feature"  # type: ignore[index]
    assert problem(lambda: TIMETABLE[0]).code == "no-column"  # type: ignore[index]
    assert problem(lambda: FeatureService("late", [weather()], instant="")).code == "no-instant"
    assert problem(lambda: Entity("airport", keys=[""])).code == "no-key"


def test_a_part_alone_is_a_service() -> None:
    alone: Any = weather()
    service = FeatureService("late", alone, instant="departure")
    assert service.features == ("wind_mph", "gusts")


def test_an_on_demand_feature_whose_input_nothing_gives_is_refused_at_its_line() -> None:
    @on_demand("float64")
    def needs_more(visibility: Any) -> Any:
        return visibility

    refused = problem(lambda: FeatureService("late", [needs_more], instant="departure"))
    assert refused.code == "no-column"
    assert refused.where is not None
    assert refused.where.line == line_of("def needs_more") - 1  # its decorator


def test_on_demand_features_in_a_circle_are_refused() -> None:
    @on_demand("float64")
    def first(second: Any) -> Any:
        return second

    @on_demand("float64")
    def second(first: Any) -> Any:
        return first

    refused = problem(lambda: FeatureService("late", [first, second], instant="departure"))
    assert refused.code == "circular-features"


def test_a_parameter_that_names_no_column_is_refused() -> None:
    for function in (lambda *columns: columns, lambda wind=1: wind, lambda **more: more):
        function.__name__ = "odd"
        assert problem(lambda of=function: on_demand("float64")(of)).code == "bad-on-demand-feature"


def test_an_on_demand_feature_without_a_name_or_a_dtype_is_refused_at_its_line() -> None:
    for function in (lambda wind: wind, partial(max, 1)):
        refused = problem(lambda of=function: on_demand("float64")(of))
        assert (refused.code, refused.where is not None) == ("bad-on-demand-feature", True)


@pytest.mark.parametrize(
    "dtype",
    [lambda wind: wind, float, 8, None, "category", "flot64", "", "int65", "datetime64", "V8"],
)
def test_a_dtype_that_is_unknown_or_no_text_is_refused_at_its_line(dtype: Any) -> None:
    refused = problem(lambda: on_demand(dtype))
    assert refused.code == "bad-on-demand-feature"
    assert refused.where == Where(__file__, line=line_of("refused = problem(lambda: on_demand(d"))


@pytest.mark.parametrize(
    "dtype",
    ["float64", "Int64", "bool", "boolean", "str", "string", "object", "datetime64[us, UTC]"],
)
def test_a_dtype_that_pandas_knows_is_accepted(dtype: str) -> None:
    @on_demand(dtype)
    def own(wind_mph: Any) -> Any:
        return wind_mph

    assert own.dtype == dtype


@pytest.mark.parametrize("parts", [[], [AIRPORT], ["wind_mph"], None])
def test_a_service_of_anything_but_features_is_refused(parts: list[Any]) -> None:
    refused = problem(lambda: FeatureService("late", parts, instant="departure"))
    assert refused.code == "no-feature"


def test_definitions_import_neither_pandas_nor_duckdb() -> None:
    code = (
        "import sys, stagebook.features;"
        "print(sorted({'pandas', 'pandera', 'duckdb', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
