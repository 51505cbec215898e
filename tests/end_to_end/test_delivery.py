"""Whatever happens on the way to MLflow: nothing is lost, doubled or blocked by it."""

import contextlib
import itertools
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from checkout import Checkout
from mlflow import MlflowClient
from mlflow.entities import Run
from trackers import (
    REFUSAL,
    Gate,
    Request,
    Server,
    artifacts,
    copy,
    found_runs,
    gate,
    runs,
    serving,
    wait_until,
)

from stagebook.tracking import late_delivery

pytestmark = pytest.mark.slow

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'
NAME = "little"

MADE = 'import pathlib\npathlib.Path(table).write_text("a,b\\n1,2.5\\n3,4.5\\n")'
MUCH = """
import json, mlflow, pandas
from sklearn.linear_model import LinearRegression
frame = pandas.read_csv(table)
for step in range(3):
    mlflow.log_metric("loss", 1 / (step + 1), step=step)
mlflow.log_input(mlflow.data.from_pandas(frame, name="seen"), context="training")
with mlflow.start_run(run_name="trial", nested=True):
    mlflow.log_metric("inner", 2)
mlflow.sklearn.log_model(LinearRegression().fit(frame[["a"]], frame["b"]), name="line")
open(numbers, "w").write(json.dumps({"rows": len(frame)}))
"""


@pytest.fixture(scope="module")
def undelivered(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project after a build of two stages that no tracker has been told of."""
    root = tmp_path_factory.mktemp("undelivered") / "pro ject"
    (root / "notebooks").mkdir(parents=True)
    project = Checkout(root)
    project.write("pyproject.toml", f'[project]\nname = "{NAME}"\n\n[tool.stagebook]\n')
    project.notebook("make", 'table: Out = "data/table.csv"', MADE)
    reads = 'table: In = "data/table.csv"\nnumbers: Metrics = "metrics/much.json"'
    project.notebook("much", f"{reads}\nrate: float = 0.5", MUCH)
    project.notebook("short", OUT, DONE)
    project.begin()
    with nobody() as uri:
        project.env["MLFLOW_TRACKING_URI"] = uri
        project.ok("dvc", "repro", "much")
    del project.env["MLFLOW_TRACKING_URI"]
    assert len(project.records()) == len(outbox(project)) == 2
    return project


@pytest.fixture
def waiting(undelivered: Checkout, tmp_path: Path) -> Checkout:
    return copy(undelivered, tmp_path)


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(one_server: Server) -> Iterator[Server]:
    """A real server without the project's experiment."""
    yield one_server
    client = MlflowClient(one_server.uri)
    if found := client.get_experiment_by_name(NAME):
        client.rename_experiment(found.experiment_id, f"{NAME} {found.experiment_id}")


@pytest.fixture
def gated(server: Server) -> Iterator[Gate]:
    with gate(server.uri) as before:
        yield before


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """An address that refuses connections: bound, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def outbox(project: Checkout) -> list[str]:
    folder = project.root / ".stagebook" / "outbox"
    return sorted(path.name for path in folder.glob("*") if path.is_dir())


def send(project: Checkout, uri: str) -> subprocess.Popen[str]:
    """The courier of a stage that has just ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stagebook.tracking.courier", str(project.root)],
        env={**project.environment(), "MLFLOW_TRACKING_URI": uri},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()
    return process


def kill_when_held(project: Checkout, gated: Gate) -> bool:
    """Sends a courier and kills it once the gate holds something; false if it got through."""
    process = send(project, gated.uri)
    wait_until(lambda: gated.reached.is_set() or process.poll() is not None)
    is_held = gated.reached.is_set()
    process.kill()
    process.communicate()
    return is_held


def change(number: int) -> Callable[[Request], bool]:
    """Tells the change of this number, counted from 0."""
    before = itertools.count()
    return lambda request: request.changes and next(before) >= number


def notes(output: str) -> list[str]:
    return [line for line in output.splitlines() if "MLflow" in line]


def assert_whole(project: Checkout, uri: str) -> None:
    """Every record is one run, and everything in it is there once."""
    project.env["MLFLOW_TRACKING_URI"] = uri
    project.ok("stagebook", "deliver")
    assert outbox(project) == []
    client = MlflowClient(uri)
    found = found_runs(NAME, uri)
    assert {run.info.status for run in found} == {"FINISHED"}
    by_record = {run.data.tags.get("stagebook.record"): run for run in found}
    builds = [run for run in found if "stagebook.repro" in run.data.tags]
    children = [run for run in found if "stagebook.local_run" in run.data.tags]
    records = [one["volatile"]["id"] for one in project.records()]
    assert len(found) == len(records) + len(builds) + len(children)
    assert sorted(filter(None, by_record)) == records
    (build,) = builds
    for one in project.records():
        run = by_record[one["volatile"]["id"]]
        pages = {"executed.ipynb", "executed.html", "record.json"}
        assert pages <= artifacts(client, run)
        in_build = one["volatile"]["repro"] is not None
        above = run.data.tags.get("mlflow.parentRunId")
        assert above == (build.info.run_id if in_build else None)
        assert f"output.{one['outputs'][0]['path']}" in run.data.tags
        if one["stage"] == "much":
            assert_has_much(client, run, children)
    assert build.data.metrics["stages.executed"] == 2
    assert artifacts(client, build) == {"build.json"}


def assert_has_much(client: MlflowClient, run: Run, children: list[Run]) -> None:
    assert run.data.params == {"rate": "0.5"}
    assert run.data.metrics["rows"] == 2
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert len(client.get_metric_history(run.info.run_id, "rows")) == 1
    names = sorted(one.dataset.name for one in run.inputs.dataset_inputs)
    assert names == ["data/table.csv", "seen"]
    (child,) = children
    assert child.data.tags["mlflow.parentRunId"] == run.info.run_id
    assert child.data.metrics == {"inner": 2}
    (model,) = client.search_logged_models([run.info.experiment_id])
    assert model.status == "READY"
    assert [one.model_id for one in run.outputs.model_outputs] == [model.model_id]
    assert "MLmodel" in {one.path for one in client.list_logged_model_artifacts(model.model_id)}


def test_a_tracker_that_refuses_connections(waiting: Checkout, server: Server) -> None:
    with nobody() as uri:
        waiting.env["MLFLOW_TRACKING_URI"] = uri
        done = waiting.ok("stagebook", "run", "short")
    assert len(notes(done.output)) == 1
    assert "ConnectionRefusedError" in done.output
    assert_whole(waiting, server.uri)


def test_a_tracker_that_hangs_holds_no_stage_up(waiting: Checkout, server: Server) -> None:
    waiting.env["MLFLOW_TRACKING_URI"] = server.uri
    server.pause()
    try:
        done = waiting.ok("stagebook", "run", "short")  # ends while the server still hangs
        assert len(notes(done.output)) == 1
        asked = waiting.run("stagebook", "deliver")  # gives up by itself
        assert asked.code == 4
        assert "TimeoutError" in asked.output
    finally:
        server.go_on()
    assert_whole(waiting, server.uri)


def test_a_tracker_that_is_out_of_order(waiting: Checkout, gated: Gate) -> None:
    waiting.env["MLFLOW_TRACKING_URI"] = gated.uri
    gated.answer = lambda request: 500
    done = waiting.ok("stagebook", "run", "short")
    assert len(notes(done.output)) == 1
    assert "500" in done.output
    assert waiting.run("stagebook", "deliver").code == 4
    gated.answer = lambda request: None
    assert_whole(waiting, gated.uri)


def test_what_a_proxy_says_that_it_has_stored_is_looked_up(waiting: Checkout, gated: Gate) -> None:
    waiting.env["MLFLOW_TRACKING_URI"] = gated.uri
    swallowed = ["runs/log-batch", "runs/log-inputs", "runs/update", "build.json"]

    def answer(request: Request) -> int | None:
        is_swallowed = any(path in request.path for path in swallowed)
        return 200 if is_swallowed and request.changes else None

    gated.answer = answer
    while swallowed:
        done = waiting.run("stagebook", "deliver")
        assert done.code == 4, (swallowed, done.output)
        assert outbox(waiting)
        del swallowed[0]
    gated.answer = lambda request: None
    assert_whole(waiting, gated.uri)


@pytest.mark.parametrize("after", [6, 13, 20])
def test_a_tracker_that_dies_half_way_through_a_delivery(
    waiting: Checkout, gated: Gate, after: int
) -> None:
    waiting.env["MLFLOW_TRACKING_URI"] = gated.uri
    gated.answer = lambda request: None if request.number <= after else 0
    assert waiting.run("stagebook", "deliver").code == 4
    assert outbox(waiting)
    gated.answer = lambda request: None
    assert_whole(waiting, gated.uri)


def test_kill_9_of_the_courier_at_every_change_that_it_makes(
    waiting: Checkout, gated: Gate
) -> None:
    """By turns before the tracker gets the request, and after; what was held comes late."""
    for points in itertools.count():
        gated.arm(change(points), answer=points % 2 == 0)
        if not kill_when_held(waiting, gated):
            break
        gated.open()
    gated.open()
    assert points > 15
    assert_whole(waiting, gated.uri)


def test_a_run_that_a_killed_courier_asked_for_and_that_comes_late(
    waiting: Checkout, gated: Gate
) -> None:
    gated.arm(
        lambda request: "runs/create" in request.path and b"much" in request.body, answer=False
    )
    assert kill_when_held(waiting, gated)
    waiting.env["MLFLOW_TRACKING_URI"] = gated.uri
    waiting.ok("stagebook", "deliver")
    gated.open()  # now the tracker carries it out
    assert len(found_runs(NAME, gated.uri)) == 5
    waiting.ok("stagebook", "run", "short")
    assert_whole(waiting, gated.uri)


def test_a_stage_whose_courier_is_killed_says_so_and_ends(waiting: Checkout, gated: Gate) -> None:
    waiting.env["MLFLOW_TRACKING_URI"] = gated.uri
    gated.arm(lambda request: True, answer=False)
    process = waiting.start("stagebook", "run", "short")
    wait_until(gated.reached.is_set)
    for one in psutil.process_iter(["cmdline"]):
        words = one.info["cmdline"] or []
        if "stagebook.tracking.courier" in words and str(waiting.root) in words:
            one.kill()
    output, _ = process.communicate()
    assert process.returncode == 0
    assert len(notes(output)) == 1
    gated.open()
    assert_whole(waiting, gated.uri)


def test_a_record_that_is_refused_for_good_is_named_and_keeps_no_other_back(
    waiting: Checkout, gated: Gate
) -> None:
    refused = next(one for one in outbox(waiting) if "-make-" in one)
    waiting.env["MLFLOW_TRACKING_URI"] = gated.uri
    name = refused.encode()  # the build's own artifact names it too, and is taken
    gated.answer = lambda one: 400 if name in one.body and "/mlflow/runs/" in one.path else None
    done = waiting.run("stagebook", "deliver")
    assert done.code == 4
    assert refused in done.output
    assert "View run" not in done.output
    assert REFUSAL in done.output
    assert outbox(waiting) == [refused]
    told = json.loads(waiting.run("stagebook", "deliver", "--json").output)
    assert [one["code"] for one in told["problems"]] == ["record-refused"]
    gated.answer = lambda request: None
    assert_whole(waiting, gated.uri)


def test_a_sqlite_file_that_is_locked(waiting: Checkout, tmp_path: Path) -> None:
    file = tmp_path / "tracker.db"
    waiting.env["MLFLOW_TRACKING_URI"] = f"sqlite:///{file}"
    MlflowClient(f"sqlite:///{file}").search_experiments()
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        done = waiting.ok("stagebook", "run", "short")
        assert len(notes(done.output)) == 1
        asked = waiting.run("stagebook", "deliver", "--json")
        assert asked.code == 4
        [problem] = asked.problems
        assert problem.code == "no-tracker"
        assert "locked" in problem.message
    finally:
        connection.close()
    assert_whole(waiting, f"sqlite:///{file}")


def test_two_stages_that_deliver_at_once(waiting: Checkout, server: Server) -> None:
    couriers = [send(waiting, server.uri) for _ in range(3)]
    said = [courier.communicate()[0].splitlines() for courier in couriers]
    told = [json.loads(lines[-1])["delivered"] for lines in said]
    assert sorted(name for names in told for name in names) == [
        one["volatile"]["id"] for one in waiting.records()
    ]
    assert_whole(waiting, server.uri)


FULL = """
    set -e
    mount -t tmpfs -o size={size} none "{disk}"
    cp "{empty}" "{disk}/tracker.db"
    set +e
    export MLFLOW_TRACKING_URI="sqlite:///{disk}/tracker.db"
    head -c 100m /dev/zero > "{disk}/filler" 2>/dev/null
    stagebook run short
    echo "stage $?"
    stagebook deliver
    echo "full $?"
    rm "{disk}/filler"
    stagebook deliver
    echo "room $?"
    cp "{disk}/tracker.db" "{kept}"
"""


def test_a_disk_that_is_full(waiting: Checkout, tmp_path: Path) -> None:
    """On a real file system of a few megabytes, mounted for the commands of this test only."""
    disk, empty, kept = tmp_path / "disk", tmp_path / "empty.db", tmp_path / "kept.db"
    disk.mkdir()
    MlflowClient(f"sqlite:///{empty}").search_experiments()
    script = FULL.format(size="40m", disk=disk, empty=empty, kept=kept)
    as_root = ["-m"] if os.geteuid() == 0 else ["-rm"]
    done = waiting.run("unshare", *as_root, "bash", "-c", script)
    during, after = done.output.split("full 4\n")
    assert "stage 0" in during, done.output
    assert len(notes(during.partition("stage 0")[0])) == 1
    assert "full" in during
    assert "room 0" in after
    assert_whole(waiting, f"sqlite:///{kept}")


def test_a_delivery_that_could_not_note_that_it_was_done_is_made_again(
    waiting: Checkout, tmp_path: Path
) -> None:
    uri = f"sqlite:///{tmp_path / 'tracker.db'}"
    waiting.env["MLFLOW_TRACKING_URI"] = uri
    box = waiting.root / ".stagebook" / "outbox"
    shutil.copytree(box, tmp_path / "kept")
    waiting.ok("stagebook", "deliver")
    shutil.copytree(tmp_path / "kept", box, dirs_exist_ok=True)
    shutil.rmtree(waiting.root / ".stagebook" / "delivered")
    assert_whole(waiting, uri)


@pytest.mark.parametrize(
    ("setting", "variable", "delivered"),
    [("true", "", True), ("true", "0", False), ("false", "", False), ("false", "1", True)],
)
def test_a_run_delivers_its_record_or_lets_it_wait(
    project: Checkout, setting: str, variable: str, delivered: bool
) -> None:
    head = f'[project]\nname = "{NAME}"\n\n[tool.stagebook]\ndeliver = {setting}\n'
    project.write("pyproject.toml", head)
    project.notebook("short", OUT, DONE)
    project.ok("stagebook", "sync")
    project.env["STAGEBOOK_DELIVER"] = variable
    told = json.loads(project.ok("stagebook", "run", "short", "--json").output.splitlines()[-1])
    assert (told["mlflow"]["run_id"] is not None) == delivered
    assert told["mlflow"]["goes_on"] != delivered
    assert outbox(project) == (
        [] if delivered else [path.stem for path in (project.root / ".stagebook/records").iterdir()]
    )
    project.ok("stagebook", "deliver")
    assert [run.info.run_name for run in runs(project, NAME)] == ["short"]


def test_stages_side_by_side_are_delivered_when_their_build_ends(project: Checkout) -> None:
    for name in ("one", "two"):
        project.notebook(name, f'result: Out = "data/{name}.txt"', DONE)
    project.ok("stagebook", "sync")
    with nobody() as uri:
        project.env["MLFLOW_TRACKING_URI"] = uri
        failed = project.ok("stagebook", "repro", "--json").output.splitlines()[-1]
    assert json.loads(failed)["undelivered"]
    assert len(outbox(project)) == 2
    del project.env["MLFLOW_TRACKING_URI"]
    done = json.loads(project.ok("stagebook", "repro", "-f", "--json").output.splitlines()[-1])
    assert done["undelivered"] == ""
    assert outbox(project) == []
    assert sorted(run.info.run_name for run in runs(project, NAME)) == ["one", "one", "two", "two"]


def chained(project: Checkout, name: str) -> None:
    """Three stages, of which each reads the output of the one before."""
    project.notebook(f"{name}1", 'made: Out = "data/1.txt"', 'open(made, "w").write("1")')
    reads = 'read: In = "data/1.txt"\nmade: Out = "data/2.txt"'
    project.notebook(f"{name}2", reads, 'open(made, "w").write("2")')
    reads = 'read: In = "data/2.txt"\nmade: Out = "data/3.txt"'
    project.notebook(f"{name}3", reads, 'open(made, "w").write("3")')
    project.ok("stagebook", "sync")


def test_records_that_a_stage_left_are_delivered_with_those_of_the_next(project: Checkout) -> None:
    chained(project, "part")
    project.ok("dvc", "repro")
    assert outbox(project) == []
    delivered = [run.info.run_name for run in runs(project, NAME)]
    assert delivered == ["part1", "part2", "part3"]


def test_a_record_that_a_stage_left_is_delivered_if_the_next_stage_is_skipped(
    project: Checkout,
) -> None:
    chained(project, "part")
    project.ok("dvc", "repro")
    project.notebook("part1", 'made: Out = "data/1.txt"', 'print(1, file=open(made, "w"), end="")')
    assert project.build() == {"sources", "part1"}
    wait_until(lambda: outbox(project) == [])
    names = [run.info.run_name for run in runs(project, NAME)]
    assert sorted(names) == ["part1", "part1", "part2", "part3"]


@pytest.mark.parametrize("place", [0, 1])
def test_of_records_that_wait_while_a_build_goes_on_the_oldest_has_all_delivered(
    waiting: Checkout, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in waiting.environment().items():
        monkeypatch.setenv(name, value)
    left = outbox(waiting)
    folder = str(waiting.root / ".stagebook" / "outbox")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as build:
        process = late_delivery.start(str(waiting.root), folder, left[place], build.pid, 0)
        if place == 0:
            assert process.wait() == 0
            assert outbox(waiting) == []
        else:
            wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_SLEEPING)
            assert outbox(waiting) == left
        assert build.stdin
        build.stdin.close()
    assert process.wait() == 0
    assert outbox(waiting) == []
