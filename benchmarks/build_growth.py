"""How the time of a build grows: with its stages, its data, and the cells of a notebook."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import build_ways
import numpy as np
import pandas as pd
from build_ways import Way
from flight_cells import CellStage
from ratio import run

_REPRO = ("dvc", "repro", "--force", "--quiet")
_SCRIPTS = Way("plain scripts", build_ways.scripts, _REPRO)
_STAGEBOOK = Way("Stagebook", build_ways.stagebook, _REPRO, {"STAGEBOOK_WARM": "1"})
_SIDE_BY_SIDE = Way(
    "Stagebook, -j 2",
    build_ways.stagebook,
    ("stagebook", "repro", "--force", "-j", "2"),
    {"STAGEBOOK_WARM": "1"},
)


def stages(folder: Path, counts: Iterable[int] = (1, 10, 50, 200)) -> str:
    """Independent stages of two small cells."""
    rows = []
    for count in counts:
        made = [
            CellStage(
                f"s{number}",
                {},
                {"out": f"data/{number}.txt"},
                ("from pathlib import Path", f"Path(out).write_text('{number}')"),
            )
            for number in range(count)
        ]
        rows.append((f"{count} stages", made, 0))
    return _table(folder, "stages", rows, (_SCRIPTS, _STAGEBOOK, _SIDE_BY_SIDE))


def data(folder: Path, megabytes: Iterable[int] = (1, 10, 100, 1000)) -> str:
    """One stage that reads a table and counts its rows."""
    body = (
        "import json\n\nimport pyarrow.parquet as pq",
        "rows = pq.read_table(raw).num_rows",
        'with open(out, "w") as file:\n    json.dump(rows, file)',
    )
    made = [CellStage("count", {"raw": "data/raw.parquet"}, {"out": "data/rows.json"}, body)]
    rows = [(f"{size} MB", made, size) for size in megabytes]
    return _table(folder, "data", rows, (_SCRIPTS, _STAGEBOOK))


def cells(folder: Path, counts: Iterable[int] = (10, 100, 500, 2000)) -> str:
    """One stage of many small cells."""
    rows = []
    for count in counts:
        body = tuple(f"value{number} = {number}" for number in range(count))
        last = "from pathlib import Path\n\nPath(out).write_text('done')"
        made = [CellStage("many", {}, {"out": "data/out.txt"}, (*body, last))]
        rows.append((f"{count} cells", made, 0))
    return _table(folder, "cells", rows, (_SCRIPTS, _STAGEBOOK))


GROWTHS: dict[str, Callable[[Path], str]] = {"stages": stages, "data": data, "cells": cells}


def _table(
    folder: Path,
    what: str,
    rows: Sequence[tuple[str, list[CellStage], int]],
    ways: Sequence[Way],
) -> str:
    """A Markdown table: a row for each size, a column for each way."""
    names = [way.name for way in ways]
    lines = [f"| {what} | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for number, (name, made, megabytes) in enumerate(rows):
        raw = _raw(folder / f"raw{number}", megabytes)
        columns = []
        for place, way in enumerate(ways):
            project = build_ways.begin(folder / f"{number}-{place}", raw)
            way.write(project, made)
            build_ways.commit(project)
            way.build(project)
            start = time.perf_counter()
            way.build(project)
            columns.append(f"{time.perf_counter() - start:.1f} s")
        lines.append(f"| {name} | {' | '.join(columns)} |")
        run(["rm", "-rf", *map(str, folder.iterdir())], folder.parent)
    return "\n".join(lines)


def _raw(folder: Path, megabytes: int) -> Path:
    """A folder with a table of random numbers of a size; an empty one for 0."""
    folder.mkdir(parents=True)
    if megabytes:
        random = np.random.default_rng(1)
        table = pd.DataFrame({name: random.random(megabytes * 125_000) for name in "x"})
        table.to_parquet(folder / "raw.parquet", index=False, compression="none")
    return folder
