"""The status of a deployed model in the terminal."""

from collections.abc import Mapping
from datetime import date

from stagebook.cli import monitor_screen
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_summary import DaySummary
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.period_status import DriftedColumn, PeriodStatus
from stagebook.monitoring.periods import Period
from stagebook.monitoring.signal import MonitorState, SignalKind
from stagebook.monitoring.status import MonitorStatus

OWN = "a" * 64
DRIFTED = ("demand_day", "demand_week", "prediction", "temperature")


def lines(estimated: Mapping[str, Figure], width: int | None = None) -> list[str]:
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
        periods=(PeriodStatus(month, 7, columns, estimated),),
        losses=(),
        reference={},
        gaps=(),
        notes=(),
        problems=(),
    )
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
        for width in (120, 70, 46)
    }
    assert rows[120].endswith("  demand_day, demand_week, prediction …")
    assert rows[70].endswith("  demand_day, demand_week …")
    assert rows[46].endswith("4/7  …")
    assert all(len(row) <= width for width, row in rows.items())
