"""Columns that a check sees without a copy hold what pandas would have read."""

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.arrow import with_nan
from stagebook.data.tables.pieces import to_frame
from stagebook.data.tables.table import Table

floats = st.one_of(st.none(), st.floats(width=32), st.sampled_from([0.0, -0.0]))


@given(
    parts=st.lists(st.lists(floats, max_size=20), min_size=1, max_size=3),
    type_=st.sampled_from([pyarrow.float32(), pyarrow.float64()]),
    start=st.integers(0, 5),
)
def test_floats_with_gaps_are_those_of_pandas(parts, type_, start):
    numbers = [np.array(part, dtype=float).astype(type_.to_pandas_dtype()) for part in parts]
    masks = [[value is None for value in part] for part in parts]
    chunks = [
        pyarrow.array(one, mask=np.array(mask, dtype=bool), from_pandas=False)
        for one, mask in zip(numbers, masks, strict=True)
    ]
    rows = pyarrow.table({"a": pyarrow.chunked_array(chunks, type_)}).slice(start)
    expected, missing = rows.to_pandas(), rows.column("a").is_null().to_pylist()
    pd.testing.assert_frame_equal(to_frame(with_nan(rows)), expected)
    assert rows.column("a").is_null().to_pylist() == missing


def test_a_type_that_tells_gaps_from_nan_keeps_them(tmp_path):
    frame = pd.DataFrame({"a": pd.array([1.0, None, 3.0], dtype="Float64"), "b": [1.0, None, 3.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    found = to_frame(with_nan(pq.read_table(tmp_path / "a.parquet")))
    pd.testing.assert_frame_equal(found, frame)


@pytest.mark.parametrize("column", ["full", "gaps"])
def test_a_check_that_writes_into_its_rows_leaves_the_table_as_it_is(tmp_path, column):
    def spoil(frame: pd.DataFrame) -> bool:
        frame.loc[0, column] = 99.0
        return bool(frame.loc[0, column] == 99.0)

    pd.DataFrame({"full": [1.0, 2.0], "gaps": [1.0, None]}).to_parquet(tmp_path / "a.parquet")
    table = Table.open(tmp_path, "a.parquet").loaded()
    before = profile(table)
    schema = pa.DataFrameSchema({}, checks=pa.Check(spoil))
    assert check(table, Contract("rules:Spoil", schema)).holds
    assert profile(table) == before
