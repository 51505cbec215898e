"""Compares a front page of 200 stages and 10,000 records with reading these records as JSON.

Each way runs in a separate process. Its time is measured after its imports, and with them. The
index of the records exists, as after any other command.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ratio import environment, show

PROJECT = Path(__file__).parents[1]
READ = "json.loads of every record"
FRONT = "the front page"


def lay_out(root: Path, stages: int, records: int) -> None:
    """Writes a project of twenty levels of ten stages, built many times."""
    sys.path.insert(0, str(PROJECT / "tests"))
    import spooled

    names = [f"stage_{number}" for number in range(stages)]
    files = {
        name: (
            [f"data/{names[other]}.csv" for other in (number - 10, number - 7) if other >= 0],
            [f"data/{name}.csv", f"metrics/{name}.json"],
        )
        for number, name in enumerate(names)
    }
    spooled.project(root, files, more='headline = ["metrics/stage_0.json:auc"]\n')
    for number in range(records):
        name, build = names[number % stages], number // stages
        reads, writes = ({path: spooled.md5(path) for path in one} for one in files[name])
        values = {"auc": number / records, "rows": number}
        done = spooled.record(
            f"20260101T{number:012d}-{name}-{number:08x}",
            name,
            repro=f"build-{build}",
            inputs=reads,
            outputs=writes,
            metrics=values,
        )
        spooled.put(root / ".stagebook", done)


def work(way: str, root: Path) -> float:
    """Runs one way; returns the seconds after the imports."""
    from stagebook.project.project import Project
    from stagebook.report.site import front, site  # noqa: F401
    from stagebook.workflow import reporting

    project = Project.find(root)
    start = time.perf_counter()
    if way == READ:
        for path in (root / ".stagebook" / "records").iterdir():
            json.loads(path.read_text(encoding="utf-8"))
    else:
        reporting.single(project, None, "")
    return time.perf_counter() - start


def child(way: str, root: Path) -> tuple[float, float]:
    """Runs one way in a process; returns the seconds after the imports, and with them."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--child", way, str(root)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return float(done.stdout), time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stages", type=int, default=200)
    parser.add_argument("--records", type=int, default=10_000)
    arguments = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {READ: [], FRONT: []}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "project"
        lay_out(root, arguments.stages, arguments.records)
        for number in range(arguments.rounds + 1):
            for way, found in times.items():
                one = child(way, root)
                if number:  # the first round fills the index
                    found.append(one)
    show(times, ("after imports", "with imports"), READ)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(work(sys.argv[2], Path(sys.argv[3])))
    else:
        main()
