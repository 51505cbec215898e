"""The verdict on two models: by metric, margin and slices."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.model import paired_comparison
from stagebook.model.paired_comparison import PairedComparison
from stagebook.model.paired_metrics import NUMBER, PROBABILITY, PairedMetric, PairedScores
from stagebook.model.paired_verdict import Rule, Verdict, judge
from stagebook.project.settings import CompareSettings

RULE = Rule("auc", 0.0, 0.95, 0.5, None)


def scores(seed: int, rows: int, old: float, new: float) -> PairedScores:
    """Events, and two models that see them with some noise each."""
    random = np.random.default_rng(seed)
    signal = random.normal(size=rows)
    truth = (signal > 0).astype(float)
    seen = (1 / (1 + np.exp(-signal - noise * random.normal(size=rows))) for noise in (old, new))
    return PairedScores(truth, *seen)


def compared(pair: PairedScores, slices: Any = None, **changes: Any) -> PairedComparison:
    return paired_comparison.compare(PROBABILITY, pair, slices or {}, replace(RULE, **changes))


@pytest.mark.parametrize(
    ("low", "high", "margin", "verdict"),
    [
        (0.01, 0.03, 0.0, Verdict.BETTER),
        (-0.001, 0.03, 0.0, Verdict.UNDECIDED),
        (-0.001, 0.03, 0.002, Verdict.NOT_WORSE),
        (-0.001, 0.001, 0.002, Verdict.EQUIVALENT),
        (-0.002, -0.001, 0.002, Verdict.EQUIVALENT),
        (-0.03, -0.01, 0.002, Verdict.WORSE),
        (0.0, 0.0, 0.0, Verdict.EQUIVALENT),
    ],
)
def test_a_verdict_follows_from_interval_and_margin(
    low: float, high: float, margin: float, verdict: Verdict
) -> None:
    middle = (low + high) / 2
    assert judge(PairedMetric("auc", True, 0.7, 0.7, middle, low, high), margin) is verdict
    assert judge(PairedMetric("brier", False, 0.7, 0.7, -middle, -high, -low), margin) is verdict


@given(st.integers(0, 10_000), st.integers(1, 80))
def test_a_model_is_equivalent_to_itself_by_every_metric(seed: int, rows: int) -> None:
    pair = scores(seed, rows, 1.0, 1.0)
    same = PairedScores(pair.truth, pair.champion, pair.champion)
    for metric in ("brier", "log_loss", "accuracy"):
        result = compared(same, metric=metric)
        assert (result.verdict, result.reasons) == (Verdict.EQUIVALENT, ())
    assert result.disagreement.share == 0


@given(st.integers(0, 10_000), st.floats(0.5, 3), st.floats(0, 0.05))
def test_better_becomes_worse_or_equivalent_when_swapped(
    seed: int, noise: float, margin: float
) -> None:
    pair = scores(seed, 120, noise, 1.0)
    there = compared(pair, margin=margin).verdict
    back = compared(PairedScores(pair.truth, pair.challenger, pair.champion), margin=margin).verdict
    if there is Verdict.WORSE:
        assert back is Verdict.BETTER
    if there is Verdict.BETTER:
        assert back in (Verdict.WORSE, Verdict.EQUIVALENT)


def test_a_better_model_may_replace_and_a_worse_one_may_not() -> None:
    assert compared(scores(0, 2000, 2.0, 1.0)).may_replace
    worse = compared(scores(0, 2000, 1.0, 2.0))
    assert (worse.verdict, worse.may_replace, len(worse.reasons)) == (Verdict.WORSE, False, 1)


def test_few_rows_decide_nothing() -> None:
    result = compared(scores(0, 29, 5.0, 0.1))
    assert (result.verdict, result.may_replace) == (Verdict.UNDECIDED, False)
    assert "29 rows, fewer than 30" in result.reasons[0]


def test_few_events_decide_nothing_about_auc_alone() -> None:
    pair = scores(0, 400, 3.0, 0.1)
    rare = np.arange(400) < 9
    pair = replace(pair, truth=np.where(rare, 1.0, 0.0))
    assert compared(pair).verdict is Verdict.UNDECIDED
    assert "9 rows of a class" in compared(pair).reasons[0]
    assert "rows of a class" not in "".join(compared(pair, metric="brier").reasons)


def test_few_clusters_decide_nothing() -> None:
    pair = replace(scores(0, 2000, 2.0, 1.0), clusters=np.arange(2000) % 7)
    assert compared(pair).verdict is Verdict.UNDECIDED


def test_one_class_is_undecided_by_auc_and_decided_by_brier() -> None:
    pair = scores(0, 300, 2.0, 0.5)
    pair = pair.at(pair.truth > 0)
    assert compared(pair).verdict is Verdict.UNDECIDED
    assert compared(pair, metric="brier").verdict is Verdict.BETTER


def sliced() -> tuple[PairedScores, dict[str, Any]]:
    """A challenger that is better on most rows, and much worse on those of one city."""
    good, bad = scores(1, 4000, 2.0, 0.5), scores(2, 400, 0.5, 3.0)
    joined = (
        np.concatenate(both)
        for both in zip(
            (good.truth, good.champion, good.challenger),
            (bad.truth, bad.champion, bad.challenger),
            strict=True,
        )
    )
    city = np.array(["Bern"] * 4000 + ["Graz"] * 400, dtype=object)
    return PairedScores(*joined), {"city": city}


def test_a_slice_that_becomes_worse_keeps_a_better_model_out() -> None:
    pair, slices = sliced()
    assert compared(pair, slices).may_replace
    result = compared(pair, slices, slice_margin=0.02)
    assert (result.verdict, result.may_replace) == (Verdict.BETTER, False)
    assert [part.value for part in result.slices if part.worse] == ["Graz"]
    assert "city = Graz" in result.reasons[0]


def test_a_slice_of_few_rows_keeps_nobody_out() -> None:
    pair, slices = sliced()
    few = np.arange(len(pair.truth)) < 4029
    opposite = np.where(slices["city"] == "Graz", 1 - pair.champion, pair.challenger)
    pair = replace(pair, challenger=opposite)
    slices = {"city": slices["city"][few]}
    result = compared(pair.at(few), slices, slice_margin=0.02)
    assert result.may_replace
    assert [bool(part.few) for part in result.slices] == [False, True]


def test_intervals_of_slices_hold_together() -> None:
    pair, slices = sliced()
    halves = {"half": np.where(np.arange(len(pair.truth)) % 2, "a", "b").astype(object)}
    (alone,) = compared(pair, {"all": np.full(len(pair.truth), "all", object)}).slices
    assert alone.metrics == compared(pair).metrics
    confidence = 1 - 0.05 / 4
    for part in compared(pair, {**slices, **halves}).slices:
        rows = {**slices, **halves}[part.column] == part.value
        expected = compared(pair.at(rows), confidence=confidence).metrics
        assert part.metrics == expected


def test_numbers_have_no_decisions_and_are_judged_by_mae() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=500)
    pair = PairedScores(truth, truth + random.normal(size=500), truth + random.normal(0, 0.5, 500))
    rule = Rule.of(CompareSettings(), NUMBER)
    result = paired_comparison.compare(NUMBER, pair, {}, rule)
    assert (rule.metric, result.verdict) == ("mae", Verdict.BETTER)
    assert result.disagreement.share is None
