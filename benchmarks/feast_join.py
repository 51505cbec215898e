"""Compares the point-in-time join and online look-ups with those of Feast.

Feast has an environment of its own, which is made with `pip install 'feast[duckdb]'`. Feast knows
one time for each row, so here the known time of the views is also their event time. No two rows of
a key have the same time, because Feast does not say which of them counts. Both joins give the same
values; this is checked.
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
from pathlib import Path
from typing import Any

import flight_tables
import materialize
import pandas as pd
from flight_tables import DELAY_TTL, FEATURES, KEYS, WEATHER_TTL
from ratio import environment, figures_of

FEAST = "Feast"
STAGEBOOK = "Stagebook"
ONLINE_KEYS = 100_000


def installed(folder: Path) -> Path:
    """The Python of Feast's environment, which is made if it does not exist."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "feast[duckdb]"], check=True)
    return python


def feast(python: Path, options: dict[str, Any]) -> dict[str, float]:
    """Runs a command of ``feast_side.py``."""
    side = Path(__file__).with_name("feast_side.py")
    own = environment() | {"FEAST_USAGE": "False"}
    done = subprocess.run(
        [python, side],
        input=json.dumps(options),
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def joined(folder: Path) -> None:
    """Stagebook's join; the result is kept to be compared."""
    import stagebook.features.historical  # noqa: F401

    service = flight_tables.service(folder, event="known")
    spine = pd.read_parquet(folder / "spine.parquet")
    wall, processor = time.perf_counter(), time.process_time()
    table = service.historical(spine)
    seconds, used = time.perf_counter() - wall, time.process_time() - processor
    table.to_parquet(folder / "stagebook.parquet")
    print(json.dumps({"seconds": seconds, "processor": used}))


def stagebook_join(folder: Path) -> dict[str, float]:
    """Stagebook's join in a process of its own."""
    return figures_of([sys.executable, __file__, "--child", str(folder)])


def require_equal(folder: Path) -> None:
    """Exits unless both joins have the same values."""
    names = ["flight_id", *(name for features in FEATURES.values() for name in features)]
    first, second = (
        pd.read_parquet(folder / f"{way}.parquet")[names].sort_values("flight_id")
        for way in ("feast", "stagebook")
    )
    pd.testing.assert_frame_equal(
        first.reset_index(drop=True),
        second.reset_index(drop=True),
        check_exact=True,
        check_dtype=False,
    )
    print(f"{len(first):,} rows, equal values")


def compare_joins(python: Path, folder: Path, given: argparse.Namespace) -> None:
    """Joins in turn."""
    flight_tables.write(folder, given.rows, given.raw)
    for name, keys in KEYS.items():
        table = pd.read_parquet(folder / f"{name}.parquet")
        table = table.drop(columns="event").drop_duplicates([*keys, "known"], keep="last")
        table.to_parquet(folder / f"{name}.parquet", index=False)
    views = {
        name: {
            "keys": keys,
            "features": FEATURES[name],
            "ttl": (WEATHER_TTL if name == "weather" else DELAY_TTL).total_seconds(),
        }
        for name, keys in KEYS.items()
    }
    options = {"folder": str(folder), "offline": given.offline, "views": views}
    feast(python, options | {"command": "apply"})
    figures: dict[str, list[dict[str, float]]] = {FEAST: [], STAGEBOOK: []}
    for _ in range(given.rounds):
        figures[FEAST].append(feast(python, options | {"command": "join"}))
        figures[STAGEBOOK].append(stagebook_join(folder))
    require_equal(folder)
    show(figures)


def compare_lookups(python: Path, folder: Path, given: argparse.Namespace) -> None:
    """Look-ups in turn."""
    materialize.write_tables(folder, ONLINE_KEYS, materialize.VIEWS)
    materialize.service(folder, materialize.VIEWS).materialize(folder / "many.sqlite")
    views = {
        f"view{view}": {
            "keys": ["customer"],
            "features": [f"{name}{view}" for name in materialize.FEATURES],
            "ttl": 0,
        }
        for view in range(materialize.VIEWS)
    }
    options = {"folder": str(folder), "offline": given.offline, "views": views}
    for command in ("apply", "materialize"):
        feast(python, options | {"command": command})
    ways = {FEAST: "", "look_up": materialize.LOOKUP, "online": materialize.ONLINE}
    figures: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(given.rounds):
        for way, results in figures.items():
            if way == FEAST:
                command = options | {"command": "online", "keys": ONLINE_KEYS}
                results.append(feast(python, command))
            else:
                results.append(materialize.measured(ways[way], folder))
    show(figures)


def show(figures: dict[str, list[dict[str, float]]]) -> None:
    """Prints medians, and how many times as long Feast takes."""
    for kind in figures[FEAST][0]:
        medians = {
            way: statistics.median(result[kind] for result in results)
            for way, results in figures.items()
        }
        for way, results in figures.items():
            values = [result[kind] for result in results]
            spread = f"{min(values):.3f} to {max(values):.3f}"
            factor = medians[FEAST] / medians[way]
            print(f"{kind:10} {way:10} {medians[way]:9.3f} ({spread})  Feast takes {factor:.1f} x")


def main() -> None:
    """Compares the joins, and then the look-ups."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=327_346)
    parser.add_argument("--raw", type=Path, help="folder data/raw of a build [default: a seed]")
    parser.add_argument("--offline", default="duckdb", help="Feast's offline store")
    parser.add_argument(
        "--environment", type=Path, help="folder of Feast's environment, to keep [default: none]"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        python = installed((given.environment or root / "environment").absolute())
        for part, run in (("join", compare_joins), ("online", compare_lookups)):
            folder = root / part
            folder.mkdir()
            run(python, folder, given)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        joined(Path(sys.argv[2]))
    else:
        main()
