"""The scripts behind the guide to drift; their numbers on the flights are for a reader."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def said(folder, script, *arguments):
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_month_is_judged_and_held_against_the_nearest(tmp_path):
    random = np.random.default_rng(1)
    at = [datetime(2023, 1, 1) + timedelta(hours=hour) for hour in range(24 * 303)]
    price = random.normal(50, 5, len(at)) + [20 * (one.month == 10) for one in at]
    pq.write_table(pa.table({"at": at, "price": price}), tmp_path / "t.parquet")
    output = said(tmp_path, "drift_by_month.py", "t.parquet")
    months = output.partition("\n\n")[0].splitlines()[1:]
    assert [line.split(maxsplit=3)[3] for line in months] == [*["no drift"] * 9, "price (values)"]
    assert output.splitlines()[-1].startswith("price ")


def test_a_column_that_is_spoiled_is_told(tmp_path):
    random = np.random.default_rng(1)
    at = [datetime(2023, 1, 1) + timedelta(hours=hour) for hour in range(24 * 303)]
    numbers = ("distance_mi", "departure_minute", "airport_delay_min", "wind_mph", "temperature_f")
    columns = {
        "flight_id": [str(place) for place in range(len(at))],
        "scheduled_departure": at,
        "carrier": random.choice(["AA", "UA"], len(at)).tolist(),
        "late": (random.random(len(at)) < 0.2).tolist(),
        **{name: random.normal(500, 50, len(at)) for name in numbers},
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    head, nothing, *spoiled = said(tmp_path, "drift_faults.py", "t.parquet").splitlines()
    assert head.startswith("fault")
    assert nothing.endswith("no drift")
    assert all(line.endswith("  drift") for line in spoiled)
