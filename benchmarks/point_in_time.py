"""Compares the point-in-time join of three feature views with the same join with `merge_asof`.

Both give the same values; this is checked first. Then each way runs in a separate process, which
imports, reads the spine, and reads and joins the tables of the views; the last part is timed. Added
memory is how much the last part raises the peak.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from flight_tables import FEATURES, KEYS, by_hand, service, write
from ratio import figures_of

HAND = "merge_asof"
STAGEBOOK = "service.historical"
UNITS = {"seconds": "s", "processor": "s", "memory": "MB", "added memory": "MB"}


def joined_by_hand(folder: Path, spine: pd.DataFrame) -> pd.DataFrame:
    """The join with pandas alone."""
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in KEYS}
    return by_hand(spine, tables)


def joined_by_service(folder: Path, spine: pd.DataFrame) -> pd.DataFrame:
    """The join of the feature service."""
    return service(folder).historical(spine)


WAYS: dict[str, Callable[[Path, pd.DataFrame], pd.DataFrame]] = {
    HAND: joined_by_hand,
    STAGEBOOK: joined_by_service,
}


def require_equal(folder: Path) -> None:
    """Exits unless both ways give the same values."""
    spine = pd.read_parquet(folder / "spine.parquet")
    expected, result = (way(folder, spine) for way in WAYS.values())
    names = ["flight_id", *(name for features in FEATURES.values() for name in features)]
    pd.testing.assert_frame_equal(result[names], expected[names], check_exact=True)
    shares = result[names].notna().mean()
    print(f"{len(result):,} rows, equal values; {shares.min():.0%} to {shares.max():.0%} not null")


def peak() -> float:
    """The peak memory of this process, in megabytes.

    On Linux, ``ru_maxrss`` starts with the memory of the parent process, so it is not used there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def child(name: str, folder: Path) -> None:
    """Runs one way once, and prints its figures."""
    if name == STAGEBOOK:
        import stagebook.features.historical  # noqa: F401
    spine = pd.read_parquet(folder / "spine.parquet")
    before, wall, processor = peak(), time.perf_counter(), time.process_time()
    WAYS[name](folder, spine)
    seconds, used = time.perf_counter() - wall, time.process_time() - processor
    values = (seconds, used, peak(), peak() - before)
    print(json.dumps(dict(zip(UNITS, values, strict=True))))


def measured(name: str, folder: Path) -> dict[str, float]:
    """The figures of one way in a process of its own."""
    return figures_of([sys.executable, __file__, "--child", name, str(folder)])


def main() -> None:
    """Runs both ways in turn, after a warm-up round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=327_346)
    parser.add_argument(
        "--raw", type=Path, help="folder data/raw of a build [default: made with a seed]"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, options.rows, options.raw)
        require_equal(folder)
        figures: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for number in range(options.rounds + 1):
            for way, results in figures.items():
                result = measured(way, folder)
                if number:
                    results.append(result)
    for kind, unit in UNITS.items():
        medians = {}
        for way, results in figures.items():
            values = [result[kind] for result in results]
            medians[way] = statistics.median(values)
            spread = f"{min(values):.2f} to {max(values):.2f}"
            ratio = medians[way] / medians[HAND]
            print(
                f"{kind:13} {way:19} {medians[way]:8.2f} {unit} ({spread})  {ratio:5.2f} x {HAND}"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
