"""A person attaches to the kernel of a failed stage, and nothing of it remains."""

import contextlib
import json
import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.multikernelmanager import MultiKernelManager

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

PARAMETERS = 'result: Out = "data/result.txt"\nnumber: int = 3'
CELLS = ("x = number + 4", "y = x / 0", 'open(result, "w").write("done")')
PATIENCE = 120


@pytest.fixture
def failing(project: Checkout, tmp_path: Path) -> Checkout:
    """A project whose stage fails in cell 3, with a runtime folder of Jupyter of its own."""
    project.env["JUPYTER_RUNTIME_DIR"] = str(tmp_path / "runtime")
    project.notebook("fit", PARAMETERS, *CELLS)
    return project


@contextlib.contextmanager
def held(project: Checkout, *command: str) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A command that holds a kernel, with the JSON that it prints."""
    process = subprocess.Popen(
        command,
        cwd=project.root,
        env={key: value for key, value in project.environment().items() if key != "CI"},
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    try:
        assert select.select([process.stdout], [], [], PATIENCE)[0], "nothing was printed"
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def evaluate(connection: str, expression: str) -> str:
    """What a kernel prints of an expression, through a client that attaches to it."""
    client = BlockingKernelClient(connection_file=connection)
    client.load_connection_file()
    client.start_channels()
    printed: list[str] = []

    def note(message: Any) -> None:
        printed.append(message["content"].get("text", ""))

    try:
        client.wait_for_ready(timeout=PATIENCE)
        code = f"print({expression})"
        reply = client.execute_interactive(code, timeout=PATIENCE, output_hook=note)
    finally:
        client.stop_channels()
    assert reply["content"]["status"] == "ok", reply
    return "".join(printed).strip()


def assert_nothing_is_left(project: Checkout, connection: str) -> None:
    assert not Path(connection).exists()
    assert not list((project.root / ".stagebook/executions").glob("*"))
    assert not (project.root / "data/result.txt").exists()
    project.assert_no_kernels()


def test_a_kernel_stops_before_the_failed_cell_with_everything_before_it_executed(
    failing: Checkout,
) -> None:
    assert failing.run("stagebook", "run", "fit").code == 1
    before = failing.records()
    with held(failing, "stagebook", "debug", "fit", "--json") as (process, kernel):
        assert (kernel["stage"], kernel["cell"], kernel["problems"]) == ("fit", 3, [])
        connection = kernel["connection"]
        assert evaluate(connection, "x, 'y' in globals()") == "7 False"
        servers = MultiKernelManager(external_connection_dir=str(Path(connection).parent))
        assert len(servers.list_kernel_ids()) == 1  # as JupyterLab's server lists kernels of others
        folder = evaluate(connection, "__import__('os').getcwd()")
        assert Path(folder).parents[1] == failing.root / ".stagebook/executions"
        evaluate(connection, "open(result, 'w').write('mine')")
        stopped = failing.ok("stagebook", "debug", "--stop", "--json")
        assert json.loads(stopped.output) == {"stopped": ["fit"]}
        assert process.wait(PATIENCE) == 0
    assert failing.records() == before
    assert_nothing_is_left(failing, connection)


def test_a_failed_runs_kernel_stays_and_marks_its_record_until_a_clean_run(
    failing: Checkout,
) -> None:
    with held(failing, "stagebook", "run", "fit", "--keep-kernel", "--json") as (process, run):
        assert run["record"]["outcome"] == "failed"
        assert run["record"]["volatile"]["kept"] is True
        connection = run["kernel"]["connection"]
        assert run["kernel"]["cell"] == 3
        assert evaluate(connection, "x") == "7"
        evaluate(connection, "open(result, 'w').write('mine')")
        process.terminate()
        assert process.wait(PATIENCE) == 1
    assert failing.records()[-1]["volatile"]["kept"] is True
    assert_nothing_is_left(failing, connection)
    failing.notebook("fit", PARAMETERS, CELLS[0], CELLS[2])
    failing.ok("stagebook", "run", "fit", "--keep-kernel")
    assert failing.records()[-1]["volatile"]["kept"] is False
    assert failing.read("data/result.txt") == "done"


def test_a_kept_kernel_that_nobody_uses_ends(failing: Checkout) -> None:
    command = ("stagebook", "debug", "fit", "--cell", "3", "--idle", "1 s", "--json")
    with held(failing, *command) as (process, kernel):
        assert process.wait(PATIENCE) == 0
        assert_nothing_is_left(failing, kernel["connection"])


def test_a_killed_holder_leaves_no_kernel(failing: Checkout) -> None:
    with held(failing, "stagebook", "debug", "fit", "--cell", "3", "--json") as (process, kernel):
        process.kill()
        process.wait()
        assert Path(kernel["connection"]).exists()
    failing.assert_no_kernels()


def test_a_cell_before_that_fails_is_named_and_its_kernel_waits(failing: Checkout) -> None:
    command = ("stagebook", "debug", "fit", "--cell", "4", "-P", "number=5", "--json")
    with held(failing, *command) as (process, kernel):
        assert kernel["cell"] == 3
        assert [problem["code"] for problem in kernel["problems"]] == ["cell-failed"]
        assert evaluate(kernel["connection"], "x") == "9"
        process.terminate()
        assert process.wait(PATIENCE) == 1


def test_without_a_failed_cell_a_person_is_told_what_to_do(failing: Checkout) -> None:
    done = failing.run("stagebook", "debug", "fit", "--json")
    assert done.code == 3
    assert [problem.code for problem in done.problems] == ["no-failed-cell"]
    assert "--cell" in done.problems[0].hint


@pytest.mark.parametrize("variable", ["CI", "DVC_STAGE"])
def test_no_kernel_is_kept_where_nobody_can_attach(failing: Checkout, variable: str) -> None:
    failing.env[variable] = "true"
    assert failing.run("stagebook", "run", "fit", "--keep-kernel").code == 1
    assert failing.records()[-1]["volatile"]["kept"] is False
    assert not os.path.exists(failing.env["JUPYTER_RUNTIME_DIR"])  # noqa: PTH110
