"""One budget of false alarms for all that is watched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.error_budget import ErrorBudget

IN_A_YEAR = {Cadence.DAY: 365, Cadence.WEEK: 52, Cadence.MONTH: 12}


@given(st.floats(1e-6, 30), st.integers(1, 5), st.integers(1, 5))
def test_the_expected_false_alarms_of_a_year_are_the_budget(rate, estimates, labels):
    budget = ErrorBudget(rate)
    drift = sum(2 * count * budget.alpha_of_drift(cadence) for cadence, count in IN_A_YEAR.items())
    losses = estimates * budget.rate_of_loss(estimates) + labels * budget.rate_of_loss(labels)
    assert drift + budget.rate_of_loss(1) + losses == pytest.approx(rate)


@given(st.floats(1e-6, 1e6))
def test_each_alpha_is_a_probability(rate):
    assert all(0 < ErrorBudget(rate).alpha_of_drift(cadence) <= 0.5 for cadence in Cadence)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_an_impossible_budget_is_refused(rate):
    with pytest.raises(ValueError, match="above 0"):
        ErrorBudget(rate)
