"""Compares the time of `stagebook trace` and `log` with ten thousand records and with ten."""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from many_records import lay_out
from ratio import BIN, compare, environment, run


def begin(folder: Path, count: int) -> tuple[Path, str]:
    """Writes a project with a number of records and a warm index; returns the path to trace."""
    folder.mkdir()
    what = lay_out(folder, count)
    run([str(BIN / "stagebook"), "log"], folder)
    return folder, what


def ways(verb: list[str], few: Path, many: Path, count: int) -> dict[str, Callable[[], None]]:
    command = [str(BIN / "stagebook"), *verb]
    return {
        f"{verb[0]}, 10 records": lambda: run(command, few),
        f"{verb[0]}, {count:,} records": lambda: run(command, many),
    }


def found(folder: Path, what: str) -> int:
    command = [str(BIN / "stagebook"), "trace", what, "--json"]
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=True
    )
    return len(json.loads(done.stdout)["makings"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    count = arguments.records
    with tempfile.TemporaryDirectory() as name:
        few, what = begin(Path(name) / "few", 10)
        many, _ = begin(Path(name) / "many", count)
        assert found(few, what) == found(many, what) == 5
        for verb in (["trace", what], ["log"]):
            compare(ways(verb, few, many, count), arguments.rounds)


if __name__ == "__main__":
    main()
