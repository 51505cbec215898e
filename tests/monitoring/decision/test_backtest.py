"""What policies of retraining would have cost in the past."""

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import problem

from stagebook.monitoring.decision.backtest import Backtest, backtest
from stagebook.monitoring.decision.costs import Costs

COSTS = Costs(wrong=2.0, retraining=10.0, false_alarm=5.0)
PERIODS = ("2026-10", "2026-11", "2026-12", "2027-01")
TRAINED = ("2026-09-15", "2026-10-31", "2026-11-30", "2026-12-31")
WRONG = {
    TRAINED[0]: (10, 11, 30, 40),
    TRAINED[1]: (0, 12, 31, 39),
    TRAINED[2]: (0, 0, 15, 14),
    TRAINED[3]: (0, 0, 0, 16),
}


def rows(wrong: dict[str, tuple[float, ...]] = WRONG) -> pd.DataFrame:
    """The losses of each model in each period after its training."""
    items = [
        {"trained": trained, "period": period, "rows": 100, "wrong": losses[place]}
        for first, (trained, losses) in enumerate(wrong.items())
        for place, period in enumerate(PERIODS)
        if place >= first
    ]
    return pd.DataFrame(items)


def by_name(test: Backtest) -> dict[str, tuple[int, int, float, float]]:
    return {own.name: (own.retrainings, own.in_vain, own.wrong, own.cost) for own in test.policies}


def test_each_policy_has_its_wrong_predictions_and_its_cost() -> None:
    test = backtest(rows(), COSTS, drift=["2026-10"], labels=["2026-11-21"])
    assert by_name(test) == {
        "never": (0, 0, 91, 182.0),
        "every month": (3, 0, 10 + 12 + 15 + 16, 106.0 + 30),
        # retrained before November: 12 + 31 + 39 are no fewer than 11 + 30 + 40
        "on drift": (1, 1, 92, 184.0 + 10 + 5),
        "on labels": (1, 0, 10 + 11 + 15 + 14, 100.0 + 10),
    }
    assert test.best.name == "on labels"
    assert test.saved(test.best) == 72.0


def test_an_alarm_leads_to_a_new_model_in_the_period_after_it() -> None:
    own = backtest(rows(), COSTS, labels=["2026-10-31", "2026-11"]).policies[3]
    assert [item.trained for item in own.periods] == [
        TRAINED[0],
        TRAINED[1],
        TRAINED[2],
        TRAINED[2],
    ]
    assert [item.retrained for item in own.periods] == [False, True, True, False]
    # the first of them is used in November alone, and is worse there
    assert [item.in_vain for item in own.periods] == [False, True, False, False]


def test_an_alarm_of_the_last_period_comes_too_late() -> None:
    test = backtest(rows(), COSTS, drift=["2027-01"], labels=[pd.Timestamp("2027-01-02")])
    assert [own.retrainings for own in test.policies] == [0, 3, 0, 0]


def test_a_loss_is_the_mean_of_the_rows() -> None:
    losses = rows().rename(columns={"wrong": "loss"})
    losses["loss"] /= losses["rows"]
    same = backtest(losses, COSTS, labels=["2026-11"])
    other = backtest(rows(), COSTS, labels=["2026-11"])
    assert by_name(same) == {name: pytest.approx(values) for name, values in by_name(other).items()}


def test_days_weeks_and_dates_are_read() -> None:
    weeks = pd.DataFrame(
        {
            "trained": pd.to_datetime(["2026-12-20"] * 2 + ["2026-12-27"]),
            "period": ["2026-W52", "2026-W53", "2026-W53"],
            "rows": 7,
            "wrong": [1, 5, 2],
        }
    )
    test = backtest(weeks, COSTS, labels=["2026-12-24"])
    assert [own.name for own in test.policies][1] == "every week"
    assert test.policies[3].wrong == 3
    days = weeks.assign(period=["2026-12-28", "2026-12-29", "2026-12-29"])
    assert backtest(days, COSTS).policies[1].name == "every day"


def test_months_of_pandas_are_read() -> None:
    losses = rows()
    losses["period"] = pd.PeriodIndex(losses["period"], freq="M")
    assert by_name(backtest(losses, COSTS)) == by_name(backtest(rows(), COSTS))


def test_the_tables_say_what_the_policies_do() -> None:
    test = backtest(rows(), COSTS, labels=["2026-11"])
    assert test.table["policy"].tolist() == ["never", "every month", "on drift", "on labels"]
    assert test.table["saved"].tolist() == [0.0, 46.0, 0.0, 72.0]
    assert len(test.by_period) == 4 * len(PERIODS)
    total = test.by_period.groupby("policy")["cost"].sum()
    assert total["on labels"] == 110.0
    assert test.as_json()["policies"][3]["periods"][2]["retrained"] is True
    assert "<strong>on labels</strong>" in test._repr_html_()


def test_the_order_of_the_rows_does_not_count() -> None:
    shuffled = rows().sample(frac=1.0, random_state=3)
    assert backtest(shuffled, COSTS) == backtest(rows(), COSTS)


BAD: list[tuple[str, Any]] = [
    ("no column", lambda frame: frame.drop(columns="rows")),
    ("no loss", lambda frame: frame.drop(columns="wrong")),
    ("no rows", lambda frame: frame[:0]),
    ("twice", lambda frame: pd.concat([frame, frame[:1]])),
    ("negative", lambda frame: frame.assign(wrong=-1)),
    ("no number", lambda frame: frame.assign(wrong=math.nan)),
    ("a text", lambda frame: frame.assign(wrong="many")),
    ("half a row", lambda frame: frame.assign(rows=0.5)),
    ("mixed periods", lambda frame: frame.assign(period=["2026", *frame["period"][1:]])),
    ("a hole", lambda frame: frame.drop(index=5)),
    ("no new model", lambda frame: frame[frame["trained"] != TRAINED[2]]),
    ("no day", lambda frame: frame.assign(trained="summer")),
    ("the future", lambda frame: frame.replace(TRAINED[1], "2026-11-01")),
]


@pytest.mark.parametrize("change", [pytest.param(item[1], id=item[0]) for item in BAD])
def test_an_impossible_table_is_refused(change: Any) -> None:
    assert problem(backtest, change(rows()), COSTS).code == "bad-backtest"


@pytest.mark.parametrize("event", ["2026-09", "2026-09-30", "soon", None])
def test_an_event_in_none_of_the_periods_is_refused(event: Any) -> None:
    assert problem(backtest, rows(), COSTS, drift=[event]).code == "bad-backtest"


@given(
    st.lists(st.lists(st.integers(0, 100), min_size=4, max_size=4), min_size=4, max_size=4),
    st.sets(st.sampled_from(PERIODS)),
)
def test_without_alarms_nothing_changes_and_with_all_of_them_each_period(
    wrong: list[list[int]], alarms: set[str]
) -> None:
    losses = rows(dict(zip(TRAINED, map(tuple, wrong), strict=True)))
    never, every, on_all, on_some = backtest(losses, COSTS, drift=PERIODS, labels=alarms).policies
    assert on_all.wrong == every.wrong
    assert on_all.cost == every.cost + COSTS.false_alarm * on_all.in_vain
    assert on_some.retrainings == len(alarms - {PERIODS[-1]})
    if not on_some.retrainings:
        assert on_some.cost == never.cost
