"""Builds one pipeline on the real flights in several ways, in turn, and writes a report.

The peers that need other versions are installed in environments of their own, by uv.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import build_ways
import flight_cells
from build_growth import GROWTHS
from build_ways import Way
from ratio import BIN

REPRO = ("dvc", "repro", "--force", "--quiet")
PLAIN = "plain scripts"
PEERS = {
    "ploomber": ("ploomber>=0.23", "papermill", "ipykernel", "pandas", "scikit-learn", "pyarrow"),
    "calkit": ("calkit-python>=0.49", "ipykernel", "pandas", "scikit-learn", "pyarrow"),
}
_COLD, _WARM = {"STAGEBOOK_WARM": "0"}, {"STAGEBOOK_WARM": "1"}
_STOP = ("stagebook", "warm", "stop")


def ways(peers: Path) -> tuple[Way, ...]:
    """All ways; those of Stagebook are the same project, and differ in what is there before."""
    ploomber, calkit = (peers / name / "bin" for name in PEERS)
    side_by_side = ("stagebook", "repro", "--force", "-j", "2")
    return (
        Way(PLAIN, build_ways.scripts, REPRO),
        Way("Stagebook, warm", build_ways.stagebook, REPRO, _WARM),
        Way("Stagebook, starting warm", build_ways.stagebook, REPRO, _WARM, before=_STOP),
        Way("Stagebook, cold", build_ways.stagebook, REPRO, _COLD),
        Way("Stagebook, warm, -j 2", build_ways.stagebook, side_by_side, _WARM),
        Way("papermill", build_ways.papermill, REPRO),
        Way("papermill, MLflow, nbconvert", build_ways.by_hand, REPRO),
        Way(
            "Ploomber",
            build_ways.ploomber,
            ("ploomber", "build", "--force"),
            binaries=ploomber,
        ),
        Way("Calkit", build_ways.calkit, ("calkit", "run", "--force"), binaries=calkit),
    )


def install(peers: Path) -> None:
    """Makes the environments of the peers, where they are missing."""
    for name, packages in PEERS.items():
        python = peers / name / "bin" / "python"
        if not python.exists():
            subprocess.run([BIN / "uv", "venv", "--quiet", peers / name], check=True)
            command = [BIN / "uv", "pip", "install", "--quiet", "--compile-bytecode"]
            subprocess.run([*command, "--python", python, *packages], check=True)


def measure(chosen: Sequence[Way], rounds: int, folder: Path) -> dict[str, list[float]]:
    """The seconds of each build, by way; all ways in turn, after a round that is not counted."""
    raw = folder / "raw"
    flight_cells.write_raw(raw)
    places = {}
    for number, way in enumerate(chosen):
        places[way.name] = build_ways.begin(folder / f"way{number}", raw / "data")
        way.write(places[way.name], flight_cells.STAGES)
        build_ways.commit(places[way.name])
    seconds: dict[str, list[float]] = {way.name: [] for way in chosen}
    for number in range(rounds + 1):
        for way in chosen:
            way.prepare(places[way.name])
            start = time.perf_counter()
            way.build(places[way.name])
            if number:
                seconds[way.name].append(time.perf_counter() - start)
    _require_equal({name: place / "data" / "scores.json" for name, place in places.items()})
    for way in chosen:
        if way.before == _STOP:
            way.prepare(places[way.name])
    return seconds


def _require_equal(scores: dict[str, Path]) -> None:
    """Ends this program if a way has another result than the plain scripts."""
    texts = {name: path.read_text() for name, path in scores.items()}
    if len(set(texts.values())) > 1:
        sys.exit(f"The ways have different results: {texts}")


def table(seconds: dict[str, list[float]]) -> str:
    """Medians, spreads and ratios as a Markdown table."""
    plain = statistics.median(seconds[PLAIN])
    lines = ["| way | median | smallest to largest | ratio to plain scripts |"]
    lines.append("| --- | --- | --- | --- |")
    for name, each in seconds.items():
        median = statistics.median(each)
        spread = f"{min(each):.1f} to {max(each):.1f} s"
        lines.append(f"| {name} | {median:.1f} s | {spread} | {median / plain:.2f} |")
    return "\n".join(lines)


def machine() -> str:
    """The machine and the versions, in a sentence."""
    names = ("stagebook", "dvc", "papermill", "mlflow-skinny", "pandas", "scikit-learn")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} processors, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {versions}; load at the start: {load:.1f}."
    )


def main() -> None:
    """Measures, and prints the parts of a report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ways", nargs="+", help="names [default: all]")
    parser.add_argument("--growth", nargs="*", choices=sorted(GROWTHS), default=sorted(GROWTHS))
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "peers")
    given = parser.parse_args()
    known = ways(given.peers)
    chosen = [way for way in known if not given.ways or way.name in (PLAIN, *given.ways)]
    if any(way.binaries != BIN for way in chosen):
        install(given.peers)
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        print(f"\n{table(measure(chosen, given.rounds, Path(name)))}", flush=True)
    for growth in given.growth:
        with tempfile.TemporaryDirectory() as name:
            print(f"\n{GROWTHS[growth](Path(name))}", flush=True)


if __name__ == "__main__":
    main()
