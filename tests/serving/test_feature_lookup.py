"""Requests that give the keys of entities get the features that training had."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import rides
from clients import Client
from described import described
from servers import POLICY, Serve

from stagebook.features.stored_rows import LookedUp
from stagebook.model.contents import Contents
from stagebook.model.manifest import FEATURES
from stagebook.project.errors import StagebookError
from stagebook.serving import answers
from stagebook.serving.feature_lookup import FeatureLookup
from stagebook.serving.input.rows import Rows
from stagebook.serving.missing_features import MissingFeatures
from stagebook.serving.refusal import Refusal, RequestProblem
from stagebook.serving.served_model import ServedModel
from stagebook.serving.testing import deployment_check
from stagebook.serving.testing.packaged_rows import PackagedRows
from stagebook.serving.testing.running import RunningServer

Features = Any


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A package with its feature service, the service's code on the path, and an online store."""
    place = tmp_path_factory.mktemp("rides")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(place))
        service = rides.write_code(place).service
        rides.write(place, service)
        service.materialize(place / "online.sqlite", {"weather": rides.weather()})
        yield place
    rides.forget()


@pytest.fixture(scope="module")
def now(folder: Path) -> pd.DataFrame:
    """Rides after all readings that the store has, within their ttl or past it."""
    latest = rides.weather().groupby("station")["published"].max().max()
    requests = rides.rides()[["station", "distance"]].head(12)
    hours = pd.to_timedelta(range(12), "h")
    return requests.assign(start=(latest + hours).as_unit("us"))


@pytest.fixture(scope="module")
def client(serve: Serve, folder: Path) -> Iterator[Client]:
    with serve(package=str(folder / "rides"), online=folder / "online.sqlite") as client:
        yield client


def values(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as a client sends them."""
    return answers.records(rows)


def test_predictions_from_keys_are_those_of_the_offline_features(
    client: Client, folder: Path, now: pd.DataFrame
) -> None:
    service = rides.imported().service
    table = service.historical(now, {"weather": rides.weather()})
    table["gusts"] = table["gusts"].astype("float64")
    expected = client.listening.model.predict(table[list(service.features)])
    reply = client.predict(*values(now))
    assert reply.status == 200
    assert reply.values["predictions"] == expected.to_dict("records")
    described(client, reply, "/predict")
    assert table["rain_mm"].notna().any()
    assert table["rain_mm"].isna().any()


def test_rows_with_all_features_need_no_lookup(client: Client) -> None:
    golden = client.listening.model.golden
    rows = values(golden.inputs.head(3))
    for path in ("/invocations", "/predict"):
        reply = client.predict(*rows, path=path)
        assert reply.values["predictions"] == golden.outputs.head(3).to_dict("records")


def test_a_request_without_a_key_or_with_a_key_of_another_type_is_refused(
    client: Client, now: pd.DataFrame
) -> None:
    (row,) = values(now.head(1))
    without = {name: value for name, value in row.items() if name != "station"}
    reply = client.predict(without)
    assert (reply.status, reply.codes) == (422, ["missing-column"])
    described(client, reply, "/predict")
    reply = client.predict({**row, "station": 5})
    assert (reply.status, reply.codes) == (422, ["wrong-type"])
    reply = client.predict({**row, "start": "2026-05-01T08:00:00"})
    assert (reply.status, reply.codes) == (422, ["wrong-type"])
    reply = client.predict({**row, "start": None})
    assert (reply.status, reply.codes) == (422, ["null-not-allowed"])


def test_an_unknown_key_has_no_features_and_a_prediction(client: Client, now: pd.DataFrame) -> None:
    (row,) = values(now.head(1))
    assert client.predict({**row, "station": "nowhere"}).status == 200


@pytest.mark.parametrize("distance", [-5, 1e300])
def test_a_request_by_keys_must_keep_the_schema_of_the_request(
    client: Client, now: pd.DataFrame, distance: float
) -> None:
    rows = values(now.head(2))
    reply = client.predict(rows[0], {**rows[1], "distance": distance})
    assert (reply.status, reply.codes) == (422, ["out-of-contract"])
    (error,) = reply.values["errors"]
    assert (error["row"], error["column"]) == (1, "distance")
    described(client, reply, "/predict")


@pytest.mark.parametrize("path", ["/invocations", "/predict"])
def test_features_that_are_columns_of_the_request_must_keep_its_schema(
    client: Client, path: str
) -> None:
    (row,) = values(client.listening.model.golden.inputs.head(1))
    reply = client.predict({**row, "distance": -5.0}, path=path)
    assert (reply.status, reply.codes) == (422, ["out-of-contract"])


def test_a_package_that_does_not_say_the_schema_of_the_request_is_served(
    client: Client, folder: Path, now: pd.DataFrame
) -> None:
    contents = Contents.read(folder / "rides")
    text = json.loads(contents.files[FEATURES])
    fields = text.pop("request_schema")["fields"]
    assert [field["name"] for field in fields] == ["distance", "start", "station"]
    before = replace(contents, files={**contents.files, FEATURES: json.dumps(text).encode()})
    predict = client.listening.model.model.predict
    lookup = FeatureLookup.open(folder / "online.sqlite", before, predict, 1000)
    looked_up = lookup.features(Rows.of_frame(now.head(2).assign(distance=-5.0)))
    assert len(looked_up.rows.records) == 2


def test_a_row_without_a_row_in_the_store_has_a_warning_that_says_why(
    client: Client, now: pd.DataFrame
) -> None:
    (row,) = values(now.head(1))
    late = (now["start"].iloc[0] + pd.Timedelta("1D")).isoformat()
    reasons = []
    for changed in (
        {"station": "nowhere"},
        {"station": "s1", "start": "2020-01-01T00:00:00Z"},
        {"station": "s1", "start": late},
    ):
        reply = client.predict({**row, **changed})
        (warning,) = [
            item for item in reply.values["warnings"] if item["code"] == "feature-missing"
        ]
        assert (warning["row"], warning["column"]) == (0, "rain_mm")
        assert "`weather`" in warning["message"]
        assert "`station`" in warning["message"]
        reasons.append(warning["message"])
        described(client, reply, "/predict")
    assert len(set(reasons)) == 3


def test_a_feature_that_is_required_and_missing_is_refused_with_the_reason(
    folder: Path, now: pd.DataFrame
) -> None:
    service = rides.imported().service
    rows = now.head(1).assign(station="nowhere")
    with service.open_online(folder / "online.sqlite") as store:
        looked_up: LookedUp = store.looked_up(rows)
    missing = MissingFeatures(service.resolution, looked_up)
    for column in ("rain_mm", "rain_by_distance"):
        problem = RequestProblem("null-not-allowed", "It is missing.", row=0, column=column)
        (explained,) = missing.explained(Refusal(422, problem)).problems
        assert explained.code == "null-not-allowed"
        assert "`weather`" in explained.message
        assert "`station`" in explained.message
        assert explained.hint


def test_keys_at_the_other_route_and_features_beside_keys_have_a_hint(
    client: Client, now: pd.DataFrame
) -> None:
    (row,) = values(now.head(1))
    reply = client.predict(row, path="/invocations")
    hints = {error["column"]: error["hint"] for error in reply.values["errors"]}
    assert reply.status == 422
    assert "`/predict`" in hints["start"]
    assert "`/predict`" in hints["station"]
    reply = client.predict({**row, "rain_mm": 1.0})
    assert (reply.status, reply.codes) == (422, ["unknown-column"])
    (error,) = reply.values["errors"]
    assert error["column"] == "rain_mm"
    assert "all features" in error["hint"]
    assert "no column" not in error["message"]


def test_an_instant_that_is_out_of_range_is_refused_with_row_and_column(
    client: Client, now: pd.DataFrame
) -> None:
    rows = values(now.head(2))
    reply = client.predict(rows[0], {**rows[1], "start": "1500-01-01T00:00:00Z"})
    assert (reply.status, reply.codes) == (422, ["time-out-of-range"])
    (error,) = reply.values["errors"]
    assert (error["row"], error["column"]) == (1, "start")


def test_a_looked_up_feature_older_than_in_training_has_a_warning(
    client: Client, now: pd.DataFrame
) -> None:
    lookup = client.listening.model.lookup
    assert lookup is not None
    (usual,) = lookup.usual_ages.values()
    reply = client.predict(*values(now))
    warned = [
        item["row"]
        for item in reply.values["warnings"]
        if item["code"] == "feature-older-than-usual"
    ]
    newest = rides.weather().sort_values("published").groupby("station")["hour"].max()
    ages = now["start"] - now["station"].map(newest)
    old = (ages > pd.Timedelta(usual, "ns")) & (ages <= pd.Timedelta(3, "h"))
    assert warned == list(old.to_numpy().nonzero()[0])


def test_the_description_has_the_columns_of_a_request(client: Client) -> None:
    schemas = client.get("/openapi.json").values["components"]["schemas"]
    assert sorted(schemas["EntityKeys"]["properties"]) == ["distance", "start", "station"]


def test_a_store_that_is_written_again_is_used(
    serve: Serve, folder: Path, now: pd.DataFrame, tmp_path: Path
) -> None:
    service = rides.imported().service
    store = tmp_path / "online.sqlite"
    history = rides.weather()
    early = history[history["published"] < history["published"].median()]
    service.materialize(store, {"weather": early})
    with serve(package=str(folder / "rides"), online=store) as client:
        rows = values(now)
        before = client.predict(*rows).values["predictions"]
        service.materialize(store, {"weather": history})
        while client.predict(*rows).values["predictions"] == before:
            pass  # at most for a second
        store.write_bytes(b"no store")
        while client.get("/health").values["online_store"] == "ok":
            assert client.predict(*rows).status == 200


def test_a_deployment_test_checks_the_store(client: Client, folder: Path) -> None:
    server = RunningServer(client.host, client.port, None)  # type: ignore[arg-type]
    rows = PackagedRows.read(str(folder / "rides"))
    checks = asyncio.run(deployment_check.check(server, rows, None, 10_000))
    assert [item.holds for item in checks if item.name == "the online store"] == [True]


def test_a_damaged_store_replaces_no_good_one(
    serve: Serve, folder: Path, now: pd.DataFrame, tmp_path: Path
) -> None:
    store = tmp_path / "online.sqlite"
    rides.imported().service.materialize(store, {"weather": rides.weather()})
    content = bytearray(store.read_bytes())
    content[-600:-592] = bytes(255 - value for value in content[-600:-592])
    with serve(package=str(folder / "rides"), online=store) as client:
        rows = values(now)
        before = client.predict(*rows).values["predictions"]
        beside = tmp_path / "beside"
        beside.write_bytes(content)
        beside.replace(store)
        while client.get("/health").values["online_store"] == "ok":
            assert client.predict(*rows).values["predictions"] == before
        assert client.predict(*rows).values["predictions"] == before
    with pytest.raises(StagebookError) as caught:
        ServedModel.open(folder / "rides", POLICY, 1000, store)
    assert caught.value.problems[0].code == "bad-online-store"


def test_a_package_is_not_served_from_a_store_of_other_definitions(
    folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "online.sqlite"
    place = tmp_path / "code"
    place.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(place))
        changed = rides.write_code(place, lambda text: text.replace('"published"', '"hour"'))
        changed.service.materialize(other, {"weather": rides.weather()})
    rides.forget()
    with pytest.raises(StagebookError) as caught:
        ServedModel.open(folder / "rides", POLICY, 1000, other)
    assert caught.value.problems[0].code == "online-store-differs"


def test_a_package_without_features_is_not_served_from_a_store(package: Path, folder: Path) -> None:
    with pytest.raises(StagebookError) as caught:
        ServedModel.open(package, POLICY, 1000, folder / "online.sqlite")
    assert caught.value.problems[0].code == "no-packaged-features"
