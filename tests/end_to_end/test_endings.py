"""However a run ends: it is told as what it was, and leaves nothing half-done behind."""

import os
import signal
from pathlib import Path

import nbformat
import psutil
import pytest
from checkout import Checkout

from stagebook.execution.outcome import Outcome
from stagebook.project.errors import Where

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'
HANG = (
    'open(result, "w").write("half")\n'
    "import subprocess, sys, time\n"
    'child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])\n'
    'print("child", child.pid, flush=True)\n'
    'open(mark, "w").write(str(child.pid))\n'
    "time.sleep(600)"
)


def hang(project: Checkout, name: str = "hang") -> Path:
    """A notebook that starts a child, says so in a file outside the project, and hangs."""
    mark = project.root.parent / f"{name}.mark"
    if not mark.exists():
        os.mkfifo(mark)
    project.notebook(name, f'{OUT}\nmark: str = "{mark}"', HANG)
    return mark


def wait_for_child(mark: Path) -> psutil.Process:
    """Blocks until the hanging cell writes into the pipe; then it surely runs."""
    return psutil.Process(int(mark.read_text()))


def gone(process: psutil.Process) -> bool:
    try:
        process.wait(timeout=20)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def assert_clean(project: Checkout) -> None:
    assert not (project.root / "data" / "result.txt").exists()
    assert project.left_in_executions() == []


@pytest.mark.parametrize(
    ("number", "code", "outcome"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_the_run_with_all_that_it_started(
    project: Checkout, number: signal.Signals, code: int, outcome: str
) -> None:
    mark = hang(project)
    process = project.start("stagebook", "run", "hang")
    child = wait_for_child(mark)
    process.send_signal(number)
    output, _ = process.communicate()
    assert process.returncode == code, output
    assert gone(child)
    assert_clean(project)
    assert project.records()[-1]["outcome"] == outcome
    (problem,) = project.recorded_problems()
    assert (problem.code, number.name in problem.message) == (outcome, True)
    partial = nbformat.read(project.root / "runs" / "hang.failed.ipynb", 4)
    assert f"**{outcome}**" in partial.cells[-1].source


def test_ctrl_c_on_dvc_repro_ends_everything_and_the_next_build_goes_on(project: Checkout) -> None:
    mark = hang(project)
    project.ok("stagebook", "sync")
    process = project.start("dvc", "repro", own_session=True)
    child = wait_for_child(mark)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the whole group
    output, _ = process.communicate()
    assert process.returncode != 0, output
    assert gone(child)
    assert_clean(project)
    assert project.records()[-1]["outcome"] == "interrupted"
    project.notebook("hang", OUT, DONE)
    assert project.build() == {"sources", "hang"}
    assert project.read("data/result.txt") == "done"


def test_a_killed_dvc_takes_the_run_along(project: Checkout) -> None:
    mark = hang(project)
    project.ok("stagebook", "sync")
    process = project.start("dvc", "repro")
    child = wait_for_child(mark)
    process.kill()
    process.communicate()
    assert gone(child)
    project.notebook("hang", OUT, DONE)
    assert project.build() >= {"hang"}


def test_a_dvc_that_was_killed_before_the_runner_looked_ends_the_run(project: Checkout) -> None:
    project.notebook("hang", OUT, "import threading\nthreading.Event().wait(600)")
    # the shell is gone at once, as a DVC would be that was killed
    process = project.start("sh", "-c", "DVC_STAGE=hang stagebook run hang &")
    output, _ = process.communicate()
    assert project.records()[-1]["outcome"] == "terminated", output
    (problem,) = project.recorded_problems()
    assert (problem.code, "SIGHUP" in problem.message) == ("terminated", True)
    assert_clean(project)


def test_kill_9_of_the_guard_leaves_no_process(project: Checkout) -> None:
    mark = hang(project, "daemon")
    cell = HANG.replace('sleep(600)"])', 'sleep(600)"], start_new_session=True)')
    project.notebook("daemon", f'{OUT}\nmark: str = "{mark}"', cell)
    process = project.start("stagebook", "run", "daemon")
    child = wait_for_child(mark)
    kernels = project.kernels()
    of_kernels = {kernel.pid for kernel in kernels}
    (guard,) = [one for one in kernels if one.ppid() not in of_kernels]
    guard.kill()
    output, _ = process.communicate()
    assert process.returncode == 7, output
    assert gone(child)
    assert all(gone(kernel) for kernel in kernels)
    assert_clean(project)


def test_kill_9_of_the_runner_leaves_no_process_and_the_next_run_tells_of_it(
    project: Checkout,
) -> None:
    mark = hang(project)
    process = project.start("stagebook", "run", "hang")
    child = wait_for_child(mark)
    kernels = project.kernels()
    assert kernels
    process.kill()
    process.communicate()
    assert gone(child)
    assert all(gone(kernel) for kernel in kernels)
    assert not (project.root / "data" / "result.txt").exists()
    project.notebook("hang", OUT, DONE)
    done = project.ok("stagebook", "run", "hang")
    killed, ended = project.records()
    assert (killed["outcome"], ended["outcome"]) == ("killed", "done")
    assert killed["volatile"]["id"] in done.output
    assert project.left_in_executions() == []
    assert project.read("data/result.txt") == "done"


@pytest.mark.parametrize(
    ("cell", "cause"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
        ("import os\nos._exit(3)", "exit code 3"),
    ],
    ids=["killed", "crashed", "left"],
)
def test_a_kernel_that_dies_is_told_with_its_cell(project: Checkout, cell: str, cause: str) -> None:
    project.notebook("dies", OUT, "1 + 1", cell)
    done = project.run("stagebook", "run", "dies")
    assert done.code == 7, done.output
    (problem,) = project.recorded_problems()
    assert (problem.code, problem.where) == ("kernel-died", Where("notebooks/dies.py", 3))
    assert cause in problem.message
    assert project.records()[-1]["outcome"] == "killed"
    assert_clean(project)


@pytest.mark.parametrize(
    "call",
    [
        'raise SystemExit("0")',
        "import sys\nsys.exit(0)",
        "exit()",
        "quit()",
        "exit()\nimport threading\n_ = threading.Event().wait(0.3)",  # the kernel goes meanwhile
    ],
)
def test_a_cell_that_calls_exit_does_not_pass_for_a_whole_run(project: Checkout, call: str) -> None:
    project.notebook("early", OUT, f'open(result, "w").write("half")\n{call}', DONE)
    done = project.run("stagebook", "run", "early")
    assert done.code == 1, done.output
    (problem,) = project.recorded_problems()
    assert (problem.code, problem.where) == ("cell-exited", Where("notebooks/early.py", 2))
    assert_clean(project)
    cells = project.records()[-1]["volatile"]["cells"]
    assert [one["status"] for one in cells] == ["completed", "failed", "pending"]
    kept = nbformat.read(project.root / "runs" / "early.failed.ipynb", 4)
    outputs = [one for cell in kept.cells for one in cell.get("outputs", [])]
    assert [one.get("ename") for one in outputs if one.output_type == "error"] == ["SystemExit"]


@pytest.mark.parametrize("end", ["done", "terminated", "killed"])
def test_what_left_the_kernels_group_is_ended_too(project: Checkout, end: str) -> None:
    mark = hang(project, "daemon")
    cell = HANG.replace('sleep(600)"])', 'sleep(600)"], start_new_session=True)')
    if end == "done":
        cell = cell.replace("time.sleep(600)", "0", 2).replace(
            '"import time; 0"', '"import time; time.sleep(600)"'
        )
        cell = cell.rsplit("\n", 1)[0]
    project.notebook("daemon", f'{OUT}\nmark: str = "{mark}"', cell)
    process = project.start("stagebook", "run", "daemon")
    child = wait_for_child(mark)
    if end != "done":
        process.send_signal(signal.SIGTERM if end == "terminated" else signal.SIGKILL)
    process.communicate()
    assert gone(child)


def test_a_cell_past_the_time_limit_is_ended(project: Checkout) -> None:
    settings = '[project]\nname = "x"\n[tool.stagebook.stages.hang]\ntime_limit = "8 s"\n'
    project.write("pyproject.toml", settings)
    mark = hang(project)
    process = project.start("stagebook", "run", "hang")
    child = wait_for_child(mark)
    output, _ = process.communicate()
    assert process.returncode == 124, output
    assert gone(child)
    (problem,) = project.recorded_problems()
    assert (problem.code, problem.where) == ("timed-out", Where("notebooks/hang.py", 2))
    assert "8 s" in problem.message
    assert project.records()[-1]["outcome"] == "timed out"
    assert_clean(project)


def test_a_cell_that_ignores_signals_is_ended_all_the_same(project: Checkout) -> None:
    settings = '[project]\nname = "x"\n[tool.stagebook]\ntime_limit = "8 s"\n'
    project.write("pyproject.toml", settings)
    stubborn = (
        "import signal\n"
        "for number in (signal.SIGINT, signal.SIGTERM):\n"
        "    signal.signal(number, signal.SIG_IGN)\n"
        "while True:\n    pass"
    )
    project.notebook("stubborn", OUT, stubborn)
    assert project.run("stagebook", "run", "stubborn").code == 124
    assert_clean(project)


def test_more_memory_than_the_limit_is_told_as_that(project: Checkout) -> None:
    settings = '[project]\nname = "x"\n[tool.stagebook]\nmemory_limit = "500 MB"\n'
    project.write("pyproject.toml", settings)
    project.notebook("large", OUT, "block = bytearray(900_000_000)", DONE)
    done = project.run("stagebook", "run", "large")
    assert done.code == 6, done.output
    assert project.records()[-1]["outcome"] == Outcome.OUT_OF_MEMORY.value
    assert_clean(project)


def test_a_failing_cell_is_told_with_cell_and_line_and_its_notebook_is_kept(
    project: Checkout,
) -> None:
    project.notebook("wrong", OUT, "1 + 1", 'values = {}\n\nvalues["nothing"]')
    done = project.run("stagebook", "run", "wrong")
    assert done.code == 1
    (problem,) = project.recorded_problems()
    assert (problem.code, problem.where) == ("cell-failed", Where("notebooks/wrong.py", 3, 3))
    assert "KeyError: 'nothing'" in problem.message
    assert "runs/wrong.failed.html" in done.output
    assert "dvc repro wrong" in done.output
    node = nbformat.read(project.root / "runs" / "wrong.failed.ipynb", 4)
    assert any(cell.get("outputs") for cell in node.cells)
    assert_clean(project)


def test_a_failure_leaves_the_last_good_notebook_and_success_clears_the_failed_one(
    project: Checkout,
) -> None:
    project.notebook("often", f"{OUT}\nfail: bool = False", 'assert not fail, "asked to"', DONE)
    project.ok("stagebook", "run", "often")
    good = project.read("runs/often.ipynb")
    project.write("params/often.yaml", "fail: true\n")
    assert project.run("stagebook", "run", "often").code == 1
    assert project.read("runs/often.ipynb") == good
    assert (project.root / "runs" / "often.failed.html").exists()
    project.write("params/often.yaml", "fail: false\n")
    project.ok("stagebook", "run", "often")
    assert not (project.root / "runs" / "often.failed.html").exists()


SMALL_DISK = """
    set -e
    mount -t tmpfs -o size={size} none "{root}"
    cd "{root}"
    mkdir notebooks
    printf '[project]\\nname = "full"\\n[tool.stagebook]\\n' > pyproject.toml
    cp "{notebook}" notebooks/big.py
    git init -q && dvc init -q
    set +e
    stagebook run big
    echo "code $?"
    wc -c data/result.bin
    find .stagebook/executions -mindepth 1 -maxdepth 1
    cat .stagebook/records/*.json | grep outcome
    grep -c '"cells"' runs/big.failed.ipynb
"""


@pytest.mark.parametrize(
    ("size", "landed"),
    [("3m", "data/result.bin: No such file"), ("18m", "10000000 data/result.bin")],
    ids=["while the notebook writes", "after its output has landed"],
)
def test_a_full_disk_is_told_and_leaves_no_half_written_output(
    tmp_path: Path, size: str, landed: str
) -> None:
    """On a real file system of a few megabytes, mounted for the commands of this test only."""
    root = tmp_path / "small"
    root.mkdir()
    project = Checkout(root)
    notebook = Checkout(tmp_path)
    writes = (
        'with open(result, "wb") as file:\n'
        "    for _ in range(100):\n"
        '        file.write(b"x" * 100_000)\n'
        "from IPython.display import display\n"
        'display({"text/html": "x" * 6_000_000}, raw=True)'
    )
    notebook.notebook("big", 'result: Out = "data/result.bin"', writes)
    source = tmp_path / "notebooks" / "big.py"
    script = SMALL_DISK.format(size=size, root=root, notebook=source)
    as_root = ["-m"] if os.geteuid() == 0 else ["-rm"]
    done = project.run("unshare", *as_root, "bash", "-c", script)
    after = done.output.split("code 8")[-1]
    assert "code 8" in done.output, done.output
    assert landed in after
    assert '"outcome": "disk full"' in after
    assert ".stagebook/executions/" not in after
    assert after.rstrip().endswith("1")  # the notebook is kept as far as it got
