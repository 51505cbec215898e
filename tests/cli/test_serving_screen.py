"""The terminal shows what the tests of a deployment gave, in the width that it has."""

import pytest

from stagebook.cli import serving_screen
from stagebook.cli.serving_screen import LoadScreen, SoakScreen
from stagebook.serving.testing.load_test import LoadPlan, LoadReport, LoadResult
from stagebook.serving.testing.soak import SoakResult, SoakSpan

FAST = LoadResult(64, 63.5, [0.002] * 99 + [0.01], {}, 250_000_000)
SLOW = LoadResult(128, 90.0, [0.2] * 100, {"503": 3}, 251_000_000)


def test_each_rate_of_a_search_has_a_bar_and_the_highest_that_held_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = LoadPlan(1, None, 0.05)
    screen = LoadScreen(plan, as_json=False)
    for result in (FAST, SLOW):
        screen.measured(result)
    screen.finished(LoadReport(plan, [FAST, SLOW]))
    fast, slow, _, verdict = capsys.readouterr().out.splitlines()
    assert (fast[0], fast.count("█"), slow[0]) == ("✓", 1, "✗")
    assert fast.index("┊") == slow.index("┊")
    assert slow.count("█") == serving_screen._BAR
    assert "64 requests per second" in verdict


def test_a_rate_has_its_figures_and_a_histogram(capsys: pytest.CaptureFixture[str]) -> None:
    plan = LoadPlan(1, 64)
    LoadScreen(plan, as_json=False).finished(LoadReport(plan, [FAST]))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "answered",
        "p50",
        "p99",
        "p99.9",
        "failed",
        "memory",
        "latency",
    ]
    assert "█" in lines[-1]


def test_a_rate_that_nothing_answered_has_no_histogram(capsys: pytest.CaptureFixture[str]) -> None:
    plan = LoadPlan(1, 64, 0.05)
    nothing = LoadResult(64, 0.0, [], {"503": 64}, 1)
    LoadScreen(plan, as_json=False).finished(LoadReport(plan, [nothing]))
    shown = capsys.readouterr().out
    assert "503: 64" in shown
    assert "latency" not in shown


def test_what_grew_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    spans = [SoakSpan(FAST, handles) for handles in range(10)]
    SoakScreen(1, as_json=False).finished(SoakResult(spans))
    memory, handles, _ = capsys.readouterr().out.splitlines()
    assert (memory[0], handles[0]) == ("✓", "✗")
