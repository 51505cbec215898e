import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.error_budget import Cadence, ErrorBudget

COMPARISONS = {"day": 365, "week": 52, "month": 12}
CADENCES = st.lists(st.sampled_from(list(COMPARISONS)), unique=True, min_size=1).map(tuple)


@given(st.floats(1e-6, 2.99), CADENCES)
def test_the_expected_false_alarms_of_a_year_are_the_budget(rate, cadences):
    budget = ErrorBudget(rate, cadences)
    drift = sum(COMPARISONS[name] * budget.alpha_of_drift(name) for name in cadences)
    expected = drift + budget.alpha_of_estimates + budget.alpha_of_labels
    assert expected == pytest.approx(rate)


@given(st.floats(1e-6, 2.99), CADENCES)
def test_drift_estimates_and_labels_have_equal_parts(rate, cadences):
    budget = ErrorBudget(rate, cadences)
    drift = sum(COMPARISONS[name] * budget.alpha_of_drift(name) for name in cadences)
    assert budget.alpha_of_estimates == budget.alpha_of_labels == pytest.approx(drift)


@given(st.floats(1e-6, 2.99), CADENCES)
def test_each_alpha_is_a_probability(rate, cadences):
    budget = ErrorBudget(rate, cadences)
    alphas = [budget.alpha_of_drift(name) for name in cadences]
    assert all(0 < alpha < 1 for alpha in (*alphas, budget.alpha_of_estimates))


def test_a_cadence_that_is_not_watched_has_no_alpha():
    with pytest.raises(ValueError, match="week"):
        ErrorBudget(cadences=("day",)).alpha_of_drift("week")
    assert ErrorBudget(cadences=()).alpha_of_labels == pytest.approx(1 / 3)


def test_the_budget_of_one_false_alarm_a_year_is_spread_over_three_cadences():
    budget = ErrorBudget()
    assert budget.alpha_of_drift(Cadence.WEEK) == pytest.approx(1 / 9 / 52)


@pytest.mark.parametrize(
    "arguments", [(0.0,), (3.0,), (-1.0,), (1.0, ("day", "day")), (1.0, ("hour",))]
)
def test_an_impossible_budget_is_refused(arguments):
    with pytest.raises(ValueError, match=r"year|twice|hour"):
        ErrorBudget(*arguments)
