"""Compares the time of the stage `sources`, the first of every build, with `python -c pass`.

The stage runs in a copy of the reference project: unchanged, after an edit of a cell, and without
its caches of the environment and of the last build, as in a fresh clone.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from ratio import BIN, compare, run

PROJECT = Path(__file__).parents[1]
COPIED = ("notebooks", "params", "src/flights")
FILES = ("pyproject.toml", "dvc.yaml", "requirements.lock", ".gitignore", ".dvcignore")


def copy(folder: Path) -> None:
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copyfile(PROJECT / name, folder / name)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy(folder)
        command = [str(BIN / "stagebook"), "sources"]
        edited, number = folder / "notebooks" / "train.ipynb", iter(range(1_000_000))

        def edit() -> None:
            text = edited.read_text(encoding="utf-8")
            first, cells, rest = text.partition('"source": [')
            line = f'\n "# {next(number)}\\n",' if rest.lstrip()[:1] == '"' else ""
            edited.write_text(first + cells + line + rest, encoding="utf-8")
            run(command, folder)

        def from_nothing() -> None:
            shutil.rmtree(folder / ".stagebook", ignore_errors=True)
            run(command, folder)

        compare(
            {
                "python -c pass": lambda: run([str(BIN / "python"), "-c", "pass"], folder),
                "stagebook sources": lambda: run(command, folder),
                "after an edit": edit,
                "in a fresh clone": from_nothing,
            },
            rounds,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
