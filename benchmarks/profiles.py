"""Compares the profile of ten million rows with DuckDB's SUMMARIZE of the same file.

The table has six columns: two of floats, one of integers, one of timestamps, one of few different
texts, one of booleans. Each way runs in a separate process, on two threads.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ratio import compare, environment, run

SIZES = (1, 5, 10, 20)
MILLION = 1_000_000
PROFILE = """
from pathlib import Path
from stagebook.data.profiles import profile, profiling
from stagebook.data.tables.table import Table
import sys
path = Path(sys.argv[1])
profile.render(profiling.profile(Table.open(path.parent, path.name), threads=2))
"""
PEAK = """
import resource
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
SUMMARIZE = """
import duckdb, sys
duckdb.execute("set threads = 2")
duckdb.execute(f"summarize select * from '{sys.argv[1]}'").fetchall()
"""


def write(path: Path, rows: int) -> Path:
    """Writes a table with a number of rows, in row groups of a million."""
    random = np.random.default_rng(1)
    writer = None
    for start in range(0, rows, MILLION):
        length = min(MILLION, rows - start)
        seconds = np.sort(random.integers(0, 365 * 86_400, length)).astype("datetime64[s]")
        table = pa.table(
            {
                "delay": random.normal(0, 30, length),
                "distance": random.exponential(700, length),
                "flight": random.integers(0, 8000, length),
                "time": pa.array(seconds.astype("datetime64[us]")),
                "carrier": np.array(["AA", "B6", "DL", "EV", "UA"])[random.integers(0, 5, length)],
                "late": random.random(length) < 0.3,
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
    return path


def command(script: str, path: Path) -> list[str]:
    return [sys.executable, "-c", script, str(path)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--rows", type=int, default=10 * MILLION, help="number of rows in the comparison"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write(folder / "table.parquet", arguments.rows)
        ways = {"profile": PROFILE, "SUMMARIZE": SUMMARIZE}
        compare(
            {
                way: lambda script=script: run(command(script, path), folder)
                for way, script in ways.items()
            },
            arguments.rounds,
        )
        growth(folder, arguments.rows // 10)


def growth(folder: Path, unit: int) -> None:
    """Prints time and peak memory of one profile per size.

    Args:
        folder: Folder for the tables.
        unit: Number of rows that each size is a multiple of.
    """
    for size in SIZES:
        path = write(folder / f"{size}.parquet", size * unit)
        start = time.perf_counter()
        done = subprocess.run(
            command(PROFILE + PEAK, path),
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - start
        path.unlink()
        peak = int(done.stdout) // (1024 if sys.platform == "linux" else 1024**2)
        print(f"{size * unit:>12,} rows  {seconds:6.2f} s  {peak:5} MB peak")


if __name__ == "__main__":
    main()
