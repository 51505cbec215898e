"""Whatever a client sends, the server answers, and never with 500."""

import json
from typing import Any

from clients import TRIP, Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ANSWERS = {200, 400, 413, 415, 422}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
NEAR_ROWS = st.lists(
    st.fixed_dictionaries(
        {name: st.just(value) | JSON for name, value in TRIP.items()},
        optional={"other": JSON},
    ),
    max_size=4,
)
MANY = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@MANY
@given(st.binary(max_size=200), st.sampled_from(["application/json", "text/csv", "a/b", "", "é"]))
def test_any_bytes_are_answered(client: Client, body: bytes, media_type: str) -> None:
    assert client.post("/invocations", body, media_type.encode("utf-8")).status in ANSWERS  # type: ignore[arg-type]


@MANY
@given(
    st.sampled_from(["dataframe_records", "dataframe_split", "instances", "inputs"]),
    NEAR_ROWS | JSON,
)
def test_any_json_in_each_format_is_answered(client: Client, key: str, value: Any) -> None:
    reply = client.post("/predict", json.dumps({key: value}))
    assert reply.status in ANSWERS
    if reply.status == 200:
        assert len(reply.values["ids"]) == len(reply.values["predictions"]) > 0
    else:
        assert reply.codes
        assert reply.headers["content-type"] == "application/problem+json"


@MANY
@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()))
def test_any_path_is_answered(client: Client, path: str) -> None:
    from urllib.parse import quote

    assert client.get("/" + quote(path, safe="%/?;")).status in {200, 400, 404, 405}
