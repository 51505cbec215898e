"""The page on tracking for a team, followed: MLflow on PostgreSQL, which serves artifacts too."""

import http.client
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from checkout import BIN, Checkout
from mlflow import MlflowClient
from trackers import Server, all_runs, artifacts, copy, serving, wait_until

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs/how-to/team-tracking.md").read_text(encoding="utf-8")
LINES = [line.removeprefix("$ ") for line in PAGE.splitlines() if line.startswith("$ ")]
NAME = "little"


def on_page(word: str) -> list[str]:
    """The one command on the page that has a word, without the user that it is for."""
    (line,) = (one for one in LINES if word in one)
    words = shlex.split(line)
    if words[:2] == ["sudo", "-u"]:
        return words[3:]
    return words[1:] if words[0] == "sudo" else words


def programs() -> Path:
    """Debian's PostgreSQL, which ``.ci/run`` installs and asks for."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        message = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("POSTGRESQL_REQUIRED"):
            pytest.fail(message)
        pytest.skip(message)
    return found[-1].parent


@dataclass(frozen=True)
class Database:
    """A PostgreSQL of this test's own, reached by a socket only."""

    folder: Path
    user: str

    def environment(self, user: str) -> dict[str, str]:
        return {"PGHOST": str(self.folder), "PGUSER": user}

    def type(self, words: list[str], user: str) -> None:
        """Runs a command as somebody that the database knows."""
        path = f"{programs()}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, **self.environment(user), "PATH": path}
        subprocess.run(words, env=env, check=True, capture_output=True)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    bin_ = programs()
    # PostgreSQL refuses to run as root; its socket's path has to be short
    folder = Path(tempfile.mkdtemp(prefix="sb-pg-"))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": folder}
    folder.chmod(0o755)
    data = str(folder / "data")
    made = [str(bin_ / "initdb"), "--pgdata", data, "--auth=trust", "--username=postgres"]
    subprocess.run(made, check=True, capture_output=True, **as_user)
    quiet = ["-c", "listen_addresses=", "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(bin_ / "postgres"), "-D", data, "-k", str(folder), *quiet],
            stdout=log,
            stderr=log,
            **as_user,
        )
        try:
            ready = [str(bin_ / "pg_isready"), "--host", str(folder), "--quiet"]
            wait_until(
                lambda: subprocess.run(ready, check=False).returncode == 0,
                lambda: process.poll() is None,
            )
            made_here = Database(folder, "postgres")
            made_here.type(on_page("createuser"), "postgres")
            made_here.type(on_page("createdb"), "postgres")
            yield made_here
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page's service, on loopback, on a free port and with its artifacts in a folder here."""
    (line,) = (one for one in PAGE.splitlines() if one.startswith("ExecStart="))
    told = shlex.split(line.removeprefix("ExecStart="))
    assert told[0].endswith("/bin/mlflow")
    backend = told[told.index("--backend-store-uri") + 1]
    hosts = told[told.index("--allowed-hosts") + 1]
    assert told[told.index("--artifacts-destination") + 1] == "/srv/mlflow/artifacts"
    environment = database.environment("mlflow")
    folder = tmp_path_factory.mktemp("server")
    more = ("--allowed-hosts", f"{hosts},127.0.0.1:*")
    with serving(folder, backend, more, **environment) as running:
        yield running


def little(root: Path) -> Checkout:
    """Two stages with a table, metrics, a history and a child run."""
    (root / "notebooks").mkdir(parents=True)
    project = Checkout(root)
    project.write("pyproject.toml", f'[project]\nname = "{NAME}"\n\n[tool.stagebook]\n')
    made = 'open(table, "w").write("a,b\\n1,2.5\\n3,4.5\\n")'
    project.notebook("make", 'table: Out = "data/table.csv"', made)
    cell = (
        "import json, mlflow\n"
        "for step in range(3):\n"
        '    mlflow.log_metric("loss", step / 4, step=step)\n'
        'with mlflow.start_run(run_name="trial", nested=True):\n'
        '    mlflow.log_text("words", "words.txt")\n'
        'open(numbers, "w").write(json.dumps({"rows": 2, "note": "fine"}))'
    )
    reads = 'table: In = "data/table.csv"\nnumbers: Metrics = "metrics/read.json"'
    project.notebook("read", f"{reads}\nrate: float | None = None\nwords: list = ['ä', 1]", cell)
    return project.begin()


VOLATILE = ("stagebook.record", "stagebook.repro", "stagebook.local_run", "mlflow.parentRunId")


def as_seen(project: Checkout, uri: str) -> dict[str, Any]:
    """All that a person sees of a project's runs, but for times and ids."""
    client, found = MlflowClient(uri), all_runs(project, NAME, uri)
    names = {run.info.run_id: run.info.run_name for run in found}
    assert len(found) == len(set(names.values()))
    return {
        str(run.info.run_name): {
            "status": run.info.status,
            "params": run.data.params,
            "metrics": {k: v for k, v in run.data.metrics.items() if k != "seconds"},
            "tags": {k: v for k, v in run.data.tags.items() if k not in VOLATILE},
            "above": names.get(run.data.tags.get("mlflow.parentRunId", "")),
            "history": [
                (one.step, one.value) for one in client.get_metric_history(run.info.run_id, "loss")
            ],
            "datasets": [one.dataset.to_dictionary() for one in run.inputs.dataset_inputs],
            "artifacts": artifacts(client, run),
        }
        for run in found
    }


def test_the_same_build_gives_the_same_runs_there_as_in_a_file(
    server: Server, tmp_path: Path
) -> None:
    project = little(tmp_path / "one")
    other = copy(project, tmp_path / "other")
    project.env["MLFLOW_TRACKING_URI"] = server.uri
    assert project.build() == other.build() == {"sources", "make", "read"}
    there = as_seen(project, server.uri)
    assert there.keys() == {"build", "make", "read", "trial"}
    assert there == as_seen(other, f"sqlite:///{other.root / 'mlflow.db'}")
    assert there["read"]["params"] == {"rate": "None", "words": '["ä", 1]'}
    assert not (project.root / "mlflow.db").exists()
    assert not (project.root / "mlruns").exists()


def test_members_who_deliver_at_once_share_one_experiment(server: Server, tmp_path: Path) -> None:
    project = little(tmp_path / "one")
    settings = project.read("pyproject.toml")
    project.write("pyproject.toml", settings.replace(NAME, "shared"))
    members = [project, copy(project, tmp_path / "other")]
    for member in members:
        member.env["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
        member.ok("stagebook", "run", "make")
        member.env["MLFLOW_TRACKING_URI"] = server.uri
    for process in [member.start("stagebook", "deliver") for member in members]:
        output, _ = process.communicate()
        assert process.returncode == 0, output
    found = all_runs(project, "shared", server.uri)
    wanted = {one["volatile"]["id"] for member in members for one in member.records()}
    assert {run.data.tags["stagebook.record"] for run in found} == wanted
    assert len(found) == 2


def test_the_address_that_people_type_is_served_and_no_other(server: Server) -> None:
    def status(host: str) -> int:
        asked = http.client.HTTPConnection(server.uri.removeprefix("http://"), timeout=60)
        asked.request(
            "GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": host}
        )
        answer = asked.getresponse().status
        asked.close()
        return answer

    (line,) = (one for one in PAGE.splitlines() if one.startswith("tracking_uri"))
    assert status(line.split('"')[1].removeprefix("http://")) == 200
    assert status("elsewhere.example.org:5000") == 403


def test_ci_delivers_after_a_failed_build_and_fails_all_the_same(
    server: Server, tmp_path: Path
) -> None:
    project = little(tmp_path / "one")
    settings = project.read("pyproject.toml")
    project.write("pyproject.toml", settings.replace(NAME, "failing"))
    project.notebook("make", 'table: Out = "data/table.csv"', "1 / 0")
    project.env["MLFLOW_TRACKING_URI"] = server.uri
    (line,) = (one for one in LINES if one.startswith("dvc repro"))
    assert project.run("bash", "-c", line).code != 0
    found = all_runs(project, "failing", server.uri)
    assert {run.info.run_name: run.info.status for run in found} == {
        "build": "FAILED",
        "make": "FAILED",
    }


def test_what_is_to_be_backed_up_can_be(database: Database, server: Server, tmp_path: Path) -> None:
    dumped = tmp_path / "mlflow.dump"
    words = [f"--file={dumped}" if one.startswith("--file=") else one for one in on_page("pg_dump")]
    database.type(words, "mlflow")
    assert dumped.read_bytes().startswith(b"PGDMP")
    upgrade = on_page("db upgrade")
    database.type(["mlflow", *upgrade[1:]], "mlflow")
