"""From a served prediction to the package, the execution, the commit and the raw data."""

import json
import os
import shutil
import signal
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest
from checkout import Checkout

from stagebook.serving.log import reading

pytestmark = pytest.mark.slow

ROWS = [{"height": 0.25, "weight": -0.5}, {"height": -1.5, "weight": 0.75}]


def posted(address: str, rows: list[dict[str, Any]]) -> Any:
    """The answer to a request."""
    body = json.dumps({"dataframe_records": rows}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def predicted(project: Checkout, folder: str) -> Any:
    """The answer of `stagebook serve` to a request, which its log keeps."""
    options = ("--port", "0", "--log", folder, "--attestation", "ignore", "--json")
    server = project.start("stagebook", "serve", "models/tall", *options)
    try:
        assert server.stdout
        line = next((text for text in server.stdout if text.startswith('{"address"')), None)
        assert line, server.communicate()
        return posted(f"{json.loads(line)['address']}/predict", ROWS)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate()


def test_a_served_prediction_leads_to_package_commit_and_raw_data(leaving: Checkout) -> None:
    answer = predicted(leaving, "requests")
    name = f"prediction:{answer['ids'][1]}"

    def traced() -> Any:
        words = ("stagebook", "trace", name, "--log", "requests", "--json")
        return json.loads(leaving.ok(*words).output)

    by_prediction = traced()
    [request] = by_prediction["requests"]
    assert request["package"]["digest"] == answer["package"]
    assert request["package"]["path"] == "models/tall"
    [row] = request["rows"]
    assert row["features"] == ROWS[1]
    assert row["prediction"] == answer["predictions"][1]
    by_path = json.loads(leaving.ok("stagebook", "trace", "models/tall", "--json").output)
    for key in ("makings", "raw", "folders"):
        assert by_prediction[key] == by_path[key]
    package = {making["stage"]: making for making in by_prediction["makings"]}["package"]
    assert package["executed"] == "here"
    assert package["git"]["dirty"] is False
    assert package["commits"] != []
    assert [file["tracked"] for file in by_prediction["raw"]] == ["data/people.csv.dvc"]
    shown = leaving.ok("stagebook", "trace", name, "--log", "requests").output
    for text in (answer["request"], "height -1.5", "models/tall", "data/people.csv"):
        assert text in shown

    # another package takes its place; the old one is known by the history and the cache
    leaving.write("params/split.yaml", "share: 0.5\n")
    assert "package" in leaving.build()
    leaving.commit()
    assert traced()["makings"] == by_prediction["makings"]
    assert traced()["requests"] == by_prediction["requests"]

    shutil.rmtree(leaving.root / ".dvc/cache")
    lost = leaving.run("stagebook", "trace", name, "--log", "requests", "--json")
    assert lost.code == 3
    assert [problem.code for problem in lost.problems] == ["unknown-package"]
    assert json.loads(lost.output)["requests"][0]["rows"] == request["rows"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_mlflows_own_server_checks_and_logs_by_variables(leaving: Checkout) -> None:
    leaving.env |= {"STAGEBOOK_SERVE_VALIDATION": "on", "STAGEBOOK_SERVE_LOG": "requests"}
    port = free_port()
    words = ("models", "serve", "-m", "models/tall", "--env-manager", "local", "-p", str(port))
    server = leaving.start("mlflow", *words, own_session=True)
    try:
        assert server.stdout
        ready = next((text for text in server.stdout if "running on http" in text), None)
        assert ready, server.communicate()
        address = f"http://127.0.0.1:{port}/invocations"
        answer = posted(address, ROWS)
        with pytest.raises(urllib.error.HTTPError) as refused:
            posted(address, [ROWS[0], {"height": None, "weight": 1.0}])
        errors = json.loads(refused.value.read())["errors"]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate()
    assert refused.value.code == 422
    assert [(item["code"], item["row"], item["column"]) for item in errors] == [
        ("null-not-allowed", 1, "height")
    ]

    folder = leaving.root / "requests"
    logged = [rows for day in reading.days(folder) for rows in reading.read_day(folder, day)]
    ids = {rows.facts["status"].iloc[0]: rows.facts["request"].iloc[0] for rows in logged}
    assert set(ids) == {200, 422}
    shown = leaving.ok("stagebook", "trace", f"prediction:{ids[200]}", "--json").output
    [request] = json.loads(shown)["requests"]
    assert [row["features"] for row in request["rows"]] == ROWS
    assert [row["prediction"] for row in request["rows"]] == answer["predictions"]
    assert request["package"]["path"] == "models/tall"
