"""The benchmarks run; what they measure is for a reader, and no test asserts a time."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def lines(name: str, *arguments: str) -> list[str]:
    command = [sys.executable, str(BENCHMARKS / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_help_is_compared_with_python_itself() -> None:
    python, stagebook = lines("help.py")
    assert python.startswith("python -c pass")
    assert stagebook.startswith("stagebook --help")
    assert stagebook.endswith("x python -c pass")


@pytest.mark.build
def test_four_stages_are_compared_with_scripts_and_with_the_tools_by_hand() -> None:
    first, *others = lines("four_stages.py", "1")
    assert first.endswith("1.00 x plain scripts")
    assert [line.split("  ")[0] for line in others] == ["stagebook", "papermill, MLflow, nbconvert"]
