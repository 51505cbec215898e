"""Labels for the predictions of a real server, by id and by key."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
import rides
from server_threads import listening

from stagebook.model.policy import Policy
from stagebook.monitoring.label_join import Judged
from stagebook.monitoring.labelled_log import LabelledLog
from stagebook.monitoring.labelled_store import LabelledStore
from stagebook.monitoring.labels import LabelOptions, Labels
from stagebook.serving import answers
from stagebook.serving.options import LogOptions, ServingOptions

ROWS = rides.rides()[["station", "distance", "start"]].head(6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A package with its feature service, the service's code on the path, and an online store."""
    place = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(place))
        service = rides.write_code(place).service
        rides.write(place, service)
        service.materialize(place / "online.sqlite", {"weather": rides.weather()})
        yield place
    rides.forget()


@pytest.fixture(scope="module")
def answer(folder: Path) -> dict[str, Any]:
    """The answer to a request with keys, and the log."""
    policy = Policy(attestation="ignore", materials="ignore", isolate="never")
    options = ServingOptions(
        str(folder / "rides"),
        policy,
        port=0,
        log=LogOptions(folder / "log"),
        online=folder / "online.sqlite",
    )
    with listening(options) as answering:
        address = urlsplit(answering.address)
        connection = http.client.HTTPConnection(str(address.hostname), int(address.port or 0))
        body = json.dumps({"dataframe_records": answers.records(ROWS)})
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        values: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
    return values


def joined(folder: Path, kept: Path, answer: dict[str, Any], labels: Labels) -> LabelledLog:
    (score,) = answer["predictions"][0]
    judged = Judged("regression", score, by=("station",))
    return LabelledStore(kept, folder / "log", judged).read(labels)


def test_ids_and_keys_join_the_same_labels(
    folder: Path, answer: dict[str, Any], tmp_path: Path
) -> None:
    scores = [next(iter(row.values())) for row in answer["predictions"]]
    table = ROWS.assign(prediction=answer["ids"], minutes=[score + 1 for score in scores])
    table.to_csv(tmp_path / "labels.csv", index=False)
    keyed = LabelOptions("minutes", key=("station",), instant="start")
    for number, options in enumerate((LabelOptions("minutes"), keyed)):
        labels = Labels.open(tmp_path / "labels.csv", options, "regression")
        result = joined(folder, tmp_path / str(number), answer, labels)
        assert (result.problems, result.joined) == ((), 6)
        (day,) = result.days
        assert day.package == answer["package"]
        assert (day.whole.rows, day.whole.labelled) == (6, 6)
        assert day.whole.errors is not None
        assert day.whole.errors.figures["bias"].value == pytest.approx(-1)
        stations = {value: rows.rows for value, rows in day.slices["station"].items()}
        assert stations == ROWS["station"].value_counts().to_dict()


def test_labels_of_another_server_are_unknown(
    folder: Path, answer: dict[str, Any], tmp_path: Path
) -> None:
    elsewhere = "019acb0e5c1f7d3a9b2e4f6071829304-0"
    other = pd.DataFrame({"prediction": [elsewhere], "minutes": [1.0]})
    other.to_parquet(tmp_path / "labels.parquet")
    labels = Labels.open(tmp_path / "labels.parquet", LabelOptions("minutes"), "regression")
    result = joined(folder, tmp_path / "kept", answer, labels)
    assert [problem.code for problem in result.problems] == ["unknown-prediction"]
    assert result.unknown == 1
