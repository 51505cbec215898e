"""What a profile says of numbers and times, against NumPy."""

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagebook.data.profiles.profile import Numbers
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table

RANDOM = np.random.default_rng(5)
SAMPLES = {
    "normal": RANDOM.normal(100, 3, 5000),
    "tenths": RANDOM.integers(0, 300, 5000) / 10,
    "hundredths": RANDOM.integers(-999, 999, 5000) / 100,
    "outlier": np.append(RANDOM.normal(0, 1, 5000), 1e12),
    "near zero": RANDOM.normal(0, 1e-250, 500),
    "huge": RANDOM.uniform(-1, 1, 500) * 1.7e308,
    "offset": 1e15 + RANDOM.integers(0, 9, 500) / 4,
    "mostly zero": np.where(RANDOM.random(5000) < 0.001, 7.5, 0.0),
    "integers": RANDOM.integers(0, 40, 5000),
    "codes": RANDOM.choice([100, 250, 990], 5000),
    "large integers": RANDOM.integers(-(2**63), 2**63 - 1, 5000),
    "ids": 2**62 + RANDOM.integers(0, 10**6, 5000),
}


def numbers(folder, values, reference=None) -> Numbers:
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table({"x": values}), folder / "t.parquet", row_group_size=700)
    detail = profile(Table.open(folder, "t.parquet"), reference).columns[0].detail
    assert isinstance(detail, Numbers)
    return detail


@pytest.mark.parametrize("name", SAMPLES)
def test_counts_extremes_and_moments_are_those_of_numpy(name, tmp_path):
    values = SAMPLES[name]
    found = numbers(tmp_path, values)
    edges = np.array(found.grid.edges, dtype=values.dtype)
    places = np.searchsorted(edges, values, side="right")
    assert found.counts == tuple(np.bincount(places, minlength=len(edges) + 1))
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    span = float(values.max()) / 2 - float(values.min()) / 2
    middle = float(values.max()) / 2 + float(values.min()) / 2
    scaled = (values.astype(np.longdouble) - np.longdouble(middle)) / np.longdouble(span)
    assert found.far == 0
    mean = float(scaled.mean() * np.longdouble(span) + np.longdouble(middle))
    assert abs(found.mean - mean) <= 2e-9 * span + math.ulp(mean)
    assert found.std / span == pytest.approx(float(scaled.std(ddof=1)), abs=2e-9)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(-(2**30), 2**30 - 1), min_size=2, max_size=20))
def test_sums_of_integers_are_exact(tmp_path, values):
    found = numbers(tmp_path, pa.array(values))
    assert found.mean == sum(values) / len(values)
    quantum = Fraction(found.grid.quantum)
    assert found.total * quantum == sum(one - found.grid.centre for one in values)
    assert found.squares * quantum**2 == sum((one - found.grid.centre) ** 2 for one in values)


def test_nan_and_both_infinities_are_counted_apart(tmp_path):
    values = pa.array([1.0, math.nan, 3.0, math.inf, math.inf, -math.inf, None])
    found = numbers(tmp_path, values)
    assert (found.nan, found.infinite_below, found.infinite_above, found.infinite) == (1, 1, 2, 3)
    assert (found.minimum, found.maximum, found.mean) == (1.0, 3.0, 2.0)


@pytest.mark.parametrize("values", [[math.nan, 1.0], [1.0, math.nan, 3.0, None]])
def test_nan_is_seen_although_statistics_of_parquet_leave_it_out(tmp_path, values):
    assert numbers(tmp_path, pa.array(values)).nan == 1


@pytest.mark.parametrize("values", [[-0.0, 0.0], [0.0, -0.0]])
def test_the_zero_is_not_negative(tmp_path, values):
    found = numbers(tmp_path, pa.array(values))
    assert math.copysign(1, found.minimum) == math.copysign(1, found.maximum) == 1


@pytest.mark.parametrize(
    "values",
    [
        pa.array([], pa.float64()),
        pa.array([None, None], pa.int64()),
        pa.array([math.nan, math.inf]),
        pa.array([None], pa.timestamp("us")),
    ],
    ids=["no row", "only null", "only infinite", "no time"],
)
def test_without_a_finite_value_there_is_one_bin_and_no_moment(tmp_path, values):
    found = numbers(tmp_path, values)
    assert found.grid.edges == ()
    assert found.counts == (0,)
    assert (found.minimum, found.maximum, found.mean, found.std) == (None, None, None, None)


@pytest.mark.parametrize(
    "constant", [7, 7.25, 0.0, -1e300, 5e-324, 2**63 - 1, Decimal("1.10"), dt.date(1, 1, 1)]
)
def test_a_constant_has_a_bin_of_its_own(tmp_path, constant):
    found = numbers(tmp_path, pa.array([constant] * 3))
    assert found.counts[:2] == (0, 3)
    assert found.minimum == found.maximum == found.grid.edges[0]
    assert found.mean == float(found.minimum)
    assert found.std == 0


def test_what_lies_too_far_out_for_the_sums_is_counted_apart(tmp_path):
    pq.write_table(pa.table({"x": [0.0, 0.5, 1.0]}), tmp_path / "r.parquet")
    reference = profile(Table.open(tmp_path, "r.parquet"))
    found = numbers(tmp_path, pa.array([0.25, 0.75, 1e9, 1.7e308]), reference)
    assert found.far == 2
    assert found.mean == 0.5
    assert found.maximum == 1.7e308
    assert sum(found.counts) == 4


def test_squares_beyond_64_bits_are_exact(tmp_path):
    pq.write_table(pa.table({"x": [0.0, 0.5, 1.0]}), tmp_path / "r.parquet")
    reference = profile(Table.open(tmp_path, "r.parquet"))
    found = numbers(tmp_path, pa.array([0.25, 6000.5, -31_000.0]), reference)
    offsets = [Fraction(one) - Fraction(0.5) for one in (0.25, 6000.5, -31_000.0)]
    assert found.far == 0
    assert found.squares * Fraction(found.grid.quantum) ** 2 == sum(one**2 for one in offsets)


def test_another_unit_is_not_too_far_out(tmp_path):
    pq.write_table(pa.table({"x": [0.0, 0.5, 1.0]}), tmp_path / "r.parquet")
    reference = profile(Table.open(tmp_path, "r.parquet"))
    assert numbers(tmp_path, pa.array([0.0, 500.0, 1000.0]), reference).mean == 500.0


def test_fractions_keep_their_mean_on_the_grid_of_a_whole_column(tmp_path):
    pq.write_table(pa.table({"x": [0, 1, 1, 0]}), tmp_path / "r.parquet")
    reference = profile(Table.open(tmp_path, "r.parquet"))
    found = numbers(tmp_path, pa.array([0.25, 0.75, 0.75]), reference)
    assert found.mean == pytest.approx(1.75 / 3, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "type_", "minimum"),
    [
        ([dt.date(1, 1, 1), dt.date(9999, 12, 31)], pa.date32(), -62135596800000000),
        ([dt.datetime(1, 1, 1), dt.datetime(9999, 1, 1)], pa.timestamp("s"), -62135596800000000),
        ([-(2**63) + 999, 2**63 - 2], pa.timestamp("ns", "UTC"), -9223372036854775),
        ([1_500, 10**15], pa.duration("ns"), 1),
        ([3], pa.duration("s"), 3_000_000),
        ([dt.time(12, 30)], pa.time32("s"), 45_000_000_000),
        ([dt.time(23, 59, 59, 999999)], pa.time64("ns"), 86_399_999_999),
    ],
)
def test_times_of_every_type_are_microseconds(tmp_path, values, type_, minimum):
    found = numbers(tmp_path, pa.array(values, type_))
    assert found.minimum == minimum
    assert found.infinite == 0


def test_dates_beyond_64_bits_are_infinite(tmp_path):
    values = pa.array([0, 2 * 10**8, -(2 * 10**8), 2**31 - 1], pa.int32()).cast(pa.date32())
    found = numbers(tmp_path, values)
    assert (found.finite, found.infinite_below, found.infinite_above) == (1, 1, 2)


def test_times_that_64_bits_of_microseconds_cannot_hold_are_infinite(tmp_path):
    values = pa.array([10**17, -(10**17), 0], pa.int64())
    for type_ in (pa.timestamp("ms"), pa.duration("ms")):
        found = numbers(tmp_path, values.cast(type_))
        assert (found.finite, found.infinite_below, found.infinite_above) == (1, 1, 1)


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_the_outermost_timestamps_are_infinite_as_in_postgresql(tmp_path, unit):
    values = pa.array([2**63 - 1, -(2**63) + 1, 0], pa.timestamp(unit))
    found = numbers(tmp_path, values)
    assert (found.finite, found.infinite_below, found.infinite_above) == (1, 1, 1)


@pytest.mark.parametrize("type_", [pa.timestamp("ns"), pa.timestamp("ns", "UTC")])
def test_times_finer_than_a_microsecond_are_cut(tmp_path, type_):
    found = numbers(tmp_path, pa.array([-1, 1_999], type_))
    assert (found.minimum, found.maximum) == (-1, 1)


def test_unequal_bins_of_calendar_months_are_counted_exactly(tmp_path):
    days = [dt.datetime(2010, 1, 1) + dt.timedelta(hours=7 * n) for n in range(5000)]
    found = numbers(tmp_path, pa.array(days))
    months = [
        dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=edge) for edge in found.grid.edges
    ]
    assert all(month.day == 1 and month.hour == 0 for month in months)
    first = sum(months[0] <= day < months[1] for day in days)
    assert found.counts[1] == first
    assert sum(found.counts) == 5000
