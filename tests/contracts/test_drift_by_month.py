"""The script that judges a table month by month; its numbers are for a reader."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "drift_by_month.py"


def test_each_month_is_judged_and_held_against_the_nearest(tmp_path):
    random = np.random.default_rng(1)
    at = [datetime(2023, 1, 1) + timedelta(hours=hour) for hour in range(24 * 303)]
    price = random.normal(50, 5, len(at)) + [20 * (one.month == 10) for one in at]
    pq.write_table(pa.table({"at": at, "price": price}), tmp_path / "t.parquet")
    command = [sys.executable, str(SCRIPT), "t.parquet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    months = done.stdout.partition("\n\n")[0].splitlines()[1:]
    assert [line.split(maxsplit=3)[3] for line in months] == [*["no drift"] * 9, "price (values)"]
    assert done.stdout.splitlines()[-1].startswith("price ")
