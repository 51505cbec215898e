"""Compares a run of an empty notebook with the command `papermill` on the same notebook.

Stagebook runs it as `dvc repro` runs a stage that another stage needs, which does not wait for
MLflow, and as a person does, who waits for the delivery. Each run starts without a warm process.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from ratio import BIN, compare, run

NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": "parameters",
            "execution_count": None,
            "metadata": {"tags": ["parameters"]},
            "outputs": [],
            "source": "x: int = 1",
        }
    ],
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}
READER = """  reader:
    cmd: cat data/empty.txt
    deps:
      - data/empty.txt
"""


def make(folder: Path) -> None:
    """Makes a project whose only notebook writes a file that another stage reads."""
    (folder / "notebooks").mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "empty"\n\n[tool.stagebook]\n')
    (folder / "notebooks" / "empty.ipynb").write_text(json.dumps(NOTEBOOK))
    run(["git", "init", "-q"], folder)
    run(["dvc", "init", "-q"], folder)
    run(["stagebook", "sync"], folder)
    run(["stagebook", "sources"], folder)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        command = [str(BIN / "stagebook"), "run", "empty"]
        papermill = [str(BIN / "papermill"), "--no-progress-bar", "--log-level", "ERROR"]
        source, target = "notebooks/empty.ipynb", str(folder / "out.ipynb")

        def in_a_build() -> None:
            os.environ["DVC_STAGE"] = "empty"
            try:
                run(command, folder)
            finally:
                del os.environ["DVC_STAGE"]

        compare(
            {
                "papermill": lambda: run([*papermill, source, target], folder),
                "a stage of a build": in_a_build,
                "stagebook run, with delivery": lambda: run(command, folder),
            },
            rounds,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
