"""What check and profile both need of a column is made once."""

import pandas as pd
import pandera.pandas as pa
import pytest

from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables import hashing
from stagebook.data.tables.table import Table

ROWS = 30_000
SCHEMA = pa.DataFrameSchema({"id": pa.Column(str, unique=True, nullable=True, required=False)})


def ids(last: str | None) -> pd.DataFrame:
    return pd.DataFrame({"id": [*(f"{number:06}" for number in range(ROWS - 1)), last]})


@pytest.fixture
def asked(monkeypatch):
    """How many values each call has hashed."""
    sizes: list[int] = []
    hashes = hashing.hashes
    monkeypatch.setattr(
        hashing, "hashes", lambda columns: sizes.append(len(columns[0])) or hashes(columns)
    )
    return sizes


def test_a_column_that_is_held_is_hashed_once(tmp_path, asked):
    ids("é").to_parquet(tmp_path / "a.parquet")
    table = Table.open(tmp_path, "a.parquet").loaded()
    assert check(table, Contract("rules:Ids", SCHEMA)).holds
    profile(table)
    assert asked == [ROWS]


@pytest.mark.parametrize("last", ["é", "000000", None])
def test_the_profile_is_the_same_without_shared_hashes(tmp_path, monkeypatch, last):
    ids(last).to_parquet(tmp_path / "a.parquet", row_group_size=7_000)
    table = Table.open(tmp_path, "a.parquet")
    shared = profile(table)
    monkeypatch.setattr(Table, "hashes", lambda *_: None)
    assert profile(table) == shared


def test_a_repetition_is_found_by_shared_hashes(tmp_path):
    ids("000007").to_parquet(tmp_path / "a.parquet")
    (failure,) = check(Table.open(tmp_path, "a.parquet").loaded(), Contract("r:I", SCHEMA)).failures
    assert (failure.failed, failure.sample) == (2, ((8, "'000007'"), (ROWS, "'000007'")))


@pytest.mark.parametrize("last", ["x", "é€", "日本語のとても長い名前", ""])
def test_lengths_of_many_texts_are_in_characters(tmp_path, last):
    frame = ids(last)
    frame.to_parquet(tmp_path / "a.parquet")
    detail = profile(Table.open(tmp_path, "a.parquet")).columns[0].detail
    lengths = frame["id"].map(len)
    found = detail.shortest, detail.longest, detail.characters
    assert found == (lengths.min(), lengths.max(), lengths.sum())
