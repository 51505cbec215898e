"""The point-in-time join agrees with its definition, for any history."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.tables.as_of import NO_ROW, last_known, last_of_all

Event = tuple[Any, int, int]
"""A key, the time of an event, the time at which it became known."""

KEYS = st.sampled_from(["a", "b", "c", "d", "e", None])
TIMES = st.integers(0, 6)
HISTORIES = st.lists(st.tuples(KEYS, TIMES, TIMES), max_size=40)
QUESTIONS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "only asked", None]), st.none() | TIMES), max_size=20
)


def chunked(values: Sequence[object], type_: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type_)])


def texts(values: Sequence[object]) -> pa.ChunkedArray:
    return chunked(values, pa.string())


def numbers(values: Sequence[object]) -> pa.ChunkedArray:
    return chunked(values, pa.int64())


def times(history: Sequence[Event]) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    return numbers([event for _, event, _ in history]), numbers([known for *_, known in history])


def defined(history: Sequence[Event], key: object, instant: float | None) -> int:
    """The row of the last event known at an instant, found by looking at each row."""
    if instant is None:
        return NO_ROW
    rows = [
        (event, known, row)
        for row, (own, event, known) in enumerate(history)
        if own is not None and own == key and known <= instant
    ]
    return max(rows)[2] if rows else NO_ROW


@settings(max_examples=120, deadline=None)
@given(HISTORIES, QUESTIONS)
def test_each_instant_gets_the_last_event_that_was_known(
    history: list[Event], questions: list[tuple[str | None, int | None]]
) -> None:
    asked, instants = (
        texts([key for key, _ in questions]),
        numbers([instant for _, instant in questions]),
    )
    keys = texts([key for key, *_ in history])
    rows = last_known([keys], *times(history), [asked], instants)
    assert rows.tolist() == [defined(history, *question) for question in questions]


@settings(max_examples=50, deadline=None)
@given(HISTORIES)
def test_when_all_is_known_each_key_has_its_last_event(history: list[Event]) -> None:
    keys = {own for own, *_ in history if own is not None}
    expected = sorted(defined(history, key, float("inf")) for key in keys)
    rows = last_of_all([texts([key for key, *_ in history])], *times(history))
    assert rows.tolist() == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.tuples(KEYS, KEYS), TIMES, TIMES), max_size=30), KEYS, KEYS, TIMES)
def test_a_key_of_two_columns_is_equal_in_both(
    history: list[Event], first: str | None, second: str | None, instant: int
) -> None:
    whole = [(None if None in pair else pair, *rest) for pair, *rest in history]
    keys = [texts([pair[side] for pair, *_ in history]) for side in (0, 1)]
    asked = [texts([first]), texts([second])]
    rows = last_known(keys, *times(history), asked, numbers([instant]))
    assert rows.tolist() == [defined(whole, (first, second), instant)]  # type: ignore[arg-type]


def test_keys_of_many_columns_with_many_values_are_told_apart() -> None:
    chance = np.random.default_rng(3)
    history = chance.permuted(np.tile(np.arange(20_000), (5, 1)), axis=1)  # 20,000 ** 5 > 2 ** 64
    asked = np.concatenate([history[:, :3_000], history[:, :1_000], history[:, :1_000]], axis=1)
    asked[4, 3_000:4_000] = history[4, 1]  # of other rows
    asked[0, 4_000:] = -5  # of no row
    zeros = numbers([0] * 20_000)
    keys, questions = ([numbers(column.tolist()) for column in side] for side in (history, asked))
    rows = last_known(keys, zeros, zeros, questions, numbers([0] * 5_000))
    expected = [*range(3_000), *([NO_ROW] * 2_000)]
    expected[3_001] = 1
    assert rows.tolist() == expected


@pytest.mark.parametrize("seed", range(10))
def test_thousands_of_histories_agree_with_the_definition(seed: int) -> None:
    chance = np.random.default_rng(seed)
    rows = chance.integers([0, 0, 0], [300, 9, 9], (2_000, 3)).tolist()
    history = [(f"key {key}" if key else None, event, known) for key, event, known in rows]
    questions = [(f"key {key}", instant) for key in range(310) for instant in (2, 5, 8)]
    asked, instants = (list(side) for side in zip(*questions, strict=True))
    own: dict[Any, list[tuple[int, Event]]] = {}
    for row, event in enumerate(history):
        own.setdefault(event[0], []).append((row, event))
    expected = []
    for key, instant in questions:
        places = own.get(key, [])
        answer = defined([event for _, event in places], key, instant)
        expected.append(NO_ROW if answer == NO_ROW else places[answer][0])
    keys = texts([key for key, *_ in history])
    found = last_known([keys], *times(history), [texts(asked)], numbers(instants))
    assert found.tolist() == expected


def test_many_rows_agree_with_pandas_where_rows_are_known_when_they_happen() -> None:
    chance = np.random.default_rng(7)
    key, instants = chance.choice(["EWR", "JFK"], 20_000), chance.integers(0, 60_000, 5_000)
    event, asked = chance.integers(0, 50_000, 20_000), chance.choice(["EWR", "LGA"], 5_000)
    history = pd.DataFrame({"key": key, "known": event, "row": range(len(key))})
    spine = pd.DataFrame({"key": asked, "instant": instants, "place": range(len(asked))})
    expected = pd.merge_asof(
        spine.sort_values("instant"),
        history.sort_values("known", kind="stable"),
        left_on="instant",
        right_on="known",
        by="key",
    ).sort_values("place")["row"]
    keys, questions = texts(key.tolist()), texts(asked.tolist())
    rows = last_known([keys], numbers(event), numbers(event), [questions], numbers(instants))
    assert rows.tolist() == expected.fillna(NO_ROW).astype(int).tolist()
