"""The log keeps the entity keys and the instant by which features were looked up."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rides
from clients import Client
from logged import DAY, FRAME, NEXT, entry, logged
from servers import Serve

from stagebook.data.profiles import profile
from stagebook.project.masks import Masks
from stagebook.serving import answers
from stagebook.serving.log import day_profiles, finding
from stagebook.serving.log import file as log_file
from stagebook.serving.log import reading as log_reading
from stagebook.serving.log.days import close_days
from stagebook.serving.log.table import KEY
from stagebook.serving.options import LogOptions

KEYS = pd.DataFrame(
    {
        "station": ["s1", "s2"],
        "start": pd.to_datetime(["2026-11-28T11:00", "2026-11-28T12:30"], utc=True).as_unit("us"),
    }
)


@pytest.mark.parametrize("is_closed", [False, True])
def test_keys_are_read_as_they_were_logged(is_closed: bool, tmp_path: Path) -> None:
    item, plain = entry(keys=KEYS), entry()
    logged(tmp_path, item, plain)
    if is_closed:
        close_days(tmp_path, NEXT)
    (request,) = finding.find(tmp_path, item.request)
    assert request.keys is not None
    pd.testing.assert_frame_equal(request.keys, KEYS)
    (request,) = finding.find(tmp_path, plain.request)
    assert request.keys is None
    parts = list(log_reading.read_day(tmp_path, DAY))
    by_request = {part.facts["request"].iloc[0]: part for part in parts}
    pd.testing.assert_frame_equal(by_request[item.request].keys, KEYS)
    assert list(by_request[item.request].frame)[-2:] == ["key.station", "key.start"]
    assert by_request[plain.request].keys is None


def test_keys_are_left_out_and_masked_like_features(tmp_path: Path) -> None:
    secret = "s3cret-station"
    keys = KEYS.assign(station=[secret, "s2"], pin=[1, 2])
    masks = Masks.of({"API_TOKEN": secret})
    logged(tmp_path, entry(keys=keys), without=["pin"], masks=masks)
    (part,) = log_reading.read_day(tmp_path, DAY)
    assert part.keys is not None
    assert list(part.keys) == ["station", "start"]
    assert part.keys["station"].tolist() == ["***", "s2"]


def test_keys_are_in_no_profile(tmp_path: Path) -> None:
    logged(tmp_path, entry(keys=KEYS))
    (path,) = close_days(tmp_path, NEXT)
    columns = profile.read(day_profiles.profile_of(path, entry().package)).columns
    assert [column.name for column in columns] == [
        "feature.distance",
        "feature.carrier",
        "prediction.prediction",
    ]


def test_a_running_day_of_the_format_before_is_read_and_closed(tmp_path: Path) -> None:
    item = entry()
    logged(tmp_path, item)
    (path,) = log_file.files(tmp_path)
    base = sqlite3.connect(path)
    for statement in (
        "ALTER TABLE requests DROP COLUMN keys",
        "ALTER TABLE requests DROP COLUMN key_shape",
        "PRAGMA user_version = 1",
    ):
        base.execute(statement)
    base.close()
    newer = entry(keys=KEYS)
    logged(tmp_path, newer)
    for _ in range(2):
        (request,) = finding.find(tmp_path, item.request)
        assert request.keys is None
        pd.testing.assert_frame_equal(request.features, FRAME)
        (request,) = finding.find(tmp_path, newer.request)
        pd.testing.assert_frame_equal(request.keys, KEYS)
        close_days(tmp_path, NEXT)


def test_a_closed_day_of_the_format_before_is_read(tmp_path: Path) -> None:
    item = entry()
    logged(tmp_path, item)
    (path,) = close_days(tmp_path, NEXT)
    table = pq.read_table(path, partitioning=None).drop_columns(["key_shape"])
    description = json.loads(table.schema.metadata[KEY])
    description["format"] = 1
    description["layout"]["uses"] = [use[:3] for use in description["layout"]["uses"]]
    old = {KEY: json.dumps(description).encode()}
    pq.write_table(pa.table(table).replace_schema_metadata(old), path)
    (part,) = log_reading.read_day(tmp_path, DAY)
    pd.testing.assert_frame_equal(part.features, FRAME)
    assert part.keys is None
    assert finding.find(tmp_path, item.request)[0].keys is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A package with its feature service, the service's code on the path, and an online store."""
    place = tmp_path_factory.mktemp("keyed")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(place))
        service = rides.write_code(place).service
        rides.write(place, service)
        service.materialize(place / "online.sqlite", {"weather": rides.weather()})
        yield place
    rides.forget()


def test_a_server_logs_the_keys_of_requests_that_send_them(
    serve: Serve, folder: Path, tmp_path: Path
) -> None:
    log = LogOptions(tmp_path / "log")
    options = {"online": folder / "online.sqlite", "log": log, "shadow": str(folder / "rides")}
    requests = rides.rides()[["station", "distance", "start"]].head(2)
    with serve(package=str(folder / "rides"), **options) as client:
        keyed = client.predict(*answers.records(requests)).values["request"]
        plain = _with_features(client)
    by_keys = finding.find(log.folder, keyed)
    assert [request.role for request in by_keys] == ["champion", "challenger"]
    for request in by_keys:
        assert request.keys is not None
        assert list(request.keys) == ["start", "station"]
        assert request.keys["start"].tolist() == requests["start"].tolist()
        assert request.keys["station"].tolist() == requests["station"].tolist()
    assert finding.find(log.folder, plain)[0].keys is None


def test_a_server_leaves_keys_and_other_columns_of_requests_out_of_its_log(
    serve: Serve, folder: Path, tmp_path: Path
) -> None:
    log = LogOptions(tmp_path / "log", without=("station", "start"))
    requests = rides.rides()[["station", "distance", "start"]].head(2)
    with serve(package=str(folder / "rides"), online=folder / "online.sqlite", log=log) as client:
        request = client.predict(*answers.records(requests)).values["request"]
    (logged_request,) = finding.find(log.folder, request)
    assert logged_request.keys is None or list(logged_request.keys) == []


def _with_features(client: Client) -> str:
    rows = answers.records(client.listening.model.golden.inputs.head(1))
    return str(client.predict(*rows).values["request"])
