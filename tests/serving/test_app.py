"""A server answers with the package's predictions, or says what is wrong."""

import json
from pathlib import Path

import mlflow.version
import pandas as pd
import pytest
from clients import TRIP, Client
from servers import Serve

from stagebook.model.golden import Golden
from stagebook.serving import requests


@pytest.fixture(scope="module")
def golden(package: Path) -> Golden:
    return Golden.read(package / "golden.parquet")


def test_golden_rows_in_each_format_have_their_predictions_to_the_bit(
    client: Client, golden: Golden
) -> None:
    expected = golden.outputs.to_dict("records")
    formats = list(requests.every_format(golden.inputs))
    assert len(formats) == 6
    for rows in formats:
        reply = client.post("/invocations", rows.content, rows.media_type)
        assert (rows.name, reply.status, reply.values) == (
            rows.name,
            200,
            {"predictions": expected},
        )


def test_predict_gives_each_prediction_an_id(client: Client) -> None:
    reply = client.predict(TRIP, TRIP)
    request = reply.headers["x-stagebook-request"]
    assert reply.values["ids"] == [f"{request}-0", f"{request}-1"]
    assert reply.values["package"] == client.listening.model.digest
    assert (
        reply.values["predictions"]
        == client.predict(TRIP, TRIP, path="/invocations").values["predictions"]
    )


def test_rows_unlike_the_training_rows_have_warnings_and_predictions(client: Client) -> None:
    reply = client.predict(TRIP, {**TRIP, "stops": 20})
    assert [(item["code"], item["row"], item["column"]) for item in reply.values["warnings"]] == [
        ("outside-training-range", 1, "stops")
    ]
    assert (reply.status, len(reply.values["predictions"])) == (200, 2)


def test_all_violations_of_a_request_are_named_at_once(client: Client) -> None:
    reply = client.predict(TRIP, {**TRIP, "stops": 21, "km": 0, "city": "Rome"})
    assert reply.status == 422
    assert reply.headers["content-type"] == "application/problem+json"
    places = [(item["code"], item["row"], item["column"]) for item in reply.values["errors"]]
    assert sorted(places) == [
        ("out-of-contract", 1, "city"),
        ("out-of-contract", 1, "km"),
        ("out-of-contract", 1, "stops"),
    ]


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"dataframe_records": [{"km": Infinity}]}', "application/json", 400),
        (b'{"dataframe_records": [], "dataframe_records": []}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        (b"9" * 5000, "application/json", 400),
        (b"PAR1", "application/vnd.apache.parquet", 400),
        (b"{}", "text/plain", 415),
        (b"{}", None, 415),
        (b'{"dataframe_records": []}', "application/json", 422),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    client: Client, body: bytes, media_type: str | None, status: int
) -> None:
    assert client.post("/invocations", body, media_type).status == status


def test_a_refusal_does_not_repeat_the_request(client: Client) -> None:
    reply = client.predict({**TRIP, "city": "x" * 100_000})
    assert (reply.status, len(reply.content) < 2_000) == (422, True)


def test_a_body_that_is_too_large_is_refused(serve: Serve) -> None:
    from stagebook.serving.options import Limits

    with serve(limits=Limits(body=1_000)) as client:
        reply = client.post("/invocations", b" " * 1_001)
        assert (reply.status, reply.codes) == (413, ["too-large"])
        connection = client.connect()
        chunks = (b" " * 100 for _ in range(11))  # no header says how many
        connection.request(
            "POST",
            "/invocations",
            chunks,
            {"Content-Type": "application/json"},
            encode_chunked=True,
        )
        assert connection.getresponse().status == 413
        connection.close()


def test_ten_thousand_rows_are_predicted_and_one_more_is_refused(client: Client) -> None:
    rows = pd.DataFrame([TRIP] * 10_000)
    (content,) = (item for item in requests.every_format(rows) if item.name == "dataframe_split")
    reply = client.post("/invocations", content.content)
    assert (reply.status, len(reply.values["predictions"])) == (200, 10_000)
    more = requests.records(pd.DataFrame([TRIP] * 10_001))
    reply = client.post("/invocations", more.content)
    assert (reply.status, reply.codes) == (413, ["too-many-rows"])


def test_the_other_routes_answer_as_those_of_mlflow(client: Client) -> None:
    assert client.get("/ping").status == 200
    assert client.get("/version").content.decode() == mlflow.version.VERSION
    assert client.get("/health").values["status"] == "ok"
    description = client.get("/openapi.json").values
    assert set(description["paths"]) >= {"/invocations", "/predict", "/health"}


def test_an_unknown_route_and_a_wrong_method_are_problems(client: Client) -> None:
    assert (client.get("/nothing").status, client.get("/nothing").codes) == (404, ["no-route"])
    reply = client.get("/invocations")
    assert (reply.status, reply.codes, reply.headers["allow"]) == (405, ["wrong-method"], "POST")


def test_metrics_count_requests_rows_and_violations(serve: Serve) -> None:
    with serve() as client:
        client.predict(TRIP, TRIP)
        client.predict({**TRIP, "stops": 21})
        lines = client.get("/metrics").content.decode().splitlines()
    assert 'stagebook_requests_total{route="/predict",status="200"} 1.0' in lines
    assert 'stagebook_requests_total{route="/predict",status="422"} 1.0' in lines
    assert "stagebook_predicted_rows_total 2.0" in lines
    assert 'stagebook_violations_total{code="out-of-contract"} 1.0' in lines


def test_a_request_needs_the_token_where_there_is_one(serve: Serve) -> None:
    with serve(token="a-token-of-some-length") as client:
        body = json.dumps({"dataframe_records": [TRIP]})
        assert client.post("/invocations", body).codes == ["no-access"]
        for given in ("Bearer a-token-of-some-lengtH", "Basic a-token-of-some-length", "Bearer"):
            assert client.post("/predict", body, Authorization=given).status == 401
        given = "Bearer a-token-of-some-length"
        assert client.post("/predict", body, Authorization=given).status == 200
        assert (client.get("/metrics").status, client.get("/ping").status) == (401, 200)


def test_a_compressed_body_is_refused(client: Client) -> None:
    import gzip

    body = gzip.compress(json.dumps({"dataframe_records": [TRIP]}).encode())
    reply = client.post("/predict", body, **{"Content-Encoding": "gzip"})
    assert (reply.status, reply.codes) == (415, ["content-encoding"])


def test_a_slash_at_the_end_is_another_route(client: Client) -> None:
    assert client.post("/predict/", "{}").status == 404
