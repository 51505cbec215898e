"""Compares a build of independent stages: `dvc repro`, and `stagebook repro` with two at once.

Each way builds the same pipeline from nothing: `dvc.lock` and DVC's cache are deleted before. With
`commands`, the stages are 200 shell commands that take no time, so that what remains is the build.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ratio import compare, run

CELLS = """\
# %% tags=["parameters"]
from stagebook import Out

table: Out = "data/{name}.csv"
rows: int = 400_000

# %%
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

# %%
numbers = pd.DataFrame({{"x": range(rows)}})
numbers["y"] = numbers["x"] % {number} + numbers["x"] % 7

# %%
model = HistGradientBoostingRegressor(max_iter=20, random_state=0)
numbers["z"] = model.fit(numbers[["x"]], numbers["y"]).predict(numbers[["x"]])

# %%
numbers.head(1000).to_csv(table)
"""


def begin(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "some"\n[tool.stagebook]\n')
    run(["git", "init", "-q"], folder)
    run(["dvc", "init", "-q"], folder)
    return folder


def notebooks(folder: Path) -> None:
    (folder / "notebooks").mkdir()
    for number in range(4):
        name = f"part{number}"
        text = CELLS.format(name=name, number=number + 2)
        (folder / "notebooks" / f"{name}.py").write_text(text)
    run(["stagebook", "sync"], folder)


def commands(folder: Path) -> None:
    (folder / "raw.txt").write_text("")
    stages = {
        f"s{number:03}": {
            "cmd": f"echo {number} > data/s{number:03}.txt",
            "deps": ["raw.txt"],
            "outs": [f"data/s{number:03}.txt"],
            "meta": {"stagebook": "as if it were a notebook"},
        }
        for number in range(200)
    }
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))


def build(folder: Path, command: list[str]) -> None:
    (folder / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(folder / ".dvc" / "cache", ignore_errors=True)
    run(command, folder)


def folders(base: Path, kind: str) -> Iterator[Path]:
    for name in ("serial", "beside"):
        folder = begin(base / name)
        (commands if kind == "commands" else notebooks)(folder)
        yield folder


if __name__ == "__main__":
    kind = sys.argv[1] if len(sys.argv) > 1 else "notebooks"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as base:
        serial, beside = folders(Path(base), kind)
        compare(
            {
                "dvc repro": lambda: build(serial, ["dvc", "repro", "-q"]),
                "stagebook repro -j 2": lambda: build(beside, ["stagebook", "repro", "-j", "2"]),
            },
            rounds,
        )
        same = (serial / "dvc.lock").read_bytes() == (beside / "dvc.lock").read_bytes()
        print("dvc.lock: the same bytes" if same else "dvc.lock: DIFFERENT")
        done = ["dvc", "repro", "-q"], ["stagebook", "repro", "-j", "2"]
        print("\nNothing to do:")
        compare(
            {
                "dvc repro": lambda: run(done[0], serial),
                "stagebook repro -j 2": lambda: run(done[1], beside),
            },
            rounds,
        )
