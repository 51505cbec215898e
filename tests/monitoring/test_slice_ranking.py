"""Slices are ordered by how bad the model is on them for certain."""

from dataclasses import replace

import pytest

from stagebook.monitoring.figure import Figure
from stagebook.monitoring.performance import PeriodPerformance, SlicePerformance
from stagebook.monitoring.slice_ranking import latest, main_metric, ranked


def month(metric: str, slices: dict[str, Figure]) -> PeriodPerformance:
    whole = Figure(0.7, 0.01, 0.69, 0.71)
    own = {value: SlicePerformance(50, 50, {metric: figure}) for value, figure in slices.items()}
    alone = {"x": SlicePerformance(50, 50, {metric: whole})}
    figures = {metric: whole}
    slices_of = {"carrier": own, "alone": alone}
    return PeriodPerformance("2026-10", ("2026-10-01",), (), 50, 50, 0, figures, {}, slices_of)


WIDE, LOW, HIGH = (
    Figure(0.4, 0.2, 0.1, 0.9),
    Figure(0.5, 0.01, 0.48, 0.52),
    Figure(0.8, 0.0, 0.8, 0.8),
)


@pytest.mark.parametrize(
    ("metric", "order"), [("auc", ["low", "high", "wide"]), ("mae", ["high", "low", "wide"])]
)
def test_a_wide_interval_is_not_bad_by_chance(metric: str, order: list[str]) -> None:
    own = ranked(month(metric, {"wide": WIDE, "high": HIGH, "low": LOW}))
    assert [item.value for item in own] == order


def test_slices_without_a_value_come_last() -> None:
    none = Figure.absent("all rows are of one class")
    own = ranked(month("auc", {"none": none, "few": Figure(0.2), "high": HIGH}))
    assert [item.value for item in own] == ["high", "none", "few"]


def test_a_column_with_one_value_is_no_slice() -> None:
    assert {item.column for item in ranked(month("auc", {"low": LOW, "high": HIGH}))} == {"carrier"}


def test_without_a_metric_to_order_by_there_is_no_order() -> None:
    assert ranked(month("bias", {"low": LOW, "high": HIGH})) == ()
    assert main_metric({"rmse": HIGH, "mae": HIGH}) == "mae"


def test_a_month_that_has_just_begun_is_not_the_latest() -> None:
    months = [
        replace(month("auc", {"low": LOW, "high": HIGH}), name=name, rows=rows)
        for name, rows in (("2026-09", 900), ("2026-10", 800), ("2026-11", 40))
    ]
    last = latest(months)
    assert last is not None
    assert last.name == "2026-10"
    assert latest(replace(own, slices={}) for own in months) is None
