"""Measures how an online store of many keys is written, and how fast it is read.

Each figure comes from a process of its own. Writing a million keys with SQLite alone, from the same
rows in memory, is what it is compared with.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from point_in_time import peak
from ratio import figures_of

from stagebook.features import Entity, FeatureService, FeatureView

VIEWS = 5
FEATURES = ["a", "b", "c"]
START = pd.Timestamp("2026-01-01", tz="UTC").as_unit("us")
SQLITE = "SQLite alone"
STAGEBOOK = "materialize"
LOOKUP = "look_up, five views"
ONLINE = "online, five views, one row"


def write_tables(folder: Path, keys: int, views: int) -> None:
    """Writes a table for each view, with one row for each key."""
    random = np.random.default_rng(0)
    for view in range(views):
        known = START + pd.to_timedelta(random.integers(0, 86_400, keys), "s").as_unit("us")
        columns = {f"{name}{view}": random.random(keys) for name in FEATURES}
        table = {"customer": random.permutation(keys), "known": known, **columns}
        pd.DataFrame(table).to_parquet(folder / f"view{view}.parquet", index=False)


def service(folder: Path, views: int) -> FeatureService:
    """The service of all views."""
    moment = pd.DatetimeTZDtype("us", "UTC")
    entity = Entity("customer", keys=["customer"])
    parts = [
        FeatureView(
            f"view{view}",
            entity,
            table=str(folder / f"view{view}.parquet"),
            schema=pa.DataFrameSchema(
                {"customer": pa.Column("int64"), "known": pa.Column(moment)}
                | {f"{name}{view}": pa.Column("float64") for name in FEATURES}
            ),
            event_time="known",
            known_time="known",
            ttl=timedelta(days=30),
        )
        for view in range(views)
    ]
    return FeatureService("customers", parts, instant="now")


def with_sqlite(folder: Path) -> None:
    """Writes the same rows with one statement, sorted by key."""
    table = pd.read_parquet(folder / "view0.parquet").sort_values("customer")
    known = table["known"].dt.tz_localize(None).astype("int64")
    rows = zip(table["customer"], known, *(table[f"{name}0"] for name in FEATURES), strict=True)
    path = folder / "plain.sqlite"
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode = OFF")
    base.execute("PRAGMA synchronous = OFF")
    base.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, known, a, b, c)")
    base.execute("BEGIN")
    base.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    base.execute("COMMIT")
    base.close()


def once(name: str, folder: Path) -> dict[str, float]:
    """Writes the store of one view in one way."""
    import stagebook.features.materialize  # noqa: F401

    wall, processor = time.perf_counter(), time.process_time()
    if name == SQLITE:
        with_sqlite(folder)
    else:
        service(folder, 1).materialize(folder / "one.sqlite")
    seconds, used = time.perf_counter() - wall, time.process_time() - processor
    return {"seconds": seconds, "processor": used, "memory in MB": peak()}


def lookups(name: str, folder: Path) -> dict[str, float]:
    """Times the look-ups of random keys in a store of five views."""
    whole = service(folder, VIEWS)
    instant = START + pd.Timedelta(days=2)
    nanoseconds = instant.value
    with whole.open_online(folder / "many.sqlite") as store:
        count = 3_000
        keys = np.random.default_rng(1).integers(0, store.views["view0"].rows, count).tolist()

        def look_up(key: int) -> None:
            for view in whole.resolution.views:
                assert store.look_up(view, (key,), nanoseconds)

        def online(row: pd.DataFrame) -> None:
            assert len(store.online(row).columns) == 2 + VIEWS * len(FEATURES)

        rows = [pd.DataFrame({"customer": [key], "now": [instant]}) for key in keys]
        assert store.online(pd.concat(rows)).notna().all(axis=None)
        if name == LOOKUP:
            times = sorted(timed(look_up, key) for key in keys)
        else:
            times = sorted(timed(online, row) for row in rows)
    return {"p50 in ms": statistics.median(times), "p99 in ms": times[int(0.99 * len(times))]}


def timed(way: Callable[[Any], None], argument: Any) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    way(argument)
    return (time.perf_counter() - start) * 1000


def measured(name: str, folder: Path) -> dict[str, float]:
    """The figures of one way in a process of its own."""
    return figures_of([sys.executable, __file__, "--child", name, str(folder)])


def main() -> None:
    """Runs each way in turn, and prints medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tables(folder, min(options.keys, 100_000), VIEWS)
        service(folder, VIEWS).materialize(folder / "many.sqlite")
        write_tables(folder, options.keys, 1)
        ways = (SQLITE, STAGEBOOK, LOOKUP, ONLINE)
        figures: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, results in figures.items():
                results.append(measured(way, folder))
    for way, results in figures.items():
        for kind in results[0]:
            values = [result[kind] for result in results]
            spread = f"{min(values):.3f} to {max(values):.3f}"
            print(f"{way:28} {kind:14} {statistics.median(values):8.3f} ({spread})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child_name, child_folder = sys.argv[2], Path(sys.argv[3])
        run = lookups if child_name in (LOOKUP, ONLINE) else once
        print(json.dumps(run(child_name, child_folder)))
    else:
        main()
