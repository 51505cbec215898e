"""What it is worth to know a gain before it is there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.decision.gain import Gain
from stagebook.monitoring.figure import Z

LARGE = st.floats(-1e6, 1e6, allow_subnormal=False)


def test_to_know_an_open_gain_is_worth_what_a_simulation_says() -> None:
    gain = Gain(20.0, 20 - Z * 50, 20 + Z * 50)
    drawn = np.random.default_rng(1).normal(20, 50, 1_000_000)
    assert gain.at_best == pytest.approx(np.maximum(drawn, 0).mean(), rel=0.01)
    assert gain.worth_knowing == pytest.approx(gain.at_best - 20)


@pytest.mark.parametrize(
    "gain", [Gain(3.0, 1.0, 5.0), Gain(-3.0, -5.0, -1.0), Gain.certain(0.0), Gain.certain(-2.0)]
)
def test_a_gain_with_a_known_sign_is_not_worth_a_look(gain: Gain) -> None:
    assert gain.worth_knowing == 0
    assert not gain.is_open


@given(LARGE, st.floats(0, 1e6), st.floats(0, 1e6))
def test_to_know_more_never_harms(expected: float, below: float, above: float) -> None:
    gain = Gain(expected, expected - below, expected + above)
    assert gain.worth_knowing >= -1e-9 * max(1.0, abs(expected))
