"""The page of a deployed model's status: what is on it, and that it is safe."""

import re
from dataclasses import replace

import pytest
from elements import Elements
from monitored_statuses import EVIL, FIRST, METRICS, OTHER, OWN, empty, loss, status

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.figure import Figure
from stagebook.monitoring.signal import MonitorState
from stagebook.report.monitor_page import MOST_ROWS, MOST_SIGNALS, PageLinks, render_page, shown
from stagebook.report.monitor_words import NO_REQUESTS, STATE_WORDS, state


@pytest.fixture(scope="module")
def text() -> str:
    return render_page(status())


@pytest.fixture(scope="module")
def page(text: str) -> Elements:
    return Elements(text)


@pytest.mark.parametrize("state", list(MonitorState))
def test_the_state_is_a_word_a_sign_and_a_colour(state: MonitorState) -> None:
    page = Elements(render_page(status(state=state)))
    assert page.texts(f"p.state.{state.value} strong") == [state.value.capitalize()]
    (sentence,) = page.texts("p.state")
    assert STATE_WORDS[state] in sentence
    assert len(page.texts("p.state .sign")) == 1


def test_a_log_of_other_packages_alone_names_them() -> None:
    assert state(empty()).words == NO_REQUESTS
    one = replace(empty(), others=(OTHER,))
    assert state(one).words.endswith(f"; it is of 1 other package: {OTHER[:12]}")
    many = replace(empty(), others=tuple(digit * 64 for digit in "bcde"))
    assert state(many).words.endswith(
        "4 other packages: bbbbbbbbbbbb, cccccccccccc, dddddddddddd, …"
    )


def test_signs_of_states_differ() -> None:
    pages = [Elements(render_page(status(state=state))) for state in MonitorState]
    assert len({page.texts("p.state .sign")[0] for page in pages}) == 3


def test_each_signal_has_its_state_start_value_and_limit(page: Elements) -> None:
    assert page.texts(".signals li strong") == ["Act", "Look", "Look"]
    facts = page.texts(".signals li .facts span")[-4:]
    assert facts == ["Input drift", "since 2026-10-01", "value 0.250", "limit 0.125"]


def test_many_signals_are_folded_behind_the_worst() -> None:
    *_, drifted = status().signals
    page = Elements(render_page(status(signals=(drifted,) * 30)))
    assert len(page.select(".signals li")) == 30
    assert len(page.select("details .signals li")) == 30 - MOST_SIGNALS
    assert page.texts("details summary")[0] == f"{30 - MOST_SIGNALS} more"


def test_a_page_in_a_site_leads_to_the_profile_of_a_drifted_column_and_to_the_origin() -> None:
    own = shown(status(), PageLinks({EVIL: "data.html#c1"}, "model.html#lineage"))
    ways = [[address for _, address in links] for _, links in own["signals"]]
    assert ways[0] == ["model.html#lineage"]
    assert ways[-1] == ["data.html#c1", "model.html#lineage"]
    addresses = [address for *_, address in own["tables"][0].rows[0].drifted]
    assert addresses == ["data.html#c1", "", ""]


def test_each_watched_loss_has_a_figure_in_two_sizes_with_a_label(page: Elements) -> None:
    titles = ["Expected Brier score", "AUC with labels", "Refused requests"]
    assert page.texts("section.card h3") == titles
    charts = page.select("section.card svg.chart")
    assert [chart.is_a("svg.narrow") for chart in charts] == [False, True] * 3
    for chart in charts:
        assert chart.attributes["role"] == "img"
        assert " by day, " in chart.attributes["aria-label"]


def test_a_ranking_is_shown_as_the_auc(page: Elements) -> None:
    watched = loss([0.1] * 40 + [0.4] * 20, "ranking", "labels")
    legend = page.select("section.card figcaption")[1].text
    assert f"limit {1 - watched.limit:.3f}" in legend
    assert "split's days 0.900" in legend
    assert page.rows("section.card table.days")[62][:2] == ["2026-10-30", "0.600"]


def test_alarms_are_marked_in_the_picture_and_named_below(page: Elements) -> None:
    alarms = loss([0.1] * 40 + [0.4] * 20).alarms
    first = page.select("section.card")[0]
    below = [item.text for item in page.select("p.alarms") if item.parent is first]
    assert re.findall(r"\d{4}-\d\d-\d\d", below[0]) == list(alarms)
    assert len(page.select("svg.wide g.alarm")) == 2 * len(alarms)


def test_a_rise_without_enough_evidence_is_called_so() -> None:
    watched = loss([0.1] * 40 + [0.12] * 20)
    assert watched.unproven
    within = loss([0.1] * 40)
    shown = Elements(render_page(status(losses=(watched, within)))).texts("p.verdict")
    assert "evidence" in shown[0]
    assert "within" in shown[1]


def test_months_come_before_weeks_each_with_the_newest_first(page: Elements) -> None:
    headings = page.texts("h2")
    assert headings.index("Months") < headings.index("Weeks")
    names = [row[0] for row in page.rows("table.periods")]
    assert names[2:5] == ["test split", "2026-10 30 days", "2026-09"]
    weeks = [item.period.name for item in status().of(Cadence.WEEK)]
    assert [name[:8] for name in names[8:]] == weeks[::-1]


def test_earlier_weeks_of_a_long_log_are_folded() -> None:
    weeks = status().of(Cadence.WEEK)
    page = Elements(render_page(status(periods=weeks * 3)))
    rows = 3 * len(weeks)
    assert len(page.select("table.periods tbody th")) == rows + 1
    assert len(page.select("details.earlier tbody th")) == rows - MOST_ROWS
    assert page.texts("details.earlier summary") == [f"{rows - MOST_ROWS} earlier weeks"]


def test_a_period_has_its_requests_times_and_metrics_with_intervals(page: Elements) -> None:
    october = page.rows("table.periods")[3]
    assert october[1:3] == ["3,000", "5.0 %"]
    assert [float(time) for time in october[3:5]] == pytest.approx([4.0, 250.0], rel=0.01)
    assert october[5:7] == ["0.710 0.690 to 0.730", "0.125 0.100 to 0.150"]


def test_a_cut_off_period_says_how_many_days_it_has(page: Elements) -> None:
    names = [row[0] for row in page.rows("table.periods")]
    assert names[3] == "2026-10 30 days"
    assert names[4] == "2026-09"


def test_drifted_columns_have_effect_and_limit_and_further_ones_are_folded(page: Elements) -> None:
    assert page.texts(".columns .warned") == ["5 of 20"]
    assert page.texts(".columns li code") == [EVIL, "b", "c", "d", "e"]
    assert page.texts(".columns details li code") == ["d", "e"]
    assert set(page.texts(".columns li .quiet")) == {"0.250, limit 0.125"}


def test_realized_metrics_have_columns_only_if_there_are_any(page: Elements) -> None:
    assert len(page.rows("table.periods")[3]) == 8
    own = {"auc": Figure(0.655)}
    periods = [replace(item, realized=own, labelled=0.5) for item in status().periods]
    rows = Elements(render_page(status(periods=tuple(periods)))).rows("table.periods")
    assert rows[3][7:9] == ["50.0 %", "0.655"]
    assert rows[2][8].startswith(f"{METRICS['auc'].value:.3f}")
    assert len({len(row) for row in rows[2:5]}) == 1


def test_a_metric_that_cannot_be_computed_says_why() -> None:
    none = {"auc": Figure.absent("no row is positive")}
    periods = [replace(item, estimated=none) for item in status().periods]
    rows = Elements(render_page(status(periods=tuple(periods)))).rows("table.periods")
    assert rows[3][5] == "– no row is positive"


def test_packages_gaps_notes_and_problems_are_on_the_page(page: Elements) -> None:
    assert OWN in page.texts("main p code")
    assert page.texts(".others code") == [OTHER]
    assert page.texts(".gaps li") == ["2026-09-03 to 2026-09-04: 2 days"]
    assert page.texts(".notes li code") == [EVIL]
    (problem,) = page.texts(".problems li")
    assert problem.startswith("log/x.parquet: ")


def test_a_model_without_requests_is_not_called_ok() -> None:
    page = Elements(render_page(empty()))
    assert page.texts("p.state.unknown strong") == ["No requests"]
    assert page.texts("h2") == ["Packages"]


def test_what_came_from_the_log_is_escaped(text: str) -> None:
    assert EVIL not in text
    assert "script" not in Elements(text).tags


def test_the_page_loads_nothing_and_runs_nothing(text: str) -> None:
    assert not re.search(r"https?://|<script|url\(|@import| style=", text)
    assert "default-src 'none'" in text


def test_the_page_is_the_same_every_time(text: str) -> None:
    assert render_page(status()) == text


def test_one_day_of_requests_has_a_figure() -> None:
    page = Elements(render_page(status(losses=(loss([0.2]),))))
    days = page.rows("table.days")
    assert days[1] == [FIRST.isoformat(), "0.200", "0.200"]
