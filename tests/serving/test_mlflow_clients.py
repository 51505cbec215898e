"""What a client of `mlflow models serve` sends gets the answer that MLflow's server gives."""

import asyncio
import base64
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import served_packages
from clients import JSON, TRIP, Client, Reply
from mlflow.utils.proto_json_utils import NumpyEncoder, dump_input_data
from servers import served

from stagebook.serving.input.body import CSV, PARQUET, parse

with warnings.catch_warnings():  # of its own types
    warnings.simplefilter("ignore", UserWarning)
    import mlflow.pyfunc
    from mlflow.pyfunc import scoring_server
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

ROWS = served_packages.of_every_type(12)
FULL = ROWS.dropna()
Post = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return served_packages.write_every_type(tmp_path_factory.mktemp("types"))


@pytest.fixture(scope="module")
def types(folder: Path) -> Iterator[Client]:
    """Our server of the package."""
    with served(folder) as client:
        yield client


@pytest.fixture(scope="module")
def mlflows(folder: Path) -> Iterator[Post]:
    """MLflow's own application, of the same package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAGEBOOK_LOAD_MATERIALS", "ignore")
        patch.setenv("STAGEBOOK_LOAD_ISOLATE", "never")
        patch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")  # it sets this and leaves it
        transport = httpx.ASGITransport(scoring_server.init(mlflow.pyfunc.load_model(str(folder))))

        async def send(body: bytes | str, media_type: str) -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://mlflow") as client:
                headers = {"Content-Type": media_type}
                return await client.post("/invocations", content=body, headers=headers)

        def post(body: bytes | str, media_type: str = JSON) -> tuple[int, Any]:
            response = asyncio.run(send(body, media_type))
            return response.status_code, response.json() if response.is_success else None

        yield post


def encoded(value: object) -> str:
    """JSON as MLflow's tests write it: NaN, and Base64 with line breaks."""
    return json.dumps(value, cls=NumpyEncoder)


def in_base64(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(binary=[base64.b64encode(value).decode() for value in rows["binary"]])


def records(rows: pd.DataFrame = FULL, **changes: Any) -> list[dict[str, Any]]:
    """The first row as a record, with some values replaced."""
    (record,) = in_base64(rows.head(1)).to_dict("records")
    return [{**record, **changes}]


def test_the_scoring_client_of_mlflow_gets_predictions(types: Client) -> None:
    client = ScoringServerClient(types.host, types.port)
    client.wait_server_ready()
    assert client.get_version() == mlflow.__version__
    received = client.invoke(in_base64(ROWS), params={"unused": 1}).get_predictions()
    expected = types.listening.model.predict(ROWS)
    pd.testing.assert_frame_equal(received, expected, check_exact=True)


SPLIT = {"dataframe_split": ROWS.to_dict("split")}
ACCEPTED = {
    "missing values, by position": encoded(SPLIT),
    "missing values, by name": encoded({"dataframe_records": ROWS.to_dict("records")}),
    "missing values, by column": encoded({"inputs": ROWS.to_dict("list")}),
    "instances": encoded({"instances": FULL.to_dict("records")}),
    "another order of columns": encoded({"dataframe_split": ROWS.iloc[:, ::-1].to_dict("split")}),
    "parameters": encoded({**SPLIT, "params": {"unused": 1}}),
    "further keys": encoded({**SPLIT, "client_request_id": "5f0c", "options": {}}),
    "labels of rows": encoded(
        {"dataframe_split": ROWS.set_index(pd.Index(list("abcdefghijkl"))).to_dict("split")}
    ),
    "times in a column of days": encoded(
        {"dataframe_split": FULL.assign(day=FULL["datetime"].dt.normalize()).to_dict("split")}
    ),
    "one value for all rows": encoded({"inputs": {**FULL.to_dict("list"), "long": 3}}),
    "a single row": encoded({"inputs": records()[0]}),
    "nanoseconds": encoded(
        {"dataframe_records": records(datetime="2021-01-01T00:00:00.000000000")}
    ),
    "no time": encoded({"dataframe_records": records(maybe_time="NaT")}),
}


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED)
def test_what_mlflow_predicts_has_the_same_answer(types: Client, mlflows: Post, body: str) -> None:
    for media_type in (JSON, f"{JSON}; charset=UTF-8"):
        reply = types.post("/invocations", body, media_type)
        assert (reply.status, reply.values) == mlflows(body, media_type)
        assert reply.status == 200
        assert reply.headers["content-type"] == JSON


def test_files_of_pandas_have_the_same_answer(types: Client, mlflows: Post) -> None:
    body = ROWS.to_parquet(index=False)
    reply = types.post("/invocations", body, PARQUET)
    assert (reply.status, reply.values) == mlflows(body, PARQUET)
    text = in_base64(ROWS).to_csv(index=False)  # MLflow reads no times in CSV
    assert types.post("/invocations", text, f"{CSV}; charset=utf-8").values == reply.values


REFUSED = {
    "no JSON": ("this is,,,, no JSON", JSON),
    "a list": ("[1]", JSON),
    "a text": ('"1"', JSON),
    "no format": ('{"rows": []}', JSON),
    "two formats": (encoded({**SPLIT, "inputs": []}), JSON),
    "records as split": (encoded({"dataframe_split": records()}), JSON),
    "split as records": (encoded({"dataframe_records": ROWS.to_dict("split")}), JSON),
    "labels of fewer rows": (
        encoded({"dataframe_split": {**ROWS.to_dict("split"), "index": [1]}}),
        JSON,
    ),
    "rows of another length": (encoded({"dataframe_split": {"data": [[1], [2]]}}), JSON),
    "an empty body": ("", CSV),
    "no Parquet": ("PAR1", PARQUET),
    "another content type": (encoded(SPLIT), "text/plain"),
    "an old content type": (encoded(SPLIT), f"{JSON}; format=pandas-split"),
    "an unknown parameter": (encoded(SPLIT), f"{JSON}; something=something"),
    "another charset": (encoded(SPLIT), f"{JSON}; charset=latin-1"),
}


@pytest.mark.parametrize(("body", "media_type"), REFUSED.values(), ids=REFUSED)
def test_what_mlflow_refuses_has_the_same_status(
    types: Client, mlflows: Post, body: str, media_type: str
) -> None:
    reply = types.post("/invocations", body, media_type)
    assert reply.status == mlflows(body, media_type)[0]
    assert is_error_of_mlflow(reply)


def is_error_of_mlflow(reply: Reply) -> bool:
    """Whether an error has what clients of MLflow look for."""
    return (reply.values["error_code"], reply.values["message"]) == (
        "BAD_REQUEST",
        reply.values["detail"],
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"double": float("nan")},
        {"string": float("nan")},
        {"boolean": float("nan")},
        {"long": float("nan")},
        {"datetime": "NaT"},
        {"day": "NaT"},
    ],
)
def test_a_missing_value_that_the_contract_forbids_is_named(
    types: Client, changes: dict[str, Any]
) -> None:
    body = json.dumps({"dataframe_records": records() + records(**changes)}, cls=NumpyEncoder)
    reply = types.post("/invocations", body)
    assert (reply.status, reply.codes) == (422, ["null-not-allowed"])
    assert [(item["row"], item["column"]) for item in reply.values["errors"]] == [(1, *changes)]
    assert is_error_of_mlflow(reply)


def test_what_mlflows_client_writes_is_no_json_elsewhere(client: Client) -> None:
    row = {**TRIP, "km": float("nan")}
    reply = client.predict(row)
    assert (reply.status, reply.codes) == (400, ["nan-literal"])
    assert "message" not in reply.values
    body = json.dumps({"dataframe_records": [TRIP], "client_request_id": 1})
    assert client.post("/predict", body).codes == ["unknown-key"]
    assert client.post("/invocations", body).status == 200


def test_a_text_nat_stays_a_text(types: Client) -> None:
    body = encoded({"dataframe_records": records(maybe_text="NaT", string="NaN")})
    assert types.post("/invocations", body).status == 200
    body = encoded({"dataframe_records": records(maybe_time="NaT")})
    assert types.post("/predict", body).codes == ["wrong-type"]


def test_the_model_gets_the_frame_that_the_scoring_client_was_given(types: Client) -> None:
    body = dump_input_data(in_base64(ROWS)).encode()
    rows = parse(JSON, body, list(ROWS.columns), is_mlflow=True)
    pd.testing.assert_frame_equal(types.listening.model.validator.check(rows), ROWS)
