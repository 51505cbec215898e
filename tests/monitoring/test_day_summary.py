"""Summaries merge to those of all their requests, in any order, and survive as JSON."""

import datetime
import json
import tempfile
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import problem
from watched_logs import DAY, FRAME, NEXT, OTHER, OWN, SCORES, closed, reference, request, write

from stagebook.monitoring.day_summary import DaySummary, Occurrences, merge, parse, render
from stagebook.monitoring.latency import LatencyHistogram
from stagebook.monitoring.log_days import summarize
from stagebook.serving.refusal import RequestProblem, RowWarning

COUNTS = st.integers(0, 1000)
RULES = st.sampled_from([("missing-column", "km"), ("missing-column", ""), ("too-large", "")])
TIMES = st.datetimes(datetime.datetime(2026, 1, 1), datetime.datetime(2027, 1, 1))
INSTANTS = TIMES.map(lambda time: time.replace(tzinfo=datetime.UTC))
OCCURRENCES = st.builds(Occurrences, COUNTS, COUNTS)
SUMMARIES = st.builds(
    DaySummary,
    package=st.just(OWN),
    days=st.sets(st.sampled_from([DAY, NEXT, "2026-12-01"]), min_size=1).map(
        lambda days: tuple(sorted(days))
    ),
    requests=COUNTS,
    rows=COUNTS,
    statuses=st.dictionaries(st.sampled_from([200, 422, 500]), COUNTS),
    refusals=st.dictionaries(RULES, OCCURRENCES),
    warnings=st.dictionaries(RULES, COUNTS),
    latency=st.lists(st.floats(0, 1e4), max_size=5).map(LatencyHistogram.of),
    first=st.none() | INSTANTS,
    last=st.none() | INSTANTS,
    shadow=OCCURRENCES,
)

WARNING = RowWarning("outside-training-range", "High.", 1, "distance")
PROBLEM = RequestProblem("out-of-contract", "Low.", row=2, column="distance")
KINDS: list[dict[str, Any]] = [
    {},
    {"warnings": (WARNING,), "milliseconds": 40.0},
    {"status": 422, "features": None, "predictions": None, "problems": (PROBLEM,)},
    {"features": FRAME.drop(columns="carrier")},
    {"features": FRAME.assign(distance=["a", "b", "c"])},
    {"features": FRAME.assign(distance=FRAME["distance"] * 1.5, extra=1)},
    {"features": FRAME.assign(carrier=["é", "", "UA"]), "predictions": SCORES * 0.5},
    {"predictions": SCORES.assign(score=[np.nan, 2.0, 1.0])},
    {"role": "challenger"},
    {"package": OTHER},
]


@given(st.lists(SUMMARIES, min_size=1, max_size=4), st.randoms())
def test_the_order_of_a_merge_does_not_matter(summaries: list[DaySummary], random: Any) -> None:
    whole = render(merge(summaries))
    random.shuffle(summaries)
    assert render(merge(summaries)) == whole
    assert render(reduce(lambda left, right: merge([left, right]), summaries)) == whole


@given(SUMMARIES)
def test_json_gives_the_same_summary(summary: DaySummary) -> None:
    assert parse(render(summary)) == summary


@settings(max_examples=8)
@given(st.lists(st.sampled_from(KINDS), max_size=4), st.lists(st.sampled_from(KINDS), max_size=4))
def test_a_merge_of_two_logs_is_the_summary_of_both(
    left: list[dict[str, Any]], right: list[dict[str, Any]]
) -> None:
    entries = [[request(**facts) for facts in kinds] for kinds in (left, right)]
    with tempfile.TemporaryDirectory() as name:
        logs = [Path(name) / "left", Path(name) / "right", Path(name) / "both"]
        for log, part in zip(logs, [*entries, [*entries[0], *entries[1]]], strict=True):
            if part:
                write(log, *part)
        first, second, both = (summarize(log, DAY, reference()) for log in logs)
    assert set(both) == {*first, *second}
    for package, summary in both.items():
        parts = [side[package] for side in (first, second) if package in side]
        assert merge(parts) == summary
        assert render(merge(parts)) == render(summary)
        assert parse(render(summary)) == summary


def test_days_merge_to_the_period_of_both(tmp_path: Path) -> None:
    closed(tmp_path, request(DAY, 3), request(NEXT, 23))
    days = [summarize(tmp_path, day, reference())[OWN] for day in (DAY, NEXT)]
    week = merge(days)
    assert (week.days, week.requests) == ((DAY, NEXT), 2)
    assert (week.first, week.last) == (days[0].first, days[1].last)


def test_summaries_of_different_packages_do_not_merge() -> None:
    pair = [DaySummary(OWN, (DAY,)), DaySummary(OTHER, (DAY,))]
    assert problem(merge, pair).code == "packages-differ"


def test_summaries_on_other_grids_do_not_merge(tmp_path: Path) -> None:
    closed(tmp_path, request())
    moved = FRAME.assign(distance=FRAME["distance"] + 5000)
    pair = [summarize(tmp_path, DAY, reference(frame))[OWN] for frame in (FRAME, moved)]
    assert problem(merge, pair).code == "profile-columns"


def test_a_name_with_half_of_a_surrogate_pair_survives() -> None:
    summary = replace(DaySummary(OWN, (DAY,)), warnings={("new", "\ud800"): 1})
    assert parse(render(summary)) == summary
    assert render(summary).isascii()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"requests": -1},
        {"statuses": [[200]]},
        {"latency": None},
        {"first": "yesterday"},
        {"features": {"rows": 3}},
        {"shadow": [1, "2"]},
        {"scores": {"bins": 5}},
    ],
)
def test_what_is_not_a_summary_is_refused(change: dict[str, Any]) -> None:
    values = DaySummary(OWN, (DAY,)).as_json() | change
    refused = problem(parse, json.dumps(values), "day.json")
    assert refused.code == "bad-day-summary"
    assert refused.where is not None
    assert refused.where.file == "day.json"


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000])
def test_a_text_that_is_no_summary_is_refused(text: str) -> None:
    assert problem(parse, text).code == "bad-day-summary"


def test_an_absent_column_of_one_day_is_counted_in_the_week(tmp_path: Path) -> None:
    closed(tmp_path, request(DAY), request(NEXT, features=FRAME.drop(columns="late")))
    week = merge([summarize(tmp_path, day, reference())[OWN] for day in (DAY, NEXT)])
    assert week.features is not None
    assert week.features.absent == {"late": 3}
    assert pd.Series([column.rows for column in week.features.columns]).tolist() == [6, 6, 6, 3, 6]
