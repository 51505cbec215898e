"""Costs are numbers from 0 on, and a horizon is a time above zero."""

import math
from typing import Any

import pytest
from refusals import problem, problems

import stagebook
from stagebook.monitoring.decision.costs import Costs


@pytest.mark.parametrize("name", ["wrong", "retraining", "false_alarm"])
@pytest.mark.parametrize("value", [-0.01, math.nan, math.inf, -math.inf, "3", None, True])
def test_a_cost_that_is_no_number_from_0_on_is_refused(name: str, value: Any) -> None:
    refused = problem(Costs, **{"wrong": 1, "retraining": 2, "false_alarm": 3, name: value})
    assert refused.code == "bad-cost"
    assert f"`{name}`" in refused.message


@pytest.mark.parametrize(
    "horizon",
    ["", "0 days", "-3 days", "30 minutes", "days", "1e9", 0, -1, math.nan, math.inf, None, True],
)
def test_a_horizon_that_is_no_time_above_zero_is_refused(horizon: Any) -> None:
    assert problem(Costs, 1, 2, 3, horizon).code == "bad-horizon"


def test_each_wrong_value_has_its_problem() -> None:
    codes = [item.code for item in problems(Costs, -1, math.nan, "x", "never")]
    assert codes == ["bad-cost", "bad-cost", "bad-cost", "bad-horizon"]


@pytest.mark.parametrize(
    ("horizon", "days"),
    [("30 days", 30), ("1 day", 1), (" 2 weeks ", 14), ("1.5 weeks", 10.5), (0.5, 0.5), (7, 7)],
)
def test_a_horizon_is_a_number_of_days_or_weeks(horizon: Any, days: float) -> None:
    assert Costs(1, 2, 3, horizon).days == days


def test_costs_of_whole_numbers_and_of_floats_are_written_alike() -> None:
    assert stagebook.Costs(1, 2, 0).as_json() == stagebook.Costs(1.0, 2.0, 0.0).as_json()
