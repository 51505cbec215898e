"""Measures `stagebook monitor` over the log of a year.

The log has 365 closed days with 300 requests of one row each, and the twenty columns of
`monitoring.py`. The package has a reference by day, week and month, so all periods have limits of
their own. A figure is that of a whole command, from the start of its process.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from monitoring import columns, write_day
from ratio import BIN, environment

DAYS, ROWS = 365, 300
FIRST, LEARNED, TESTED = date(2026, 1, 5), date(2025, 1, 6), date(2025, 11, 3)
NOTHING, SAME, ADDED = "nothing kept", "nothing added", "a day added"
LABELS = "nothing added, with labels"


def rows(random: np.random.Generator, first: date, days: int) -> pd.DataFrame:
    """Rows of some days, whose label depends on two columns."""
    frame = columns(random, days * ROWS)
    noise = random.normal(size=len(frame))
    seconds = np.arange(len(frame)) * 86_400 // ROWS
    return frame.assign(
        late=frame["real0"] + frame["real1"] / 2 + noise > 1,
        at=pd.Timestamp(first) + pd.to_timedelta(seconds, "s"),
        id=[f"{first} {number}" for number in range(len(frame))],
    )


def write(folder: Path, days: int) -> None:
    """Writes a package, the log of its server, and labels of all predictions."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from stagebook.model import manifest
    from stagebook.model.package import package
    from stagebook.serving.log.days import close_days

    random = np.random.default_rng(0)
    files = {name: folder / f"{name}.parquet" for name in ("train", "test")}
    train, test = rows(random, LEARNED, 280), rows(random, TESTED, 56)
    for name, frame in (("train", train), ("test", test)):
        frame.to_parquet(files[name], index=False)
    names = [name for name in train if name not in ("late", "at", "id")]
    used = make_column_transformer(("passthrough", ["real0", "real1"]))
    model = make_pipeline(used, LogisticRegression()).fit(train[names], train["late"])
    splits = {"splits": files, "key": "id", "time": "at", "label": "late", "features": names}
    about = {"method": "predict_proba", "purpose": "Measures.", "scores": {"score": 0.8}}
    package(model, folder / "package", **splits, **about)
    digest = manifest.read(folder / "package").digest
    for part in ("open", "days"):
        (folder / "log" / part).mkdir(parents=True)
    labels = []
    for place in range(days):
        day = FIRST + timedelta(days=place)
        frame = rows(random, day, 1)
        scores = pd.DataFrame(model.predict_proba(frame[names]), columns=["False", "True"])
        scores = scores.add_prefix("probability_")
        requests = write_day(folder / "log", day, frame[names], scores, digest)
        ids = [f"{request}-0" for request in requests]
        labels.append(pd.DataFrame({"prediction": ids, "late": frame["late"]}))
    pd.concat(labels).to_parquet(folder / "labels.parquet", index=False)
    close_days(folder / "log", "2999-01-01")


def timed(folder: Path, state: Path, *words: str) -> tuple[float, float]:
    """The time of one run, and its processor time."""
    own = ["--package", str(folder / "package"), "--state", str(state), "--no-alerts", "--json"]
    command = [str(BIN / "stagebook"), "monitor", str(folder / "log"), *own, *words]
    wall, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment(), cwd=folder, capture_output=True, check=False)
    if done.returncode not in (0, 11):
        sys.exit(done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return time.perf_counter() - wall, processor


def forget(state: Path) -> None:
    """Removes what is kept of the last day; verdicts on periods with it do not hold without."""
    max(state.glob("*/2*.json")).unlink()
    for path in state.glob("*/verdicts.json"):
        values = json.loads(path.read_text())
        last = max(name for name in values["verdicts"] if name.count("-") == 2)
        values["verdicts"].pop(last)
        path.write_text(json.dumps(values))


def measure(folder: Path, count: int) -> dict[str, list[tuple[float, float]]]:
    """Measures all ways in turn."""
    figures: dict[str, list[tuple[float, float]]] = {}
    labels = ("--labels", str(folder / "labels.parquet"))
    for number in range(count):
        state = folder / f"state{number}"
        shutil.rmtree(state, ignore_errors=True)
        figures.setdefault(NOTHING, []).append(timed(folder, state))
        figures.setdefault(SAME, []).append(timed(folder, state))
        forget(state)
        figures.setdefault(ADDED, []).append(timed(folder, state))
        timed(folder, state, *labels)
        figures.setdefault(LABELS, []).append(timed(folder, state, *labels))
    return figures


def show(figures: dict[str, list[tuple[float, float]]]) -> None:
    """Prints medians, and their ratios to those of a run that reads all days."""
    for place, kind in enumerate(("seconds", "processor")):
        medians = {way: _median(values, place) for way, values in figures.items()}
        for way, values in figures.items():
            own = [value[place] for value in values]
            spread = f"{min(own):.2f} to {max(own):.2f}"
            factor = medians[way] / medians[NOTHING]
            print(f"{kind:10} {way:28} {medians[way]:6.2f} ({spread})  {factor:.2f} x {NOTHING}")


def _median(values: Sequence[tuple[float, float]], place: int) -> float:
    return statistics.median(value[place] for value in values)


def main() -> None:
    """Writes the log, then measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--folder", type=Path, help="folder of the log, to keep [default: none]")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = (given.folder or Path(name) / "year").absolute()
        if not (folder / "log").exists():
            folder.mkdir(parents=True, exist_ok=True)
            write(folder, given.days)
        show(measure(folder, given.rounds))


if __name__ == "__main__":
    main()
