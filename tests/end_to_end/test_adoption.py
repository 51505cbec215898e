"""Notebooks as people have them are stages as they are, and no data lands in git."""

import json
import re
from typing import Any

import pytest
from checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

WRITE = "from pathlib import Path\nPath(x).parent.mkdir(exist_ok=True)\nPath(x).write_text(str(n))"
OLD = "notebooks/1.0-jqp-initial-data.ipynb"
EULER = "notebooks/Euler's Conjecture.ipynb"


def parameters(path: str) -> str:
    return f'from stagebook import Out\nx: Out = "{path}"\nn: int = 1'


def nbformat_3(*sources: str) -> str:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "input": source, "language": "python", "collapsed": False}
        for source in sources
    ]
    for cell in cells:
        cell["outputs"] = [{"output_type": "stream", "text": "x"}, {"output_type": "pyout"}]
    cells[0]["metadata"] = {"tags": ["parameters"]}
    return json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]})


def nbformat_4_2(*sources: str) -> str:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": source, "outputs": [{"output_type": "stream"}]}
        for source in sources
    ]
    cells[0]["metadata"] = {"tags": ["parameters"]}
    kernel = {"name": "conda-env-euler-py", "display_name": "Euler", "language": "python"}
    document = {"nbformat": 4, "nbformat_minor": 2, "metadata": {"kernelspec": kernel}}
    return json.dumps({**document, "cells": cells})


@pytest.fixture
def adopted(project: Checkout) -> Checkout:
    """Two old notebooks, one that fails after them, and a stage that is written by hand."""
    project.write(OLD, nbformat_3(parameters("data/first.txt"), WRITE))
    project.write("params/1.0-jqp-initial-data.yaml", "\ufeffn: 2\n")
    project.write(EULER, nbformat_4_2(parameters("data/second.txt"), WRITE))
    fail = '# %% tags=["parameters"]\nfrom stagebook import In, Metrics\n'
    fail += 'y: In = "data/by hand 2.txt"\nm: Metrics = "metrics/m.json"\n# %%\n1 / 0\n'
    project.write("notebooks/a${fail}.py", f"\ufeff{fail}")
    project.write(
        "dvc.yaml",
        "stages:\n  by_hand:\n    matrix:\n      k: [1, 2]\n    cmd: cp data/first.txt "
        "'data/by hand ${item.k}.txt'\n    deps: [data/first.txt]\n"
        "    outs: ['data/by hand ${item.k}.txt']\n",
    )
    project.write(".gitignore", "# mine\r\n*.tmp\r\n")
    project.write(
        "pyproject.toml",
        '\ufeff[project]\nname = "little"\n[tool.stagebook]\n[tool.stagebook.report]\n'
        f'[tool.stagebook.stages."{OLD}"]\nthreads = 2\n',
    )
    return project


def test_notebooks_as_they_are_build_and_no_data_lands_in_git(adopted: Checkout) -> None:
    before = {path: (adopted.root / path).read_bytes() for path in (OLD, EULER)}
    shown = adopted.ok("stagebook", "sync").output
    stages = {OLD: "1-0-jqp-initial-data", EULER: "Eulers-Conjecture"}
    for path, stage in stages.items():
        assert re.search(rf"^{re.escape(path)} .*\b{stage}$", shown, re.MULTILINE)
    ignored = {
        path: (adopted.root / path).read_bytes() for path in (".gitignore", "data/.gitignore")
    }
    assert ignored[".gitignore"].startswith(b"# mine\r\n*.tmp\r\n/.stagebook/\r\n")

    failed = adopted.run("dvc", "repro")
    assert failed.code
    assert {"1-0-jqp-initial-data", "Eulers-Conjecture", "by_hand@1", "a-fail"} <= failed.stages
    assert "`conda-env-euler-py`" in failed.output
    assert adopted.read("data/first.txt") == "2"
    assert adopted.read("data/second.txt") == "1"
    assert {path: (adopted.root / path).read_bytes() for path in before} == before
    assert {path: (adopted.root / path).read_bytes() for path in ignored} == ignored

    adopted.ok("git", "add", "-A")
    staged = adopted.ok("git", "-c", "core.quotePath=false", "ls-files").output.splitlines()
    assert {"data/.gitignore", "dvc.yaml", OLD, EULER} <= set(staged)
    assert not [path for path in staged if path.endswith((".txt", ".pyc", ".html", ".db"))]

    path = adopted.root / "notebooks" / "a${fail}.py"
    repaired = path.read_text(encoding="utf-8").replace(
        "1 / 0", "import json\nopen(m, 'w').write(json.dumps({'n': 1}))"
    )
    path.write_text(repaired, encoding="utf-8")
    assert "a-fail" in adopted.build()
    assert {path: (adopted.root / path).read_bytes() for path in ignored} == ignored
    adopted.ok("git", "add", "-A")
    assert "metrics/m.json" in adopted.ok("git", "ls-files").output.splitlines()

    for name in ("1-0-jqp-initial-data", "1.0-jqp-initial-data", OLD):
        (execution,) = json.loads(adopted.ok("stagebook", "log", name, "--json").output)[
            "executions"
        ]
        assert execution["stage"] == "1-0-jqp-initial-data"
    assert "1-0-jqp-initial-data@n=5" in adopted.ok("stagebook", "run", OLD, "-P", "n=5").output
    page = adopted.root / "runs" / "1-0-jqp-initial-data.ipynb"
    executed = json.loads(page.read_text(encoding="utf-8"))
    assert executed["cells"][0]["id"] == "cell-1"
