"""Sums that have no order."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.exact_sum import ExactSum

numbers = st.lists(st.floats(-1e200, 1e200), max_size=20)


@given(numbers, numbers)
def test_a_sum_is_exact_in_every_order_and_division(
    first: list[float], second: list[float]
) -> None:
    both = ExactSum.of([*first, *second])
    assert both.exact == sum(map(Fraction, [*first, *second]), Fraction())
    assert ExactSum.of(second) + ExactSum.of(first) == both
    assert ExactSum.of(reversed([*first, *second])) == both


@given(numbers)
def test_a_sum_is_read_as_it_is_written(values: list[float]) -> None:
    total = ExactSum.of(values)
    assert ExactSum.from_json(total.as_json()) == total
