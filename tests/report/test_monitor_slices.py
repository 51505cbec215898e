"""The slices and the bounds on the page of a deployed model."""

from dataclasses import replace

import pytest
from elements import Elements
from monitored_statuses import EVIL, labelled, status

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.status import MonitorStatus
from stagebook.report import monitor_slices
from stagebook.report.monitor_page import render_page


@pytest.fixture(scope="module")
def page() -> Elements:
    return Elements(render_page(labelled()))


def test_each_month_has_its_slices_the_newest_with_enough_rows_is_open(page: Elements) -> None:
    assert page.texts("details.slices summary strong") == ["2026-10", "2026-09"]
    opened = ["open" in item.attributes for item in page.select("details.slices")]
    assert opened == [True, False]


def test_the_worst_slice_is_first_and_a_column_with_one_value_is_left_out(page: Elements) -> None:
    rows = page.rows("table.parts-of-rows")[:7]
    assert [row[0] for row in rows] == [
        "slice",
        "all rows",
        "carrier",
        "bad",
        EVIL,
        "few",
        "one class",
    ]
    assert rows[3][1:4] == ["900", "98.9 %", "0.600 0.580 to 0.620"]
    assert rows[6][3] == "– all rows are of one class"


def test_a_slice_has_a_picture_of_each_metric_beside_the_month(page: Elements) -> None:
    bars = page.select("table.parts-of-rows td.bar svg")
    assert len(bars) == 2 * (5 + 4)  # one class has no AUC
    levels = [item for item in page.select("rect.level") if item.attributes["y"] == "0"]
    assert len(levels) == len(bars)


def test_an_axis_has_no_room_for_the_wide_interval_of_few_rows(page: Elements) -> None:
    assert page.texts("table.parts-of-rows .axis")[:2] == ["0.580 to 0.730", "0.100 to 0.200"]


def test_a_month_says_which_days_wait_and_between_which_values_it_will_be(page: Elements) -> None:
    assert page.texts("details.slices summary .quiet") == ["without 2 days that wait for labels"]
    october = page.rows("table.periods")[3]
    assert october[-3:-1] == [
        "0.710 0.690 to 0.730 all rows: 0.410 to 0.930",
        "0.125 0.100 to 0.150 all rows: 0.050 to 0.550",
    ]
    september = page.rows("table.periods")[4]
    assert september[-3] == "0.710 0.690 to 0.730"
    assert "Labels to come" in page.texts("h2")


def test_a_period_that_is_not_judged_has_its_bounds_alone() -> None:
    periods = [replace(item, realized={}) for item in labelled().periods]
    rows = Elements(render_page(labelled(periods=tuple(periods)))).rows("table.periods")
    assert rows[3][-3] == "– all rows: 0.410 to 0.930"


def test_without_labels_or_slices_nothing_is_said_of_them() -> None:
    headings = Elements(render_page(status())).texts("h2")
    assert not {"Slices", "Labels to come"} & set(headings)
    assert monitor_slices.tables(status()) == ()


def test_an_error_in_large_numbers_is_shown_to_four_digits() -> None:
    own = {"mae": Figure(1234.56, 1.0, 99.5, 2345.6), "rmse": Figure(12.345)}
    changed = []
    for item in labelled().periods:
        performance = item.performance
        if performance is not None and item.period.cadence is Cadence.MONTH:
            values = {
                value: replace(part, figures=own)
                for value, part in performance.slices["carrier"].items()
            }
            performance = replace(performance, figures=own, slices={"carrier": values})
        changed.append(replace(item, performance=performance))
    regression: MonitorStatus = labelled(periods=tuple(changed))
    page = Elements(render_page(regression))
    head = page.rows("table.parts-of-rows")[0]
    assert head[3::2] == ["mean absolute error", "root mean squared error"]
    assert page.rows("table.parts-of-rows")[1][3::2] == ["1,235 99.50 to 2,346", "12.35"]
