"""Each cell's peak of memory is its own, on the systems that tell."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stagebook.execution import execution
from stagebook.execution.markers import MEMORY, POSITION
from stagebook.execution.papermill_engine import Meter
from stagebook.notebook import cells

MEGA = 1_000_000
CHILD = """
import sys
for line in sys.stdin:
    block = bytearray(int(line))
    block[::4096] = b"x" * len(block[::4096])  # memory that was never written to is not resident
    del block
    print("done", flush=True)
"""
GUARD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@pytest.fixture
def guard() -> Iterator["subprocess.Popen[str]"]:
    """A process whose only child allocates as many bytes as it is told."""
    with subprocess.Popen(
        [sys.executable, "-c", GUARD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def allocate(guard: "subprocess.Popen[str]", size: int) -> None:
    assert guard.stdin
    assert guard.stdout
    guard.stdin.write(f"{size}\n")
    guard.stdin.flush()
    assert guard.stdout.readline() == "done\n"


@linux
def test_a_peak_is_that_since_the_last_mark(guard: "subprocess.Popen[str]") -> None:
    allocate(guard, 1)  # now the child is there
    meter = Meter.of_guarded(guard.pid)
    peaks = []
    for size in (1, 300 * MEGA, 1):
        assert meter.mark()
        allocate(guard, size)
        peaks.append(meter.peak())
    before, at_peak, after = peaks
    assert before < 100 * MEGA
    assert at_peak > 300 * MEGA
    assert after < 100 * MEGA


@pytest.mark.parametrize("guard", [None, 2**22 - 1])
def test_where_there_is_no_process_nothing_is_measured(guard: int | None) -> None:
    meter = Meter.of_guarded(guard)
    assert meter.process is None
    assert not meter.mark()
    assert meter.peak() is None


def test_memory_that_a_notebook_brings_along_is_not_taken_for_a_measured_one(
    tmp_path: Path,
) -> None:
    cell = {"cell_type": "code", "source": "1", "metadata": {MEMORY: "much"}, "outputs": []}
    text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    laid = execution._with_positions(cells.parse(text, "a.ipynb"), tmp_path / "input.ipynb", None)
    [found] = json.loads(laid.read_text(encoding="utf-8"))["cells"]
    assert found["metadata"] == {POSITION: 1}
