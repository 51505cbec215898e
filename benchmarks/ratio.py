"""Runs commands in turn and compares the medians of their times."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

BIN = Path(sys.executable).parent


def environment() -> dict[str, str]:
    """The shell's environment with this Python's commands first, and bytecode allowed."""
    own = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PATH": f"{BIN}{os.pathsep}{own['PATH']}", "DVC_NO_ANALYTICS": "1"}


def run(command: list[str], folder: Path) -> None:
    """Runs a command to its end; its output is shown only if it fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")


def compare(ways: Mapping[str, Callable[[], None]], rounds: int) -> None:
    """Times each way in turn, so many rounds, after one that does not count.

    The first way is what the others are measured against.
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
    """Prints the median of each way and its ratio to that of the first, for each kind of time.

    Args:
        times: Of each way, its rounds; a round has a time of each kind.
        said: What the kinds are.
        unit: What a ratio is a multiple of.
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
