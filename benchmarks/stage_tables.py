"""Compares the cost of a stage's contracts and profiles with reading the same files with pandas.

Each way runs in a separate process. Its time is measured after its imports, and with them, because
the process that inspects a stage's tables imports while the kernel works. Processor time is also
measured after the imports; other work on the machine changes it least.
"""

import argparse
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ratio import environment, show

from stagebook.data.inspection import InspectionCache, inspect, rehearse
from stagebook.data.subject import Subject, parse_subject
from stagebook.notebook import cells, parameters_cell

PROJECT = Path(__file__).parents[1]
READ = "pandas reads the files"
STAGE = "a stage: inputs cached, output new"
AFRESH = "all tables, nothing cached"
THREADS = 2


def subjects(stage: str) -> list[Subject]:
    """Returns the tables with a contract that a notebook of this project declares."""
    signature = parameters_cell.parse(cells.read(f"notebooks/{stage}.ipynb", PROJECT))
    return [Subject.of(one, {}) for one in signature.declared if one.schema]


Times = tuple[float, ...]
SAID = ("after imports", "with imports", "processors")


def seconds(way: str, root: Path, known: InspectionCache, tables: Sequence[Subject]) -> Times:
    """Runs one way; returns the seconds after the imports, and the processor time."""
    return reading(root, tables) if way == READ else inspecting(way, root, known, tables)


def reading(root: Path, tables: Sequence[Subject]) -> Times:
    import pandas as pd

    buffer = io.BytesIO()  # a first file, so that all imports happen before the start
    pd.DataFrame({"text": ["x"], "number": [1.0]}).to_parquet(buffer)
    pd.read_parquet(buffer)
    start = _now()
    for one in tables:
        for path in one.paths:
            pd.read_parquet(root / path)
    return _since(start)


def inspecting(way: str, root: Path, known: InspectionCache, tables: Sequence[Subject]) -> Times:
    rehearse(contracts=True)
    hashes = [
        [hashlib.md5((root / path).read_bytes()).hexdigest() for path in one.paths]
        for one in tables
    ]
    start = _now()
    for one, content in zip(tables, hashes, strict=True):
        if not (way == STAGE and one.reads and known.get(one, content)):
            found = inspect(root, one, THREADS)
            assert not found.refusals, found.refusals
            known.put(found, content)
    return _since(start)


def _now() -> Times:
    return time.perf_counter(), time.process_time()


def _since(start: Times) -> Times:
    return tuple(now - then for now, then in zip(_now(), start, strict=True))


def child(way: str, root: Path, folder: Path, tables: Sequence[Subject]) -> Times:
    """Runs one way in a process; returns the seconds of each kind in ``SAID``."""
    told = json.dumps([asdict(one) for one in tables])
    command = [sys.executable, __file__, "--child", way, str(root), str(folder), told]
    path = os.pathsep.join(filter(None, [str(PROJECT / "src"), os.environ.get("PYTHONPATH")]))
    start = time.perf_counter()
    done = subprocess.run(
        command,
        env={**environment(), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    whole = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    own, processors = map(float, done.stdout.split())
    return own, whole, processors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--stage", default="features")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="folder of the built project")
    parser.add_argument("--tables", nargs="*", help="names of the stage's tables [default: all]")
    arguments = parser.parse_args()
    root, chosen = arguments.root.resolve(), arguments.tables
    tables = [one for one in subjects(arguments.stage) if chosen is None or one.name in chosen]
    times: dict[str, list[Times]] = {READ: [], AFRESH: [], STAGE: []}
    with tempfile.TemporaryDirectory() as name:
        for number in range(arguments.rounds + 1):
            for way, found in times.items():
                one = child(way, root, Path(name), tables)
                if number:  # the first round fills the caches
                    found.append(one)
    show(times, SAID, "pandas")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        way, root, folder, told = sys.argv[2:]
        tables = [parse_subject(one) for one in json.loads(told)]
        print(*seconds(way, Path(root), InspectionCache(Path(folder)), tables))
    else:
        main()
