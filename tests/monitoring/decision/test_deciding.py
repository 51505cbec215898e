"""Every action is reached by a status for which a person would choose it."""

from dataclasses import replace
from typing import Any

import pytest
from decided import COSTS, DAYS, OLD, ROWS, comparison, loss, signal, status, wave
from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.decision.costs import Costs
from stagebook.monitoring.decision.deciding import decide
from stagebook.monitoring.decision.decision import Decision
from stagebook.monitoring.decision.option import Action
from stagebook.monitoring.loss_signals import ESTIMATE, LABELS
from stagebook.monitoring.signal import SignalKind

CALM = wave(0.15, DAYS)
RISEN = [*wave(0.15, 20), *wave(0.3, 40)]
HARDER = [*wave(0.15, 20), *wave(0.2, 40)]
"""Half of the rise of ``RISEN`` is to be expected from the scores, or less."""

DRIFT = signal(SignalKind.INPUT_DRIFT)


def action(own: dict[str, Any], costs: Costs = COSTS, **others: Any) -> Action:
    return decide(own, costs, **others).action


# Keep


def test_a_model_of_which_nothing_was_noticed_is_kept() -> None:
    decision = decide(status(loss(LABELS, CALM), loss(ESTIMATE, CALM)), COSTS)
    assert decision.action == "keep"
    assert not decision.option("retrain").possible
    assert decision.option("ask").gain.expected == -20.0  # type: ignore[union-attr]


def test_a_model_whose_rise_costs_less_than_a_retraining_is_kept() -> None:
    own = status(loss(LABELS, RISEN))
    decision = decide(own, replace(COSTS, retraining=5000.0))
    assert (decision.action, decision.state) == (Action.KEEP, "act")


def test_a_model_whose_requests_are_harder_is_kept() -> None:
    """That costs 45 times a retraining, but no other model finds them easier."""
    own = status(loss(LABELS, RISEN), loss(ESTIMATE, RISEN))
    decision = decide(own, COSTS)
    assert (decision.action, decision.state) == (Action.KEEP, "act")
    assert "harder" in decision.reason


def test_drift_of_a_model_that_labels_show_to_hold_is_no_reason() -> None:
    own = status(loss(LABELS, CALM), loss(ESTIMATE, CALM), signals=[DRIFT])
    assert own["state"] == "look"
    assert action(own) is Action.KEEP


def test_an_estimate_that_labels_refute_is_no_reason() -> None:
    own = status(loss(LABELS, CALM), loss(ESTIMATE, HARDER))
    assert own["state"] == "look"
    assert action(own) is Action.KEEP


def test_without_requests_nothing_is_at_stake() -> None:
    own = status() | {"first": "", "last": "", "periods": []}
    decision = decide(own, COSTS)
    assert (decision.action, decision.rows_per_day, decision.at) == (Action.KEEP, 0.0, "")


# Retrain


def test_a_rise_that_a_regression_shows_is_worth_a_retraining() -> None:
    own = status(loss(LABELS, RISEN), kind="regression", scale=20.0)
    decision = decide(own, COSTS)
    gain = decision.option("retrain").gain
    assert decision.action == "retrain"
    assert decision.excess is not None
    assert decision.excess.more.expected == pytest.approx(0.15 * 20, rel=0.01)
    assert decision.option("keep").cost == pytest.approx(30_000 * 0.15 * 20, rel=0.01)
    assert gain is not None
    assert gain.low == -100.0
    assert gain.expected == pytest.approx(30_000 * 0.15 * 20 / 2 - 100, rel=0.01)


def test_what_the_scores_let_expect_cannot_be_learned() -> None:
    alone = decide(status(loss(LABELS, RISEN)), COSTS)
    explained = decide(status(loss(LABELS, RISEN), loss(ESTIMATE, HARDER)), COSTS)
    assert explained.excess is not None
    assert explained.excess.explained == pytest.approx(0.05, rel=0.02)
    assert explained.excess.learnable == pytest.approx(0.10, rel=0.02)
    assert (alone.action, explained.action) == (Action.RETRAIN, Action.RETRAIN)
    less, more = (item.option("retrain").gain for item in (explained, alone))
    assert less is not None
    assert more is not None
    assert less.expected < more.expected


def test_without_labels_the_false_alarm_is_weighed_too() -> None:
    own = status(loss(ESTIMATE, HARDER))
    decision = decide(own, COSTS)
    gain = decision.option("retrain").gain
    assert decision.action == "retrain"
    assert gain is not None
    # 60 days with an alarm a year: at least one is false with 1 - exp(-60/365) = 0.151
    chance = 0.1516 / 1.1516
    regained = (1 - chance) * 30_000 * 0.05 / 2
    assert gain.expected == pytest.approx(regained - 100 - 20 * chance, rel=0.02)
    assert gain.low == -120.0
    rarer = decide({**own, "false_alarms": 0.01}, COSTS).option("retrain").gain
    assert rarer is not None
    assert rarer.expected > gain.expected


def test_a_challenger_that_is_better_replaces_a_model_that_nobody_complains_of() -> None:
    decision = decide(status(loss(LABELS, CALM)), COSTS, challenger=comparison(-0.02, 0.005))
    gain = decision.option("retrain").gain
    assert decision.action == "retrain"
    assert gain is not None
    ends = (gain.expected, gain.low, gain.high)
    assert ends == pytest.approx((500.0, 350.0, 650.0))


def test_a_challenger_counts_instead_of_the_bounds() -> None:
    own = status(loss(LABELS, RISEN), loss(ESTIMATE, CALM))
    decision = decide(own, COSTS, challenger=comparison(-0.1, 0.01))
    assert decision.action == "retrain"
    assert decision.option("retrain").cost == pytest.approx(30_000 * 0.05 + 100, rel=0.02)


@pytest.mark.parametrize(("difference", "half"), [(0.01, 0.005), (-0.002, 0.005)])
def test_a_challenger_that_is_not_shown_to_be_better_replaces_no_model_that_holds(
    difference: float, half: float
) -> None:
    decision = decide(status(loss(LABELS, CALM)), COSTS, challenger=comparison(difference, half))
    assert decision.action == "keep"
    assert decision.option("retrain").possible is False


# Roll back


def test_a_package_before_that_is_better_on_the_same_rows_comes_back() -> None:
    own = status(loss(LABELS, RISEN), loss(ESTIMATE, HARDER))
    previous = comparison(-0.14, 0.01, challenger=OLD)
    decision = decide(own, COSTS, previous=previous)
    assert decision.action == "roll back"
    assert "c" * 12 in decision.chosen.evidence[0]
    better = comparison(-0.149, 0.001)
    assert action(own, COSTS, previous=previous, challenger=better) is Action.RETRAIN


@pytest.mark.parametrize(("difference", "half"), [(0.01, 0.001), (-0.01, 0.02)])
def test_a_package_before_that_is_not_shown_to_be_better_stays_away(
    difference: float, half: float
) -> None:
    own = status(loss(LABELS, RISEN), loss(ESTIMATE, HARDER))
    decision = decide(own, COSTS, previous=comparison(difference, half))
    assert decision.action == "retrain"
    assert not decision.option("roll back").possible


# Ask


def test_an_uncertain_gain_with_a_large_stake_is_worth_a_look() -> None:
    own = status(loss(LABELS, [*wave(0.15, 20), *wave(0.3, 40, width=0.1)]))
    costs = replace(COSTS, retraining=2300.0)
    decision = decide(own, costs)
    gain = decision.option("retrain").gain
    assert decision.action == "ask"
    assert gain is not None
    assert gain.is_open
    assert action(own, replace(costs, false_alarm=20_000.0)) is Action.KEEP
    sure = status(loss(LABELS, RISEN))
    assert action(sure, replace(COSTS, retraining=2000.0)) is Action.RETRAIN


def test_a_look_is_no_way_to_know_what_a_retraining_would_learn() -> None:
    """However large the stake is."""
    own = status(loss(LABELS, RISEN), rows=1000 * ROWS)
    assert action(own) is Action.RETRAIN


@pytest.mark.parametrize("values", [RISEN, CALM])
def test_a_broken_log_is_no_matter_of_the_model(values: list[float]) -> None:
    own = status(loss(LABELS, values), signals=[signal(SignalKind.DATA)])
    better = comparison(-0.1, 0.001)
    decision = decide(own, COSTS, challenger=better, previous=better)
    assert decision.action == "ask"
    assert [option.possible for option in decision.options] == [True, False, False, True]


def test_refused_requests_alone_are_no_matter_of_the_model() -> None:
    own = status(loss(LABELS, CALM), signals=[signal(SignalKind.REFUSALS)])
    assert action(own) is Action.ASK
    failing = {**own, "signals": [{**own["signals"][0], "kind": "failures"}]}
    assert action(failing) is Action.ASK


def test_few_days_with_labels_are_not_enough_to_act() -> None:
    own = status(loss(LABELS, wave(0.3, 6)), loss(ESTIMATE, HARDER))
    decision = decide(own, COSTS)
    assert decision.action == "ask"
    assert "6 days" in decision.reason
    waiting = status(loss(ESTIMATE, HARDER), labelled=0.1)
    assert action(waiting) is Action.ASK
    assert action(waiting, challenger=comparison(-0.03, 0.001)) is Action.RETRAIN


def test_labels_that_the_scores_contradict_are_looked_at_before_a_challenger_is_there() -> None:
    own = status(loss(LABELS, RISEN), loss(ESTIMATE, CALM))
    assert action(own) is Action.ASK
    assert action(own, challenger=comparison(-0.1, 0.01)) is Action.RETRAIN


def test_drift_of_a_model_that_nothing_judges_is_looked_at() -> None:
    decision = decide(status(signals=[DRIFT], kind=""), COSTS)
    assert (decision.action, decision.excess) == (Action.ASK, None)
    assert decision.option("keep").cost is None


@pytest.mark.parametrize(
    "refused",
    [
        {"may_replace": False, "reasons": ["The slice origin = JFK is worse."]},
        {"metrics": [{"name": "brier", "difference": None, "low": None, "high": None}]},
    ],
)
def test_a_loss_that_a_challenger_does_not_help_against_is_looked_at(
    refused: dict[str, Any],
) -> None:
    own = status(loss(LABELS, RISEN))
    decision = decide(own, COSTS, challenger=comparison(-0.1, **refused))
    assert decision.action == "ask"
    assert not decision.option("retrain").possible
    assert "challenger" in decision.reason
    assert (
        action(own, replace(COSTS, false_alarm=5000.0), challenger=comparison()) is Action.RETRAIN
    )
    costly = replace(COSTS, false_alarm=5000.0)
    assert action(own, costly, challenger=comparison(-0.1, **refused)) is Action.KEEP


# Invariants

STATUSES = [
    status(loss(LABELS, CALM)),
    status(loss(LABELS, RISEN)),
    status(loss(LABELS, RISEN), loss(ESTIMATE, HARDER)),
    status(loss(LABELS, RISEN), loss(ESTIMATE, CALM)),
    status(loss(ESTIMATE, HARDER)),
    status(loss(ESTIMATE, HARDER), signals=[DRIFT]),
]
AMOUNTS = st.floats(0, 10_000, allow_subnormal=False)
PAIRS = st.none() | st.builds(comparison, st.floats(-0.2, 0.2), st.floats(0, 0.1))


def costs_of(amounts: tuple[float, float, float], factor: float = 1.0) -> Costs:
    return Costs(*(amount * factor for amount in amounts))


@given(
    st.sampled_from(STATUSES),
    st.tuples(st.floats(1e-3, 10), AMOUNTS, AMOUNTS),
    st.integers(-20, 20),
    PAIRS,
    PAIRS,
)
def test_a_factor_of_all_costs_changes_no_action(
    own: dict[str, Any],
    amounts: tuple[float, float, float],
    power: int,
    challenger: dict[str, Any] | None,
    previous: dict[str, Any] | None,
) -> None:
    others = {"challenger": challenger, "previous": previous}
    one, other = (
        decide(own, costs_of(amounts, factor), **others).action for factor in (1.0, 2.0**power)
    )
    assert one == other


def raised(own: dict[str, Any], source: str, by: float) -> dict[str, Any]:
    """The status with more loss on each day, and the same alarms."""
    losses = [
        {**item, "days": [[day, min(value + by, 1.0)] for day, value in item["days"]]}
        if item["source"] == source
        else item
        for item in own["losses"]
    ]
    return {**own, "losses": losses}


def gains(decision: Decision) -> list[float]:
    return [option.gain.expected for option in decision.options if option.gain]


@given(
    st.sampled_from([(STATUSES[1], LABELS), (STATUSES[2], LABELS), (STATUSES[4], ESTIMATE)]),
    st.tuples(st.floats(1e-3, 10), AMOUNTS, AMOUNTS),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
)
def test_more_loss_never_makes_it_more_attractive_to_keep_a_model(
    case: tuple[dict[str, Any], str],
    amounts: tuple[float, float, float],
    first: float,
    more: float,
) -> None:
    own, source = case
    costs = costs_of(amounts)
    less, greater = (decide(raised(own, source, by), costs) for by in (first, first + more))
    assert greater.option("keep").cost >= less.option("keep").cost - 1e-6  # type: ignore[operator]
    assert max(gains(greater)) >= max(gains(less)) - 1e-6 * max(1.0, *amounts)
    if less.action is not Action.KEEP:
        assert greater.action is not Action.KEEP
