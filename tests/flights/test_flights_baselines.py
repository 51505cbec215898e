"""The carrier-hour table counts, smooths and comes back from JSON unchanged."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flights.baselines import CarrierHourRates

ROWS = st.lists(
    st.tuples(st.sampled_from(["UA", "DL", "9E"]), st.integers(0, 1439), st.booleans()), min_size=1
)


def table(rows: list[tuple[str, int, bool]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["carrier", "departure_minute", "late"])


def test_a_rate_is_drawn_towards_the_base_rate() -> None:
    seen = table([("UA", 300, True), ("UA", 359, True), ("UA", 360, False), ("DL", 300, False)])
    fitted = CarrierHourRates.fit(seen, seen["late"], smoothing=2)
    assert fitted.base_rate == 0.5
    assert fitted.rates == {
        ("UA", 5): pytest.approx((2 + 2 * 0.5) / (2 + 2)),
        ("UA", 6): pytest.approx((0 + 2 * 0.5) / (1 + 2)),
        ("DL", 5): pytest.approx((0 + 2 * 0.5) / (1 + 2)),
    }


def test_a_pair_that_was_never_seen_gets_the_base_rate() -> None:
    seen = table([("UA", 300, True), ("UA", 360, False)])
    fitted = CarrierHourRates.fit(seen, seen["late"], smoothing=0)
    asked = table([("UA", 300, False), ("UA", 900, False), ("XX", 300, False)])
    assert fitted.predict(asked).tolist() == [1.0, 0.5, 0.5]


@given(ROWS, st.floats(0.01, 1000))
def test_a_rate_lies_between_its_pairs_share_and_the_base_rate(
    rows: list[tuple[str, int, bool]], smoothing: float
) -> None:
    seen = table(rows)
    fitted = CarrierHourRates.fit(seen, seen["late"], smoothing)
    shares = seen["late"].groupby([seen["carrier"], seen["departure_minute"] // 60]).mean()
    for pair, rate in fitted.rates.items():
        low, high = sorted([float(shares[pair]), fitted.base_rate])
        assert low - 1e-12 <= rate <= high + 1e-12


@given(ROWS)
def test_it_comes_back_from_json_as_it_was(rows: list[tuple[str, int, bool]]) -> None:
    seen = table(rows)
    fitted = CarrierHourRates.fit(seen, seen["late"], smoothing=50)
    assert CarrierHourRates.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted
