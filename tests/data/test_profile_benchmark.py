"""The benchmark of profiles runs; no test asserts a time."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "profiles.py"


def test_profiles_are_compared_with_summarize_and_shown_to_grow():
    command = [sys.executable, str(BENCHMARK), "--rounds", "1", "--rows", "1000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    profile, summarize, *growth = done.stdout.splitlines()
    assert profile.endswith("1.00 x profile")
    assert summarize.startswith("SUMMARIZE")
    assert [line.split()[0] for line in growth] == ["100", "500", "1,000", "2,000"]
