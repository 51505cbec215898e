"""Runs commands in turn and compares the medians of their times."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

BIN = Path(sys.executable).parent


def environment() -> dict[str, str]:
    """The environment of the shell, with this Python first in PATH and bytecode enabled."""
    own = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PATH": f"{BIN}{os.pathsep}{own['PATH']}", "DVC_NO_ANALYTICS": "1"}


def run(command: list[str], folder: Path) -> None:
    """Runs a command; prints its output only if it fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")


def figures_of(command: Sequence[str]) -> dict[str, float]:
    """The figures that a command prints as JSON."""
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    printed: dict[str, float] = json.loads(done.stdout)
    return printed


def compare(ways: Mapping[str, Callable[[], None]], rounds: int) -> None:
    """Times each way in turn, after a warm-up round, and prints medians and ratios.

    Args:
        ways: The functions to time, by name. The ratios are to the first one.
        rounds: Number of rounds.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if number:
                times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    first = next(iter(medians))
    for name, median in medians.items():
        spread = f"{min(times[name]):.2f} to {max(times[name]):.2f}"
        print(f"{name:32} {median:6.2f} s ({spread})  {median / medians[first]:5.2f} x {first}")


def show(times: Mapping[str, Sequence[Sequence[float]]], said: Sequence[str], unit: str) -> None:
    """Prints the median of each way and its ratio to that of the first way, per kind of time.

    Args:
        times: The rounds of each way. A round has one time per kind.
        said: The names of the kinds.
        unit: The name of the first way in the ratios.
    """
    first = next(iter(times))
    for place, kind in enumerate(said):
        medians = {way: statistics.median(one[place] for one in times[way]) for way in times}
        for way, median in medians.items():
            spread = [one[place] for one in times[way]]
            print(
                f"{kind:14} {way:34} {median:6.3f} s ({min(spread):.3f} to {max(spread):.3f})"
                f"  {median / medians[first]:5.2f} x {unit}"
            )
