"""Requests that give the keys of entities get the features that training had."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import rides
from clients import Client
from described import described
from servers import POLICY, Serve

from stagebook.project.errors import StagebookError
from stagebook.serving import answers
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
