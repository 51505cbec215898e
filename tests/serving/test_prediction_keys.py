"""Ids of predictions as keys: equal for equal ids, in the order of ids, with their day."""

import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stagebook.serving import ids
from stagebook.serving.log import prediction_keys

PAIRS = st.tuples(st.uuids(), st.integers(0, 10**9 - 1))


@given(st.lists(PAIRS, max_size=20))
def test_keys_are_equal_and_sorted_as_requests_and_rows_are(
    pairs: list[tuple[uuid.UUID, int]],
) -> None:
    names = pa.array([ids.prediction_id(request.hex, row) for request, row in pairs], pa.string())
    keys, is_id = prediction_keys.of_texts(names)
    assert is_id.all()
    assert len(np.unique(keys)) == len(set(pairs))
    order = [pairs[place] for place in np.argsort(keys, kind="stable")]
    assert order == sorted(pairs, key=lambda pair: (pair[0].int, pair[1]))
    assert (np.sort(keys)[np.searchsorted(np.sort(keys), keys)] == keys).all()


@given(st.lists(PAIRS, min_size=1, max_size=20))
def test_logged_rows_have_the_keys_of_their_ids(pairs: list[tuple[uuid.UUID, int]]) -> None:
    rows = pd.array([row for _, row in pairs], "Int32")
    facts = pd.DataFrame({"request": [request.hex for request, _ in pairs], "row": rows})
    names = [ids.prediction_id(request.hex, row) for request, row in pairs]
    logged, _ = prediction_keys.of_rows(facts)
    assert logged.tolist() == prediction_keys.of_texts(pa.array(names))[0].tolist()


def test_an_id_may_have_the_dashes_of_a_uuid_and_what_is_no_id_has_no_key() -> None:
    request = uuid.UUID(ids.new_id())
    texts = [f"{request}-3", f" {request.hex.upper()}-3 ", request.hex, "", "?", None]
    keys, is_id = prediction_keys.of_texts(pa.array([*texts, f"{request.hex}-{10**12}"]))
    assert is_id.tolist() == [True, True, False, False, False, False, False]
    assert keys[0] == keys[1]


def test_numbers_are_no_ids() -> None:
    keys, is_id = prediction_keys.of_texts(pa.array([1, 2]))
    assert (len(keys), is_id.tolist()) == (0, [False, False])


def test_texts_of_a_dictionary_are_ids() -> None:
    names = pa.array([ids.prediction_id(ids.new_id(), 0)] * 2)
    assert prediction_keys.of_texts(names.dictionary_encode())[1].all()


def test_a_key_knows_the_day_of_its_request() -> None:
    instant = pd.Timestamp("2026-11-28 23:59:59.999")
    request = f"{instant.value // 10**6:012x}{ids.new_id()[12:]}"
    keys, _ = prediction_keys.of_texts(pa.array([f"{request}-0"]))
    assert prediction_keys.days(keys).tolist() == [instant.date()]
