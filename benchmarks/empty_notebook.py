"""Compares a run of a notebook that only creates a file with `papermill` on the same notebook.

Stagebook runs it as `dvc repro` runs a stage that another stage needs, which does not wait for
MLflow, and as a person does, who waits for the delivery. Each run starts without a warm process.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from ratio import BIN, compare, run

CELLS = (
    "from stagebook import Out\n\nresult: Out = 'data/empty.txt'",
    "open(result, 'w').close()",
)
READER = """  reader:
    cmd: cat data/empty.txt
    deps:
      - data/empty.txt
"""


def notebook() -> str:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "execution_count": None,
            "metadata": {} if number else {"tags": ["parameters"]},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def make(folder: Path) -> None:
    """Makes a project whose notebook writes a file that another stage reads."""
    (folder / "notebooks").mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "empty"\n\n[tool.stagebook]\n')
    (folder / "notebooks" / "empty.ipynb").write_text(notebook())
    (folder / "data").mkdir()
    (folder / "dvc.yaml").write_text(f"stages:\n{READER}")
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
