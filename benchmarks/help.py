"""Compares the time of `stagebook --help` with that of `python -c pass`."""

from pathlib import Path

from ratio import BIN, compare, run

if __name__ == "__main__":
    here = Path.cwd()
    compare(
        {
            "python -c pass": lambda: run([str(BIN / "python"), "-c", "pass"], here),
            "stagebook --help": lambda: run([str(BIN / "stagebook"), "--help"], here),
        },
        rounds=9,
    )
