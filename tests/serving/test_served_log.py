"""What a server answers is in its log."""

from pathlib import Path

import pandas as pd
import pytest
from clients import TRIP
from servers import Serve

from stagebook.project.errors import StagebookError
from stagebook.serving.log import finding
from stagebook.serving.options import LogOptions


def test_accepted_and_refused_requests_are_logged_as_they_were_answered(
    serve: Serve, tmp_path: Path
) -> None:
    with serve(log=LogOptions(tmp_path)) as client:
        accepted = client.predict(TRIP, {**TRIP, "stops": 20})
        refused = client.predict({**TRIP, "stops": 21})
        unreadable = client.post("/invocations", b"{")
        digest = client.listening.model.digest
    (entry,) = finding.find(tmp_path, accepted.headers["x-stagebook-request"])
    assert entry.features is not None
    assert entry.predictions is not None
    assert entry.features.to_dict("records") == [TRIP, {**TRIP, "stops": 20}]
    assert entry.predictions.to_dict("records") == accepted.values["predictions"]
    assert [(item.code, item.row) for item in entry.warnings] == [("outside-training-range", 1)]
    assert (entry.package, entry.route, entry.status) == (digest, "/predict", 200)
    for reply, route in ((refused, "/predict"), (unreadable, "/invocations")):
        (entry,) = finding.find(tmp_path, reply.headers["x-stagebook-request"])
        assert (entry.status, entry.route, entry.features) == (reply.status, route, None)
        assert [item.code for item in entry.problems] == reply.codes


def test_an_id_of_a_prediction_leads_to_its_request(serve: Serve, tmp_path: Path) -> None:
    with serve(log=LogOptions(tmp_path)) as client:
        reply = client.predict(TRIP, TRIP)
    first, second = reply.values["ids"]
    assert finding.find(tmp_path, first)[0].request == finding.find(tmp_path, second)[0].request


def test_champion_and_challenger_are_logged_under_one_id(
    serve: Serve, other_package: Path, tmp_path: Path
) -> None:
    with serve(log=LogOptions(tmp_path), shadow=str(other_package)) as client:
        reply = client.predict(TRIP)
    champion, challenger = finding.find(tmp_path, reply.headers["x-stagebook-request"])
    assert (champion.role, challenger.role) == ("champion", "challenger")
    assert champion.package == reply.values["package"] != challenger.package
    assert champion.predictions is not None
    assert challenger.predictions is not None
    assert champion.predictions.to_dict("records") == reply.values["predictions"]
    pd.testing.assert_frame_equal(champion.features, challenger.features)
    assert not champion.predictions.equals(challenger.predictions)


def test_a_column_that_is_left_out_is_not_in_the_log(serve: Serve, tmp_path: Path) -> None:
    with serve(log=LogOptions(tmp_path, without=("city",))) as client:
        reply = client.predict(TRIP)
    (entry,) = finding.find(tmp_path, reply.headers["x-stagebook-request"])
    assert entry.features is not None
    assert "city" not in entry.features.columns
    assert list(entry.features["km"]) == [TRIP["km"]]


@pytest.mark.parametrize(("on_full", "status"), [("serve", 200), ("stop", 503)])
def test_a_log_that_cannot_be_written_is_reported_and_stops_only_if_told_to(
    serve: Serve, tmp_path: Path, on_full: str, status: int
) -> None:
    folder = tmp_path / "log"
    with serve(log=LogOptions(folder, on_full=on_full)) as client:  # type: ignore[arg-type]
        client.predict(TRIP)
        folder.rename(tmp_path / "gone")
        folder.write_text("no folder")
        while (health := client.get("/health")).values["log"]["full"] is False:
            client.predict(TRIP)
        assert health.status == status
        assert client.predict(TRIP).status == status
        assert "stagebook_log_full 1.0" in client.get("/metrics").content.decode()
        folder.unlink()
        (tmp_path / "gone").rename(folder)
        while client.get("/health").values["log"]["full"]:
            pass
        assert client.predict(TRIP).status == 200


def test_no_part_of_a_column_that_is_left_out_is_in_the_log(serve: Serve, tmp_path: Path) -> None:
    secret = "secret987651"
    bodies = [
        (f"city,stops,km,express\r\nBern,3,{secret}", "text/csv"),
        (f'{{"dataframe_records": [{{"city": "{secret}"}}], "{secret}": 1}}', "application/json"),
        (f'{{"dataframe_records": [{{"other": "{secret}"}}]}}', "application/json"),
    ]
    with serve(log=LogOptions(tmp_path, without=("city", "km"))) as client:
        for body, media_type in bodies:
            assert client.post("/predict", body, media_type).status in {400, 422}
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes()


def test_a_column_that_the_model_does_not_have_cannot_be_left_out(
    serve: Serve, tmp_path: Path
) -> None:
    with (
        pytest.raises(StagebookError) as caught,
        serve(log=LogOptions(tmp_path, without=("citty",))),
    ):
        pass
    assert caught.value.problems[0].code == "unknown-log-column"


def test_a_log_folder_that_cannot_be_written_is_refused_before_the_server_answers(
    serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StagebookError) as caught, serve(log=LogOptions(file)):
        pass
    assert caught.value.problems[0].code == "request-log-not-written"
