"""The same rows, the same bytes; the profiles of the parts, the profile of the whole."""

import datetime as dt
import tempfile
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagebook.data.profiles.merge import merge
from stagebook.data.profiles.profile import render
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables import table as tables
from stagebook.data.tables.table import Table

MICROSECONDS = st.integers(-(2**63) + 1, 2**63 - 2)
VALUES = {
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.int64(): st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.int8(): st.integers(-128, 127),
    pa.decimal128(20, 3): st.integers(-(10**20) + 1, 10**20 - 1).map(
        lambda one: Decimal(one).scaleb(-3)
    ),
    pa.timestamp("us"): MICROSECONDS,
    pa.timestamp("ns", "Europe/Berlin"): MICROSECONDS,
    pa.timestamp("ms"): st.integers(-(2**53), 2**53),
    pa.date32(): st.integers(-(2**31) + 1, 2**31 - 1),
    pa.time64("us"): st.integers(0, 86_399_999_999),
    pa.duration("ns"): MICROSECONDS,
    pa.string(): st.text(max_size=3),
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from("abc"),
    pa.bool_(): st.booleans(),
    pa.list_(pa.int64()): st.lists(st.integers(0, 9), max_size=2),
    pa.binary(): st.binary(max_size=2),
    pa.null(): st.none(),
}
TABLES = st.integers(0, 12).flatmap(
    lambda rows: st.lists(
        st.sampled_from(sorted(VALUES, key=str)).flatmap(
            lambda type_: st.lists(st.none() | VALUES[type_], min_size=rows, max_size=rows).map(
                lambda values: pa.array(values, type_)
            )
        ),
        min_size=1,
        max_size=5,
    ).map(lambda arrays: pa.table(arrays, [f"c{place}" for place in range(len(arrays))]))
)
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def written(folder: Path, name: str, *parts: pa.Table, group: int = 1000) -> Table:
    (folder / name).mkdir()
    for number, part in enumerate(parts):
        pq.write_table(part, folder / name / f"{number:02}.parquet", row_group_size=group)
    return Table.open(folder, name)


@quick
@given(TABLES, st.integers(1, 5), st.integers(0, 12))
def test_layout_and_threads_leave_no_trace_in_the_bytes(table, group, cut):
    with tempfile.TemporaryDirectory() as name:
        whole = profile(written(Path(name), "whole", table), threads=1)
        split = written(Path(name), "split", table[:cut], table[cut:], group=group)
        assert render(profile(split, threads=3)) == render(whole)


@quick
@given(TABLES, st.lists(st.integers(0, 12), min_size=1, max_size=3))
def test_the_profiles_of_parts_merge_to_that_of_the_whole(table, cuts):
    places = sorted({0, *cuts, len(table)})
    parts = [table[a:b] for a, b in pairwise(places)] or [table]
    with tempfile.TemporaryDirectory() as name:
        grids = profile(written(Path(name), "reference", table))
        whole = profile(written(Path(name), "whole", table), grids)
        merged = merge(
            [profile(written(Path(name), f"p{n}", part), grids) for n, part in enumerate(parts)]
        )
        assert render(merged) == render(whole) == render(grids)


@pytest.fixture(scope="module")
def large() -> pa.Table:
    """120,000 rows, more than a sample has and than one row group of the splits."""
    rows = range(120_000)
    return pa.table(
        {
            "x": [(n * 7919 % 100_003) / 7 for n in rows],
            "n": [None if n % 11 == 0 else n * n % 977 for n in rows],
            "t": pa.array([dt.datetime(2013, 1, 1) + dt.timedelta(minutes=4 * n) for n in rows]),
            "few": [f"carrier {n % 16}" for n in rows],
            "id": [f"{n % 40_000:05}" for n in rows],
            "late": [f"{n % 10_001}" for n in rows],
        }
    )


def test_twelve_months_merge_to_the_year(large, tmp_path):
    year = written(tmp_path, "year", large)
    reference = profile(year)
    months = [
        profile(
            written(tmp_path, f"{month}", large[month * 10_000 : (month + 1) * 10_000]), reference
        )
        for month in range(12)
    ]
    assert all(month.column("late").detail.counts is not None for month in months)
    assert render(merge(months)) == render(reference)


def test_the_sample_does_not_know_of_files_and_row_groups(large, tmp_path):
    whole = profile(written(tmp_path, "whole", large))
    parts = [large[:1], large[1:77_777], large[77_777:]]
    assert render(profile(written(tmp_path, "parts", *parts, group=9_999))) == render(whole)


def test_a_table_that_is_read_twice_has_the_profile_of_one_that_is_held(
    large, tmp_path, monkeypatch
):
    large.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    held = [render(profile(written(tmp_path, "held", large)))]
    held += [render(profile(Table.open(tmp_path, "t.csv")))]
    monkeypatch.setattr(tables, "HELD", 0)
    parts = written(tmp_path, "read", large[:7], large[7:], group=30_000)
    assert [render(profile(one)) for one in (parts, Table.open(tmp_path, "t.csv"))] == held


def test_the_grouping_of_merges_does_not_matter(large, tmp_path):
    reference = profile(written(tmp_path, "all", large))
    a, b, c = (
        profile(written(tmp_path, f"{n}", large[n * 40_000 : (n + 1) * 40_000]), reference)
        for n in range(3)
    )
    assert render(merge([merge([c, a]), b])) == render(merge([a, merge([b, c])]))
