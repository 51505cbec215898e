"""What `stagebook run` imports before its kernel starts, and in a run that uses little."""

import json
import subprocess
import sys

import pytest

BEFORE_THE_KERNEL = {"stagebook", "click", "rich"}
"""Distributions' modules that may be imported before the kernel starts; others load meanwhile."""

MODULES = 375
"""Largest number of modules before the kernel starts."""

UNUSED = {
    *("numpy", "pandas", "pandera", "pyarrow", "duckdb", "scipy", "sklearn", "mlflow"),
    *("dvc_data", "nbconvert", "IPython", "jupytext", "boto3", "rfc3987_syntax"),
}
"""Modules that a run without files and tables never needs."""

NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": "a",
            "execution_count": None,
            "metadata": {"tags": ["parameters"]},
            "outputs": [],
            "source": "x: int = 1",
        }
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}

WATCHED = """
import atexit, json, sys
from pathlib import Path

def note(name):
    Path(name).write_text(json.dumps(sorted(sys.modules)))

def watch(event, arguments):
    if event == "subprocess.Popen" and "stagebook.execution.launcher" in arguments[1]:
        note("before.json")

sys.addaudithook(watch)
atexit.register(note, "whole.json")
sys.argv = ["stagebook", "run", "one"]
from stagebook.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The modules of a run, at the moment when the kernel starts and at the end."""
    root = tmp_path_factory.mktemp("imported")
    (root / "notebooks").mkdir()
    (root / "notebooks" / "one.ipynb").write_text(json.dumps(NOTEBOOK))
    (root / "pyproject.toml").write_text('[project]\nname = "one"\n\n[tool.stagebook]\n')
    subprocess.run(["dvc", "init", "-q", "--no-scm"], cwd=root, check=True)
    subprocess.run([sys.executable, "-c", WATCHED], cwd=root, check=True)
    return {
        name: json.loads((root / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("before", "whole")
    }


def test_before_the_kernel_starts_only_what_finds_and_reads_the_notebook_is_imported(
    imported: dict[str, list[str]],
) -> None:
    before = imported["before"]
    known = {*sys.stdlib_module_names, *BEFORE_THE_KERNEL, "__main__"}
    others = [
        module
        for module in before
        if (top := module.partition(".")[0]) not in known
        and not top.startswith(("_", "sitecustomize"))
    ]
    assert others == []
    assert len(before) <= MODULES, [name for name in before if name.startswith("stagebook")]


@pytest.mark.parametrize("library", sorted(UNUSED))
def test_a_run_does_not_import_what_it_does_not_use(
    imported: dict[str, list[str]], library: str
) -> None:
    assert [name for name in imported["whole"] if name.partition(".")[0] == library] == []
