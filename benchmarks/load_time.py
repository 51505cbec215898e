"""Compares the time of `stagebook.load` with unpickling the same model without checks.

Each load runs in a separate process. Both ways first import pandas and the modules of the model's
classes, which unpickling needs. The difference is the cost of the gate: hashes, environment,
provenance, types, golden rows, schema, and Stagebook's own imports.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from ratio import environment

TIMED = """
import pickle, sys, time
import pandas
with open(sys.argv[1] + "/model.pkl", "rb") as file:
    pickle.load(file)
wall, processor = time.perf_counter(), time.process_time()
{load}
print(time.perf_counter() - wall, time.process_time() - processor)
"""
WAYS = {
    "pickle.load": 'with open(sys.argv[1] + "/model.pkl", "rb") as file:\n    pickle.load(file)',
    "stagebook.load": (
        'import stagebook\nstagebook.load(sys.argv[1], attestation="ignore", materials="ignore")'
    ),
}


def seconds(way: str, package: Path) -> tuple[float, float]:
    """Returns the wall-clock and the processor time of one load, in seconds."""
    command = [sys.executable, "-c", TIMED.format(load=WAYS[way]), str(package)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    wall, processor = done.stdout.split()[-2:]
    return float(wall), float(processor)


def main() -> None:
    """Times both ways in turn, after a warm-up round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("package", nargs="?", default="models/late_arrival", type=Path)
    parser.add_argument("--rounds", default=9, type=int)
    given = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for number in range(given.rounds + 1):
        for way, taken in times.items():
            one = seconds(way, given.package)
            if number:
                taken.append(one)
    medians = {}
    for way, taken in times.items():
        wall, processor = (statistics.median(column) for column in zip(*taken, strict=True))
        medians[way] = wall, processor
        least, most = min(taken)[0], max(taken)[0]
        print(f"{way:16} {wall:6.3f} s ({least:.3f} to {most:.3f}), processor {processor:6.3f} s")
    plain, checked = medians.values()
    print(
        f"the gate costs   {checked[0] - plain[0]:6.3f} s, processor {checked[1] - plain[1]:6.3f} s"
    )


if __name__ == "__main__":
    main()
