"""What a supplier of the flights' tables reads when one of them is not as agreed."""

from pathlib import Path

import pandas as pd
import pytest

from flights.source import FLIGHT_TYPES
from flights.testing import flight, flights
from stagebook.contracts.check import check
from stagebook.contracts.contract import Contract
from stagebook.contracts.table import Table
from stagebook.notebook import cells, parameters_cell

ROOT = Path(__file__).parents[2]


def said(table: pd.DataFrame, stage: str, name: str, folder: Path) -> list[str]:
    """What is said of a table in place of a notebook's input."""
    signature = parameters_cell.parse(cells.read(f"notebooks/{stage}.ipynb", ROOT))
    spec = next(one.schema for one in signature.declared if one.name == name)
    assert spec
    table.to_parquet(folder / "input.parquet", index=False)
    return [
        one.message
        for one in check(Table.open(folder, "input.parquet"), Contract.load(spec)).problems()
    ]


@pytest.fixture
def year() -> pd.DataFrame:
    """One flight on the first of each month."""
    rows = (flight(f"2013-{month:02}-01", 900, arrives=1000) for month in range(1, 13))
    table = flights(*rows)
    return table.astype({name: type_ for name, type_ in FLIGHT_TYPES.items() if name in table})


def test_flights_of_every_month_are_as_agreed(year: pd.DataFrame, tmp_path: Path) -> None:
    assert said(year, "features", "flights", tmp_path) == []


def test_a_renamed_column_is_told_with_its_new_name(year: pd.DataFrame, tmp_path: Path) -> None:
    renamed = year.rename(columns={"dep_delay": "depdelay"})
    first = said(renamed, "features", "flights", tmp_path)[0]
    assert first == "`dep_delay` is not there; the contract asks for a whole number."


def test_minutes_as_text_are_told_with_an_example(year: pd.DataFrame, tmp_path: Path) -> None:
    texts = year.assign(air_time="40 min")
    (told,) = said(texts, "features", "flights", tmp_path)
    assert told.startswith("`air_time` should be a whole number, but is text")
    assert "40 min" in told


def test_a_missing_month_is_told(year: pd.DataFrame, tmp_path: Path) -> None:
    told = said(year[year["month"] != 2], "features", "flights", tmp_path)
    assert told == ["`month`: every month of the year has flights; it is not so."]


def test_a_day_that_comes_twice_is_told(year: pd.DataFrame, tmp_path: Path) -> None:
    twice = pd.concat([year, year[year["month"] == 3]])
    (told,) = said(twice, "features", "flights", tmp_path)
    assert told.startswith("`flight_id`: ")
    assert "2 of 13 rows repeat: row 3 has " in told
