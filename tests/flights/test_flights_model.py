"""The model's bytes repeat, and it takes what training never saw."""

import pickle

import numpy as np
import pandas as pd
import pytest

from flights.features import CATEGORICAL, FEATURES, NUMERIC
from flights.model import late_arrival_model, staged_log_loss


@pytest.fixture
def table() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    numbers = {name: generator.random(800) for name in NUMERIC}
    names = {name: generator.choice(["A", "B", "C"], 800) for name in CATEGORICAL}
    return pd.DataFrame(names | numbers)[list(FEATURES)]


@pytest.fixture
def late(table: pd.DataFrame) -> pd.Series:
    return (table["departure_minute"] > 0.6) | (table["carrier"] == "A")


def test_two_fits_have_the_same_bytes(table: pd.DataFrame, late: pd.Series) -> None:
    fits = [late_arrival_model(5, 8, 0.1, 1).fit(table, late) for _ in range(2)]
    assert pickle.dumps(fits[0], protocol=5) == pickle.dumps(fits[1], protocol=5)


def test_an_airport_that_training_never_saw_counts_as_missing(
    table: pd.DataFrame, late: pd.Series
) -> None:
    model = late_arrival_model(5, 8, 0.1, 1).fit(table, late)
    unseen, missing = table.assign(dest="ZZZ"), table.assign(dest=None)
    np.testing.assert_array_equal(model.predict_proba(unseen), model.predict_proba(missing))


def test_the_staged_error_has_a_value_for_each_tree_and_falls_on_what_was_learned(
    table: pd.DataFrame, late: pd.Series
) -> None:
    model = late_arrival_model(12, 8, 0.1, 1).fit(table, late)
    losses = staged_log_loss(model, table, late)
    assert losses.shape == (12,)
    assert (np.diff(losses) < 0).all()
