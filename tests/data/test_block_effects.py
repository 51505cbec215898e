import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stagebook.data.drift import effects as effects_module
from stagebook.data.drift.alignment import ComparisonBasis, counts
from stagebook.data.drift.day_profiles import day_profiles, days_of
from stagebook.data.drift.drift import DriftVerdict, drift
from stagebook.data.drift.effects import BlockEffects, SpanEffects
from stagebook.data.drift.reference import Reference
from stagebook.data.drift.spans import Span
from stagebook.data.drift.threshold import DEFAULT, leave_one_out
from stagebook.data.drift.timeblocks import cut
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table

GAPS, VALUES = ComparisonBasis.GAPS, ComparisonBasis.VALUES
START = datetime(2023, 1, 1, tzinfo=UTC)


def rows(first, days, seed, low=0.0):
    """Orders of a shop, forty a day, with a temperature that has seasons."""
    random = np.random.default_rng(seed)
    n = 40 * days
    at = [START + timedelta(days=first, minutes=36 * place) for place in range(n)]
    season = [10 * np.sin(2 * np.pi * moment.timetuple().tm_yday / 365) for moment in at]
    price = random.normal(50 + low, 10, n)
    return pa.table(
        {
            "at": at,
            "price": pa.array([None if chance < 0.02 else x for x, chance in
                               zip(price, random.random(n), strict=True)], pa.float64()),
            "temperature": random.normal(12 + np.array(season), 4),
            "payment": random.choice(["card", "cash", "invoice"], n, p=[0.6, 0.3, 0.1]).tolist(),
            "member": (random.random(n) < 0.3).tolist(),
            "order": [f"{seed}-{place}" for place in range(n)],
        }
    )  # fmt: skip


class Shop:
    """The reference of a shop, and the effects of its blocks."""

    def __init__(self, folder, table):
        pq.write_table(table, folder / "t.parquet")
        self.table = Table.open(folder, "t.parquet")
        self.whole = profile(self.table)
        days = day_profiles(self.table, self.whole, days_of(self.table, "at"))
        self.effects = BlockEffects.of(self.whole, days, "at")

    def blocks(self, span):
        return tuple(cut(self.table, self.whole, "at", span)[1])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"), rows(0, 200, 1))


@pytest.mark.parametrize("span", [Span.DAY, Span.WEEK, Span.MONTH])
def test_the_effects_are_those_of_the_blocks_that_a_table_is_cut_into(shop, span):
    blocks = shop.blocks(span)
    of_span = shop.effects.at(span)
    assert of_span.blocks == len(blocks)
    assert sorted(of_span.columns) == sorted(shop.table.columns.names)
    for name, by_basis in of_span.columns.items():
        columns = [block.profile.column(name) for block in blocks]
        for on, effects in by_basis.items():
            exact = leave_one_out(counts(columns, on))
            assert effects == tuple(float(f"{effect:.4g}") for effect in exact)


def test_identifiers_have_effects_of_gaps_only(shop):
    by_basis = shop.effects.at(Span.DAY).columns
    assert set(by_basis["order"]) == {GAPS}
    assert set(by_basis["payment"]) == {GAPS, VALUES}


@pytest.mark.parametrize("low", [0.0, -6.0])
def test_a_comparison_with_effects_is_that_with_blocks(shop, low):
    batch = profile(Table.of_rows(rows(200, 31, 2, low)), shop.whole)
    blocks = Reference(shop.whole, shop.blocks(Span.MONTH), "at", Span.MONTH)
    expected = drift(blocks, batch)
    found = drift(Reference(shop.whole), batch, effects=shop.effects, span=Span.MONTH)
    assert found.calibration == expected.calibration
    assert found.calibrated
    assert [column.name for column in found.columns] == [one.name for one in expected.columns]
    assert found.verdict is (DriftVerdict.DRIFT if low else DriftVerdict.NO_DRIFT)
    for column, other in zip(found.columns, expected.columns, strict=True):
        assert column.reason == other.reason
        for finding, same in zip(column.findings, other.findings, strict=True):
            assert finding.effect == same.effect
            assert finding.threshold.value == pytest.approx(same.threshold.value, rel=1e-3)


def test_the_thresholds_are_those_of_the_batchs_span(shop):
    batch = profile(Table.of_rows(rows(200, 1, 2)), shop.whole)
    by_span = {
        span: drift(Reference(shop.whole), batch, effects=shop.effects, span=span)
        for span in (Span.DAY, Span.WEEK)
    }
    limits = {
        span: next(one for one in found.columns if one.name == "price").decisive.threshold.limit
        for span, found in by_span.items()
    }
    assert "days of the reference" in by_span[Span.DAY].calibration
    assert limits[Span.DAY] > limits[Span.WEEK]


def test_with_a_smaller_alpha_thresholds_are_higher(shop):
    batch = profile(Table.of_rows(rows(200, 7, 2)), shop.whole)
    thresholds = [
        drift(Reference(shop.whole), batch, alpha=alpha, effects=shop.effects, span=Span.WEEK)
        for alpha in (0.05, 0.001)
    ]
    usual, rare = (
        {column.name: column.findings[0].threshold.value for column in found.columns}
        for found in thresholds
    )
    assert all(rare[name] >= value for name, value in usual.items())
    assert rare["price"] > usual["price"]
    assert thresholds[1].as_json()["alpha"] == 0.001


def test_with_three_blocks_the_threshold_is_the_default_and_the_calibration_says_so(tmp_path):
    quarter = Shop(tmp_path, rows(0, 90, 1))
    assert quarter.effects.at(Span.MONTH) == SpanEffects(3, {})
    batch = profile(Table.of_rows(rows(90, 30, 2)), quarter.whole)
    found = drift(Reference(quarter.whole), batch, effects=quarter.effects, span=Span.MONTH)
    assert not found.calibrated
    assert "3 months; at least 4" in found.calibration
    assert {one.threshold.limit for column in found.columns for one in column.findings} == {DEFAULT}


def test_a_length_without_effects_is_not_calibrated(shop):
    found = drift(Reference(shop.whole), shop.whole, effects=shop.effects, span=Span.YEAR)
    assert not found.calibrated


def test_an_incomplete_block_is_left_out(tmp_path):
    table = rows(0, 40, 1)
    almost = pa.concat_tables([table, rows(40, 1, 2).slice(0, 5)])
    assert Shop(tmp_path, almost).effects.at(Span.DAY).blocks == 40


def test_effects_need_a_span_and_a_span_needs_effects(shop):
    for options in ({"effects": shop.effects}, {"span": Span.DAY}):
        with pytest.raises(ValueError, match="together"):
            drift(Reference(shop.whole), shop.whole, **options)


def test_with_many_columns_the_effects_of_the_last_blocks_are_kept(shop, monkeypatch):
    days = day_profiles(shop.table, shop.whole, days_of(shop.table, "at"))
    monkeypatch.setattr(effects_module, "MOST_EFFECTS", 60)
    few = BlockEffects.of(shop.whole, days, "at").at(Span.DAY)
    every = shop.effects.at(Span.DAY)
    assert few.blocks == 10
    assert few.columns["price"][VALUES] == every.columns["price"][VALUES][-10:]


def test_effects_are_read_as_they_were_written(shop):
    text = json.dumps(shop.effects.as_json())
    assert BlockEffects.from_json(json.loads(text)) == shop.effects


def test_effects_of_no_rows_are_none(shop):
    nothing = BlockEffects.of(shop.whole, {}, "at")
    assert nothing.at(Span.DAY) == SpanEffects(0, {})
    assert BlockEffects.from_json(nothing.as_json()) == nothing


@pytest.mark.parametrize(
    "spans",
    [
        {"fortnight": {"blocks": 4, "columns": {}}},
        {"day": {"blocks": 4, "columns": {"x": {"gaps": [0, 0, 0]}}}},
        {"day": {"blocks": 4, "columns": {"x": {"gaps": [0, 0, 0, 2]}}}},
        {"day": {"blocks": 4, "columns": {"x": {"gaps": [0, 0, 0, float("nan")]}}}},
        {"day": {"blocks": 4, "columns": {"x": {"shape": [0, 0, 0, 0]}}}},
        {"day": {"columns": {}}},
        [],
    ],
)
def test_impossible_effects_are_refused(spans):
    with pytest.raises(ValueError, match=r"."):
        BlockEffects.from_json({"format": 1, "time": "at", "spans": spans})


def test_effects_of_another_format_are_refused(shop):
    with pytest.raises(ValueError, match="format 1"):
        BlockEffects.from_json({**shop.effects.as_json(), "format": 2})


def test_243_days_of_25_columns_take_less_than_150_kilobytes():
    random = np.random.default_rng(1)

    def of(blocks):
        def drawn():
            return tuple(float(f"{effect:.4g}") for effect in random.random(blocks) / 5)

        names = [f"column_{place}" for place in range(25)]
        return SpanEffects(blocks, {name: {GAPS: drawn(), VALUES: drawn()} for name in names})

    spans = {Span.DAY: of(243), Span.WEEK: of(35), Span.MONTH: of(8)}
    text = json.dumps(BlockEffects("at", spans).as_json(), separators=(",", ":"))
    assert len(text) <= 150_000
