"""The test of a deployment starts a real server, and finds one that is not as it should be."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from clients import Client
from refusals import problem
from servers import POLICY, Serve

from stagebook.project.errors import Exit, StagebookError
from stagebook.serving.options import Limits, LogOptions, ServingOptions
from stagebook.serving.testing import deployment_check, running
from stagebook.serving.testing.deployment_check import DeploymentCheck
from stagebook.serving.testing.packaged_rows import PackagedRows
from stagebook.serving.testing.running import RunningServer
from stagebook.workflow import deployment_tests

TOKEN = "t0k3n-5f0c2f6d8c1d7a3e"


@pytest.fixture(scope="module")
def rows(package: Path) -> PackagedRows:
    return PackagedRows.read(str(package))


def checked(
    client: Client, rows: PackagedRows, token: str | None = None, row_limit: int = 10_000
) -> list[DeploymentCheck]:
    server = RunningServer(client.host, client.port, None)  # type: ignore[arg-type]
    return asyncio.run(deployment_check.check(server, rows, token, row_limit))


def failed(checks: list[DeploymentCheck]) -> list[str]:
    return [check.name for check in checks if not check.holds]


def test_a_server_of_the_package_passes_every_check(client: Client, rows: PackagedRows) -> None:
    checks = checked(client, rows)
    assert failed(checks) == []
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    assert sum(name.startswith("golden rows as") for name in names) == 6
    assert sum(name.endswith("is refused") for name in names) == 8


def test_golden_rows_are_sent_in_parts_where_requests_have_few_rows(
    serve: Serve, rows: PackagedRows
) -> None:
    with serve(limits=Limits(rows=50)) as client:
        assert failed(checked(client, rows, row_limit=50)) == []
        assert "golden rows as CSV" in failed(checked(client, rows, row_limit=51))


def test_a_package_that_was_replaced_after_the_start_is_found(
    client: Client, other_package: Path
) -> None:
    names = failed(checked(client, PackagedRows.read(str(other_package))))
    assert names[0] == "the package"
    assert [name for name in names if name.startswith("golden")] == names[1:]
    assert len(names) == 7


def test_a_package_that_was_spoiled_after_the_start_is_refused(
    package: Path, tmp_path: Path
) -> None:
    spoiled = Path(shutil.copytree(package, tmp_path / package.name))
    (spoiled / "golden.parquet").write_bytes(b"PAR1")
    assert problem(PackagedRows.read, str(spoiled)).code == "package-changed"


def test_a_server_that_asks_for_a_token_must_refuse_who_has_none(
    serve: Serve, client: Client, rows: PackagedRows
) -> None:
    with serve(token=TOKEN) as guarded:
        assert failed(checked(guarded, rows, TOKEN)) == []
        assert "GET /metrics" in failed(checked(guarded, rows, None))
    assert failed(checked(client, rows, TOKEN)) == ["no token is refused"]


def test_a_server_that_is_gone_fails_every_check(serve: Serve, rows: PackagedRows) -> None:
    with serve() as client:
        pass
    checks = checked(client, rows)
    assert len(failed(checks)) == len(checks)


def test_a_test_starts_a_server_with_its_options_and_leaves_no_log(
    package: Path, tmp_path: Path
) -> None:
    log = LogOptions(tmp_path / "log", ("km",))
    options = ServingOptions(
        str(package), replace(POLICY, isolate="unsigned"), token=TOKEN, log=log
    )
    report = deployment_tests.check(options)
    assert (report.holds, failed(report.checks)) == (True, [])
    assert "no token is refused" in [check.name for check in report.checks]
    assert list((tmp_path / "log").iterdir()) == []


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(StagebookError) as caught, running.running(ServingOptions("nowhere")):
        raise AssertionError("it does not start")
    assert [item.code for item in caught.value.problems] == ["no-package"]
    assert caught.value.exit_code == Exit.INVALID


def test_a_server_that_is_killed_is_a_failure(package: Path) -> None:
    def kill() -> None:
        with running.running(ServingOptions(str(package), POLICY)) as server:
            assert server.memory > 10_000_000
            assert server.handles > 3
            server.process.kill()

    assert problem(kill).code == "server-failed"
