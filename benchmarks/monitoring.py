"""Compares a month's monitoring with a drift report of Evidently over the same rows.

The log has a million requests of one row and twenty columns in thirty closed days. Stagebook reads
the log, keeps a summary of each day, merges them to the month, and compares it with the package's
profile. Evidently reads the same files, and reports with its preset for data drift. It has an
environment of its own, which is made with `pip install`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from point_in_time import peak
from ratio import figures_of

DAYS = 30
FIRST = date(2026, 11, 1)
DIGEST = "0" * 64
ROWS = 1_000_000
REFERENCE_ROWS = 200_000
PACKAGES = ("evidently==0.7.23", "pandas<3", "pyarrow")  # which it does not run without
EVIDENTLY, MONTH, ADDED, SAME, YEAR = (
    "Evidently",
    "month",
    "a day added",
    "nothing added",
    "365 days kept",
)


def columns(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Twenty columns: ten of floats, five of integers, four of texts, one of booleans."""
    values: dict[str, object] = {f"real{n}": random.normal(n, 1 + n, rows) for n in range(10)}
    values |= {f"whole{n}": random.integers(0, 10 ** (n + 1), rows) for n in range(5)}
    for n, different in enumerate((5, 16, 100, 400)):
        names = np.array([f"{'abcd'[n]}{number:03}" for number in range(different)])
        values[f"text{n}"] = names[random.integers(0, different, rows)]
    return pd.DataFrame(values | {"boolean": random.random(rows) < 0.3})


def write_day(
    folder: Path, day: date, features: pd.DataFrame, scores: pd.DataFrame, package: str = DIGEST
) -> list[str]:
    """Logs one request for each row, and leaves the file to be closed; returns their ids."""
    from stagebook.serving import ids
    from stagebook.serving.log.entry import StoredEntry
    from stagebook.serving.log.file import LogFile
    from stagebook.serving.log.frame_json import FrameEncoder

    shapes = [FrameEncoder().encode(side.head(1)).shape for side in (features, scores)]
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    sides = [
        zip(*(side[name].tolist() for name in side), strict=True) for side in (features, scores)
    ]
    entries = [
        StoredEntry(
            request=ids.new_id(),
            role="champion",
            time=start + 86_400 * place / len(features),
            package=package,
            route="/invocations",
            status=200,
            milliseconds=5.0 + place % 97,
            rows=1,
            feature_shape=shapes[0],
            features=json.dumps([row]),
            prediction_shape=shapes[1],
            predictions=json.dumps([score]),
            warnings=None,
            problems=None,
        )
        for place, (row, score) in enumerate(zip(*sides, strict=True))
    ]
    log = LogFile.create(folder, day.isoformat(), 0)
    log.append(entries)
    log.close()
    return [entry.request for entry in entries]


def write(folder: Path, rows: int) -> None:
    """Writes the training rows, their profiles, and the log of a month."""
    from stagebook.data.profiles import profile as profiles
    from stagebook.data.profiles.profiling import profile
    from stagebook.data.tables.table import Table
    from stagebook.serving.log.days import close_days

    random = np.random.default_rng(0)
    learned = columns(random, min(rows, REFERENCE_ROWS))
    predicted = pd.DataFrame({"prediction": random.beta(2, 5, len(learned))})
    for name, frame in (("reference", learned), ("predicted", predicted)):
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        own = profile(Table.open(folder, f"{name}.parquet"))
        (folder / f"{name}.json").write_text(profiles.render(own))
    (folder / "log" / "open").mkdir(parents=True)
    (folder / "log" / "days").mkdir()
    for number in range(DAYS):
        frame = columns(random, rows // DAYS + (number < rows % DAYS))
        scores = pd.DataFrame({"prediction": random.beta(2, 5, len(frame))})
        write_day(folder / "log", FIRST + timedelta(days=number), frame, scores)
    close_days(folder / "log", "2999-01-01")


def watch(folder: Path, state: Path) -> None:
    """Stagebook's month: summaries of the days, merged and compared; prints what it took."""
    import scipy.stats  # noqa: F401  # Evidently is imported before its time, too

    from stagebook.data.drift.drift import drift
    from stagebook.data.drift.reference import Reference
    from stagebook.data.profiles import profile as profiles
    from stagebook.monitoring.day_store import DayStore
    from stagebook.monitoring.day_summary import merge
    from stagebook.monitoring.package_reference import PackageReference

    wall, processor = time.perf_counter(), time.process_time()
    sides = [profiles.read(folder / f"{name}.json") for name in ("reference", "predicted")]
    package = PackageReference(DIGEST, *sides, score="prediction")
    log = DayStore(state, folder / "log", package).read_all()
    month = merge(log.of(DIGEST))
    inputs = month.inputs
    assert inputs is not None
    assert not log.problems
    compared = drift(Reference(package.inputs), inputs)
    seconds, used = time.perf_counter() - wall, time.process_time() - processor
    facts = {"columns": len(compared.columns), "days": len(month.days), "rows": month.rows}
    print(json.dumps({"seconds": seconds, "processor": used, "MB": peak(), **facts}))


def stagebook(folder: Path, state: Path) -> dict[str, float]:
    """Stagebook in a process of its own."""
    return figures_of([sys.executable, __file__, "--child", str(folder), str(state)])


def installed(folder: Path) -> Path:
    """The Python of Evidently's environment, which is made if it does not exist."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python


def year(state: Path, into: Path) -> None:
    """Copies kept summaries, until there are 365 of consecutive days."""
    kept = sorted((state / DIGEST[:12]).glob("*.json"))
    (into / DIGEST[:12]).mkdir(parents=True, exist_ok=True)
    for number in range(365):
        source = kept[number % len(kept)]
        day = (FIRST + timedelta(days=number)).isoformat()
        if number < len(kept):
            day = source.stem
        text = source.read_text().replace(f'"days":["{source.stem}"]', f'"days":["{day}"]')
        (into / DIGEST[:12] / f"{day}.json").write_text(text)


def rounds(folder: Path, python: Path | None, count: int) -> dict[str, list[dict[str, float]]]:
    """Measures all ways in turn."""
    figures: dict[str, list[dict[str, float]]] = {}
    for number in range(count):
        state, whole = folder / f"state{number}", folder / f"year{number}"
        figures.setdefault(MONTH, []).append(stagebook(folder, state))
        year(state, whole)
        figures.setdefault(SAME, []).append(stagebook(folder, state))
        max((state / DIGEST[:12]).glob("*.json")).unlink()
        figures.setdefault(ADDED, []).append(stagebook(folder, state))
        figures.setdefault(YEAR, []).append(stagebook(folder, whole))
        if python:
            side = Path(__file__).with_name("monitoring_side.py")
            figures.setdefault(EVIDENTLY, []).append(
                figures_of([str(python), str(side), str(folder)])
            )
    return figures


def show(figures: dict[str, list[dict[str, float]]]) -> None:
    """Prints medians, and their ratios to those of the month."""
    for kind in ("seconds", "processor", "MB"):
        medians = {
            way: statistics.median(result[kind] for result in results)
            for way, results in figures.items()
        }
        for way, results in figures.items():
            values = [result[kind] for result in results]
            spread = f"{min(values):.2f} to {max(values):.2f}"
            factor = medians[way] / medians[MONTH]
            print(f"{kind:10} {way:14} {medians[way]:8.2f} ({spread})  {factor:.2f} x {MONTH}")


def main() -> None:
    """Writes the log, then measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--without-evidently", action="store_true")
    parser.add_argument("--folder", type=Path, help="folder of the log, to keep [default: none]")
    parser.add_argument(
        "--environment", type=Path, help="folder of Evidently's environment [default: none]"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.folder or Path(name) / "month"
        if not (folder / "log").exists():
            folder.mkdir(parents=True, exist_ok=True)
            write(folder, given.rows)
        own = (given.environment or Path(name) / "environment").absolute()
        python = None if given.without_evidently else installed(own)
        show(rounds(folder, python, given.rounds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        watch(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
