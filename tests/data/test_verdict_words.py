"""A verdict is plain values and back, and a problem for each of its failures."""

import json
from typing import Any

import pandera.pandas as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.data.contracts.rules import rule
from stagebook.data.contracts.verdict import ContractVerdict, RuleFailure
from stagebook.project.errors import Where

CODES = (
    "column-missing", "column-extra", "columns-unordered", "index-asked", "column-type",
    "value-missing", "value-repeated", "value-refused", "no-rows", "check-raised",
)  # fmt: skip
failures = st.builds(
    RuleFailure,
    st.sampled_from(CODES),
    st.none() | st.text(max_size=5),
    st.text(max_size=9),
    st.none() | st.integers(1, 10**7),
    st.integers(1, 10**7),
    st.lists(st.tuples(st.integers(1, 10**7), st.text(max_size=9)), max_size=5).map(tuple),
    st.text(max_size=5),
    st.text(max_size=5),
)
verdicts = st.builds(
    ContractVerdict,
    st.text(min_size=1, max_size=9),
    st.just("module:Name"),
    st.integers(0, 10**7),
    st.lists(failures, max_size=3).map(tuple),
    st.lists(st.text(max_size=9), max_size=2).map(tuple),
)


@given(verdicts)
def test_a_verdict_survives_json(verdict: ContractVerdict) -> None:
    assert ContractVerdict.from_json(json.loads(json.dumps(verdict.as_json()))) == verdict


@given(verdicts)
def test_each_failure_is_a_problem_of_the_table(verdict: ContractVerdict) -> None:
    problems = verdict.problems()
    assert [one.code for one in problems] == [one.code for one in verdict.failures]
    assert all(one.where == Where(verdict.path) for one in problems)


def is_a_leap_year(year: Any) -> Any:
    return year % 4 == 0


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (pa.Check.in_range(0, 23), "between 0 and 23"),
        (pa.Check.in_range(0, 1, include_min=False), "above 0 and at most 1"),
        (pa.Check.ge(0), "at least 0"),
        (pa.Check.lt(5), "below 5"),
        (pa.Check.eq("x"), "equal to 'x'"),
        (pa.Check.isin(["AA", "B6"]), "one of AA, B6"),
        (pa.Check.isin(list("abcdefghijkl")), "one of a, b, c, d, e, f, g, h, i, j and 2 more"),
        (pa.Check.notin(["x"]), "none of x"),
        (pa.Check.str_matches("N[0-9]+"), "text whose start matches `N[0-9]+`"),
        (pa.Check.str_length(3), "3 characters long"),
        (pa.Check.str_length(3, 3), "3 characters long"),
        (pa.Check.str_length(min_value=3), "at least 3 characters long"),
        (pa.Check.str_length(1, 3), "1 to 3 characters long"),
        (pa.Check.ge(0, error="no negative delay"), "no negative delay"),
        (pa.Check(is_a_leap_year), "is a leap year"),
        (pa.Check(is_a_leap_year, title="a leap year"), "a leap year"),
        (pa.Check(is_a_leap_year, title="t", description="divisible by 4."), "divisible by 4"),
        (pa.Check(lambda one: one), "a rule without a name"),
    ],
)
def test_a_check_is_told_in_words(check: pa.Check, words: str) -> None:
    assert rule(check) == words
