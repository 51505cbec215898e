"""A champion is replaced by evidence, and a server that follows it answers with the new one."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import compared_packages
import pytest
from click.testing import CliRunner
from mlflow import MlflowClient
from trackers import Server, serving, wait_until

from stagebook.cli.main import main
from stagebook.model import manifest
from stagebook.workflow import promoting

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_running_loop")]

LENIENT = ("--materials", "ignore", "--attestation", "ignore")
CHAMPION = "models:/people@champion"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages of one model: one that sees nothing of use, and one that sees all."""
    folder = tmp_path_factory.mktemp("promoted")
    compared_packages.write(folder, ["weight"]).rename(folder / "blind")
    compared_packages.write(folder, ["weight", "height"]).rename(folder / "seeing")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("mlflow") / "server") as server:
        yield server


@pytest.fixture
def registry(
    server: Server, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of an MLflow server without registered models."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.chdir(tmp_path)
    yield server.uri
    client = MlflowClient(server.uri)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)


def verb(*words: str, code: int = 0) -> dict[str, Any]:
    """The JSON that a verb of ``model`` prints."""
    result = CliRunner().invoke(main, ["model", *words, "--json"])
    assert result.exit_code == code, result.output
    values: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return values


def promote(folder: Path, name: str, *options: str, code: int = 0) -> dict[str, Any]:
    data = ("--data", str(folder / "test.parquet"), "--label", "tall", "--name", "people")
    return verb("promote", str(folder / name), *data, *LENIENT, *options, code=code)


def versions(uri: str) -> dict[int, dict[str, str]]:
    """The tags of each version."""
    return {int(each.version): each.tags for each in MlflowClient(uri).search_model_versions()}


@contextmanager
def following(folder: Path) -> Iterator[str]:
    """A server process that follows the champion; its address."""
    command = [sys.executable, "-m", "stagebook", "serve", CHAMPION, "--follow", CHAMPION]
    options = ["--port", "0", "--materials", "ignore", "--attestation", "ignore", "--json"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())["address"]
        finally:
            process.terminate()
            process.wait()


def answering(address: str) -> str:
    """The digest of the package that answers requests."""
    with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:
        return str(json.load(answer)["package"]["digest"])


def test_a_server_that_follows_the_alias_answers_with_what_was_promoted(
    folder: Path, registry: str
) -> None:
    digests = [manifest.read(folder / name).digest for name in ("blind", "seeing")]
    first = promote(folder, "blind")
    assert (first["version"], first["before"], first["comparison"]) == (1, None, None)
    with following(folder) as address:
        assert answering(address) == digests[0]
        second = promote(folder, "seeing", "--reason", "it sees")
        assert (second["version"], second["before"]) == (2, 1)
        assert second["comparison"]["verdict"] == "better"
        wait_until(lambda: answering(address) == digests[1])
        dry = verb("rollback", "people", "--dry-run")
        assert (dry["version"], dry["moved"]) == (1, False)
        shown = CliRunner().invoke(main, ["model", "rollback", "people", "--dry-run"])
        assert "would be version 1 (now: version 2)" in shown.stdout
        back = verb("rollback", "people", "--reason", "too slow")
        assert (back["version"], back["left"], back["digest"]) == (1, 2, digests[0])
        assert back["moved"]
        wait_until(lambda: answering(address) == digests[0])
    tags = versions(registry)[2]
    assert tags["stagebook.champion.reason"] == "it sees"
    assert tags["stagebook.champion.verdict"].startswith("better by auc: +")
    assert tags["stagebook.champion.left_reason"] == "too slow"
    refused = verb("rollback", "people", code=3)
    assert [problem["code"] for problem in refused["problems"]] == ["no-version-before"]


def test_a_worse_challenger_changes_nothing(folder: Path, registry: str) -> None:
    promote(folder, "seeing")
    before = versions(registry)
    refused = promote(folder, "blind", code=15)
    assert (refused["moved"], refused["version"]) == (False, None)
    assert [problem["code"] for problem in refused["problems"]] == ["not-proven"]
    assert all(check["holds"] for check in refused["deployment"])
    assert versions(registry) == before
    again = promote(folder, "seeing")
    assert (again["is_champion"], again["moved"]) == (True, False)
    assert versions(registry) == before


def test_a_registered_challenger_is_promoted_by_its_address(folder: Path, registry: str) -> None:
    promote(folder, "blind")
    promote(folder, "seeing", "--to", "challenger")
    data = ("--data", str(folder / "test.parquet"), "--label", "tall")
    options = ("--materials", "ignore", *data)
    moved = verb("promote", "models:/people@challenger", *options)
    assert (moved["name"], moved["version"], moved["before"]) == ("people", 2, 1)
    assert len(versions(registry)) == 2


def test_a_package_that_the_gate_refuses_changes_nothing(folder: Path, registry: str) -> None:
    result = verb(
        *("promote", str(folder / "seeing"), "--data", str(folder / "test.parquet")),
        *("--label", "tall", "--name", "people"),
        code=12,
    )
    codes = {problem["code"] for problem in result["problems"]}
    assert codes == {"materials-missing", "no-attestation"}
    assert (result["comparison"], result["deployment"]) == (None, None)
    assert versions(registry) == {}


def test_an_alias_that_moves_while_evidence_is_gathered_is_left_alone(
    folder: Path, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(folder, "blind")
    client = MlflowClient(registry)
    steps: list[str] = []
    original = promoting._deployment

    def meanwhile(*words: Any) -> Any:
        """Tests the server while another person takes the alias away."""
        client.delete_registered_model_alias("people", "champion")
        steps.append("taken")
        return original(*words)

    monkeypatch.setattr(promoting, "_deployment", meanwhile)
    refused = promote(folder, "seeing", code=15)
    assert steps == ["taken"]
    assert [problem["code"] for problem in refused["problems"]] == ["alias-moved"]
    assert client.get_registered_model("people").aliases == {}
    assert len(versions(registry)) == 1
