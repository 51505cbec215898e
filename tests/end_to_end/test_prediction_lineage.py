"""From a served prediction to the package, the execution, the commit and the raw data."""

import json
import shutil
import signal
import urllib.request
from typing import Any

import pytest
from checkout import Checkout

pytestmark = pytest.mark.slow

ROWS = [{"height": 0.25, "weight": -0.5}, {"height": -1.5, "weight": 0.75}]


def predicted(project: Checkout, folder: str) -> Any:
    """The answer of `stagebook serve` to a request, which its log keeps."""
    options = ("--port", "0", "--log", folder, "--attestation", "ignore", "--json")
    server = project.start("stagebook", "serve", "models/tall", *options)
    try:
        assert server.stdout
        lines = iter(server.stdout)
        line = next((text for text in lines if text.startswith('{"address"')), None)
        assert line, server.communicate()
        request = urllib.request.Request(  # noqa: S310
            f"{json.loads(line)['address']}/predict",
            json.dumps({"dataframe_records": ROWS}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
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
