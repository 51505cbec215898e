"""The status of a deployed model in the terminal."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from stagebook.cli import monitor_screen
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_summary import DaySummary
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.label_bounds import Bounds
from stagebook.monitoring.performance import PeriodPerformance, SlicePerformance
from stagebook.monitoring.period_status import DriftedColumn, PeriodStatus
from stagebook.monitoring.periods import Period
from stagebook.monitoring.signal import MonitorState, Signal, SignalKind
from stagebook.monitoring.status import MonitorStatus

OWN = "a" * 64
DRIFTED = ("demand_day", "demand_week", "prediction", "temperature")


AWAITED = "2014-10-31"
SLICES = {
    "north": SlicePerformance(900, 890, {"auc": Figure(0.61, 0.01, 0.6, 0.62)}),
    "south": SlicePerformance(500, 500, {"auc": Figure(0.8, 0.01, 0.79, 0.81)}),
    "east": SlicePerformance(88, 80, {"auc": Figure(0.71, 0.01, 0.7, 0.72)}),
    "west": SlicePerformance(80, 80, {"auc": Figure(0.72, 0.01, 0.7, 0.73)}),
    "other": SlicePerformance(80, 80, {"auc": Figure(0.9, 0.01, 0.88, 0.91)}),
}
LABELLED = PeriodPerformance(
    "2014-10",
    ("2014-10-01",),
    (AWAITED,),
    1488,
    1400,
    0,
    {"auc": Figure(0.7, 0.01, 0.69, 0.71)},
    {"auc": Bounds(0.4111, 0.9)},
    {"region": SLICES},
)


def labelled(width: int | None = None, waits: bool = True) -> list[str]:
    """The lines of a month with labels, of which a day may wait for them."""
    own = replace(LABELLED, waiting=(AWAITED,) if waits else ())
    facts = {"realized": own.figures, "labelled": 0.94, "performance": own}
    return lines({"auc": Figure(0.7)}, width, **facts)


def signals(count: int) -> tuple[Signal, ...]:
    """Reasons to look, all of them in one sentence."""
    facts = ("hour", "2014-10", "2014-10-01", "The feature `hour` drifted in 2014-10.")
    return tuple(Signal(SignalKind.INPUT_DRIFT, MonitorState.LOOK, *facts) for _ in range(count))


def lines(estimated: Mapping[str, Figure], width: int | None = None, **facts: Any) -> list[str]:
    """The lines of a month in which columns drifted."""
    summary = DaySummary(OWN, ("2014-10-01",), requests=1488)
    month = Period(Cadence.MONTH, "2014-10", date(2014, 10, 1), date(2014, 10, 31), summary)
    columns = tuple(DriftedColumn(SignalKind.INPUT_DRIFT, name, 0.9, 0.5) for name in DRIFTED)
    status = MonitorStatus(
        model="demand",
        package=OWN,
        others=(),
        state=MonitorState.OK,
        signals=(),
        total=summary,
        periods=(
            PeriodStatus(month, 7, columns, estimated, **facts),
            PeriodStatus(replace(month, cadence=Cadence.DAY, name=AWAITED), 0, (), {}, **facts),
        ),
        losses=(),
        reference={},
        gaps=(),
        notes=(),
        problems=(),
    )
    return shown(status, width)


def shown(status: MonitorStatus, width: int | None = None) -> list[str]:
    return [line.plain for line in monitor_screen.lines(status, width)]


def test_a_model_without_an_auc_has_no_column_of_it() -> None:
    without, classifier = (lines(estimated) for estimated in ({}, {"auc": Figure(0.7)}))
    assert without[2].split() == ["month", "requests", "refused", "drifted"]
    assert without[3].split()[:4] == ["2014-10", "1,488", "0.0%", "4/7"]
    assert classifier[2].endswith("AUC est.")
    assert classifier[3].split()[4] == "0.700"


def test_names_of_drifted_columns_fit_the_terminal() -> None:
    rows = {
        width: next(line for line in lines({}, width) if line.startswith("2014-10 "))
        for width in (120, 70, 52, 46)
    }
    assert rows[120].endswith("  demand_day, demand_week, prediction …")
    assert rows[70].endswith("  demand_day, demand_week …")
    assert rows[52].endswith("4/7  demand_…")
    assert rows[46].endswith("4/7  …")
    assert all(len(row) <= width for width, row in rows.items())


def test_a_month_that_waits_for_labels_has_the_range_of_its_auc() -> None:
    waits, complete = labelled(), labelled(waits=False)
    assert waits[2].split()[-4:] == ["labelled", "AUC", "AUC", "range"]
    assert waits[3].split()[5:8] == ["94.0%", "0.700", "0.41–0.90"]
    assert complete[2].endswith("labelled       AUC")
    assert any(line.startswith("1 day ") and AWAITED in line for line in waits)
    assert not any(AWAITED in line and " labels" in line for line in complete)


def test_the_worst_slices_of_the_last_month_are_shown() -> None:
    text = labelled()
    head = next(place for place, line in enumerate(text) if line.startswith("2014-10, worst"))
    rows = [line.split() for line in text[head + 1 : head + 7]]
    assert [row[2] for row in rows[:4]] == ["north", "east", "west", "south"]
    assert rows[0] == ["region", "=", "north", "900", "0.610", "0.600", "to", "0.620"]
    assert rows[4] == ["all", "rows", "1,648", "0.700", "0.690", "to", "0.710"]
    assert text[head + 6].startswith("and 1 other slice")


@pytest.mark.parametrize("width", [80, 100, 120])
def test_every_line_with_labels_fits_the_terminal(width: int) -> None:
    assert max(map(len, labelled(width))) <= width


def test_a_narrow_terminal_leaves_out_what_matters_least() -> None:
    names = labelled(80)[2].split("  ")
    assert [name for name in map(str.strip, names) if name][-4:] == [
        "AUC est.",
        "labelled",
        "AUC",
        "AUC range",
    ]
    assert "labelled" not in labelled(50)[2]


def test_many_reasons_are_counted_after_the_worst() -> None:
    status = MonitorStatus(
        "demand", OWN, (), MonitorState.LOOK, signals(40), None, (), (), {}, (), (), ()
    )
    reasons = [line for line in shown(status) if line.startswith("→")]
    assert len(reasons) == monitor_screen.MOST_SIGNALS + 1
    assert reasons[-1].startswith(f"→ {40 - monitor_screen.MOST_SIGNALS} more")


def test_without_requests_the_model_is_not_called_ok() -> None:
    status = MonitorStatus("demand", OWN, (), MonitorState.OK, (), None, (), (), {}, (), (), ())
    assert shown(status)[-1].startswith("no requests: ")
