import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import refusals

from stagebook.data.drift import reference as references
from stagebook.data.drift.alignment import OTHER_BINS, ComparisonBasis
from stagebook.data.drift.drift import DriftVerdict, drift
from stagebook.data.drift.reference import Reference
from stagebook.data.profiles.merge import merge
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("drift")


def stored(folder, columns):
    pq.write_table(pa.table(columns), folder / "t.parquet")
    return Table.open(folder, "t.parquet")


def rows(first, days, seed, *, warm=0.0, extra=None):
    """Some months of a shop: ten orders a day, a temperature with seasons, two sorts of customers.

    Args:
        first: The first day.
        days: How many.
        seed: Of chance.
        warm: Added to every temperature.
        extra: Columns to put in, or in place of others.
    """
    random = np.random.default_rng(seed)
    n = 10 * days
    at = [first + DAY * (place / 10) for place in range(n)]
    season = [10 * np.sin(2 * np.pi * moment.timetuple().tm_yday / 365) for moment in at]
    columns = {
        "at": at,
        "price": random.normal(50, 10, n),
        "temperature": random.normal(12 + np.array(season), 4) + warm,
        "payment": random.choice(["card", "cash", "invoice"], n, p=[0.6, 0.3, 0.1]).tolist(),
        "member": (random.random(n) < 0.3).tolist(),
        "order": [f"{seed}-{place}" for place in range(n)],
    }
    return {**columns, **(extra or {})}


START = datetime(2023, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def year(folder):
    return references.of_table(stored(folder, rows(START, 365, 1)))


@pytest.fixture(scope="module")
def judge(folder, year):
    def judged(**options):
        extra = options.pop("extra", None)
        table = rows(START + 365 * DAY, 31, 2, **options, extra=extra)
        return drift(year, profile(stored(folder, table), year.profile))

    return judged


def column(found, name):
    return next(one for one in found.columns if one.name == name)


def names(found):
    return [one.name for one in found.drifted]


def test_a_month_like_others_is_no_drift(judge):
    found = judge()
    assert found.verdict is DriftVerdict.NO_DRIFT
    assert found.calibrated
    assert "12 months" in found.calibration
    assert "`at`" in found.calibration


def test_months_of_the_reference_are_no_drift_against_the_others(year):
    for place, block in enumerate(year.blocks):
        others = year.blocks[:place] + year.blocks[place + 1 :]
        rest = replace(year, profile=merge([one.profile for one in others]), blocks=others)
        assert names(drift(rest, block.profile)) == []


def test_a_price_that_moves_is_drift(judge):
    shifted = np.random.default_rng(3).normal(60, 10, 310)
    assert names(judge(extra={"price": shifted})) == ["price"]


def test_what_moves_with_the_season_has_a_higher_threshold(judge):
    found = judge()
    seasonal, steady = column(found, "temperature"), column(found, "price")
    assert seasonal.decisive.effect > 2 * steady.decisive.effect
    assert seasonal.decisive.threshold.value > 2 * steady.decisive.threshold.value


def test_nulls_are_drift_even_where_values_move_with_the_season(judge):
    cold = [None if place % 10 == 0 else 2.0 + place % 7 for place in range(310)]
    found = judge(extra={"temperature": cold})
    assert names(found) == ["temperature"]
    assert column(found, "temperature").decisive.basis is ComparisonBasis.GAPS
    assert column(found, "temperature").distances.null_change == pytest.approx(0.1)


def test_a_column_of_nulls_is_drift(judge):
    assert names(judge(extra={"price": pa.nulls(310, pa.float64())})) == ["price"]


def test_infinities_and_nan_are_drift(judge):
    odd = np.random.default_rng(3).normal(50, 10, 310)
    odd[:15], odd[15:25] = np.inf, np.nan
    found = judge(extra={"price": odd})
    assert names(found) == ["price"]
    distances = column(found, "price").distances
    assert distances.infinite_change == pytest.approx(15 / 310)
    assert distances.nan_change == pytest.approx(10 / 310)
    assert distances.wasserstein < 5


def test_new_categories_are_named(judge):
    found = judge(extra={"payment": (["card"] * 6 + ["cash"] * 2 + ["coupon", "IOU"]) * 31})
    assert names(found) == ["payment"]
    distances = column(found, "payment").distances
    assert distances.new_categories == ("IOU", "coupon")
    assert distances.new_share == pytest.approx(0.2)
    assert distances.chi_square.cramers_v > 0.1


def test_identifiers_and_times_are_not_compared_by_value(judge):
    found = judge()
    assert column(found, "order").reason
    assert column(found, "at").reason


def test_the_smaller_a_batch_the_more_it_may_differ(folder, year):
    values = [
        column(
            drift(year, profile(stored(folder, rows(START, days, 5)), year.profile)), "payment"
        ).findings[1]
        for days in (1, 31)
    ]
    assert values[0].threshold.noise > values[1].threshold.noise
    assert values[0].threshold.value > values[1].threshold.value


def test_a_threshold_is_higher_among_more_columns(year):
    batch = year.blocks[0].profile
    alone = replace(batch, columns=(batch.column("price"),))
    limits = [column(drift(year, one), "price").findings[1].threshold for one in (alone, batch)]
    assert limits[0].limit < limits[1].limit
    assert limits[0].noise < limits[1].noise


def test_a_batch_that_is_shorter_than_the_blocks_is_told(folder, year):
    found = drift(year, profile(stored(folder, rows(START, 3, 5)), year.profile))
    assert any("3 days" in note for note in found.notes)


def test_without_a_time_the_verdict_says_that_it_is_not_calibrated(folder):
    reference = references.of_table(stored(folder, {"x": list(range(100))}))
    found = drift(reference, reference.profile)
    assert not found.calibrated
    assert found.calibration.startswith("Not calibrated: ")
    assert found.verdict is DriftVerdict.NO_DRIFT


def test_without_blocks_later_times_are_no_drift(folder, year):
    plain = Reference(year.profile)
    batch = profile(stored(folder, rows(START + 400 * DAY, 31, 2)), year.profile)
    assert column(drift(plain, batch), "at").reason
    assert "at" not in names(drift(plain, batch))


def test_columns_of_one_side_are_told(folder, year):
    table = rows(START, 31, 2, extra={"colour": ["red"] * 310})
    del table["price"]
    found = drift(year, profile(stored(folder, table), year.profile))
    assert [problem.code for problem in found.problems] == ["column-lost", "column-added"]
    assert "price" in found.problems[0].message
    assert "colour" in found.problems[1].message
    assert found.verdict is DriftVerdict.DRIFT


def test_a_column_of_another_type_is_told(judge):
    found = judge(extra={"price": ["12.50"] * 310})
    assert [problem.code for problem in found.problems] == ["column-retyped"]
    message = found.problems[0].message
    assert all(word in message for word in ("`price`", "string", "double"))
    assert found.columns[0].name == "price"
    assert names(found) == ["price"]


def test_whole_numbers_in_place_of_real_ones_are_compared(judge):
    rounded = np.random.default_rng(3).normal(50, 10, 310).round().astype(int)
    assert column(judge(extra={"price": rounded}), "price").reason == ""


def test_a_profile_with_bins_of_its_own_is_compared_by_gaps_alone(folder, year):
    found = drift(year, profile(stored(folder, rows(START, 31, 2, warm=100.0))))
    assert column(found, "temperature").reason == OTHER_BINS
    assert any(OTHER_BINS in note for note in found.notes)


@pytest.mark.parametrize("side", ["reference", "batch"])
def test_a_side_without_rows_is_told(folder, year, side):
    empty = profile(stored(folder, {"price": pa.array([], pa.float64())}))
    pair = (Reference(empty), year.profile) if side == "reference" else (year, empty)
    problem = refusals.problem(drift, *pair)
    assert (problem.code, side in problem.message) == ("nothing-to-compare", True)


def test_tables_with_nothing_in_common_are_told(folder, year):
    batch = profile(stored(folder, {"other": [1]}))
    assert refusals.problem(drift, year, batch).code == "no-common-column"


def test_a_reference_of_nulls_can_be_compared(folder):
    nulls = {"x": pa.nulls(20, pa.float64()), "y": pa.nulls(20, pa.string())}
    reference = references.of_table(stored(folder, nulls))
    assert names(drift(reference, reference.profile)) == []
    filled = profile(stored(folder, {"x": [1.0] * 20, "y": ["a"] * 20}), reference.profile)
    assert sorted(names(drift(reference, filled))) == ["x", "y"]


def test_a_single_row_can_be_compared(folder, year):
    one = {name: values[:1] for name, values in rows(START, 1, 2).items()}
    assert drift(year, profile(stored(folder, one), year.profile)).rows == (3650, 1)


def test_what_drifted_comes_first_and_then_by_effect_over_threshold(judge):
    found = judge(extra={"price": np.random.default_rng(3).normal(70, 10, 310)})
    ratios = [one.ratio for one in found.columns]
    assert ratios == sorted(ratios, reverse=True)
    assert found.columns[0].name == "price"


def test_drift_is_plain_values_of_json(judge):
    values = json.loads(json.dumps(judge().as_json(), allow_nan=False))
    assert values["verdict"] == "no drift"
    assert {one["name"] for one in values["columns"]} >= {"price", "payment"}
