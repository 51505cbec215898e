"""An error that nobody foresaw is a failure or a warning of its own, and never a killed run."""

import sys

import pytest
from checkout import Checkout, Done

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'
BROKEN = """
import sys
import {module}

real, calls = {module}.{name}, []

def broken(*args, **kwargs):
    calls.append(args)
    if len(calls) == {call}:
        raise ZeroDivisionError("first\\nsecond")
    return real(*args, **kwargs)

{module}.{name} = broken
from stagebook.cli.main import main

sys.argv = ["stagebook", "run", "make"]
main()
"""


def run(project: Checkout, name: str, call: int = 1) -> Done:
    """Runs a stage whose runner raises at a call of one of its functions."""
    project.write("data/result.txt", "before")
    project.notebook("make", OUT, DONE)
    module, _, function = name.rpartition(".")
    script = BROKEN.format(module=module, name=function, call=call)
    return project.run(sys.executable, "-c", script)


def assert_one_line(project: Checkout, done: Done, outcome: str) -> None:
    assert "Traceback" not in done.output
    assert done.output.count("ZeroDivisionError: first") == 1
    (record,) = project.records()
    assert record["outcome"] == outcome
    assert [one["code"] for one in record["problems"]] == ["internal-error"]
    (report,) = (project.root / ".stagebook/crashes").iterdir()
    assert f".stagebook/crashes/{report.name}" in record["problems"][0]["hint"]
    assert "ZeroDivisionError: first\nsecond\n" in report.read_text()
    assert project.left_in_executions() == []


@pytest.mark.parametrize(
    "name",
    ["stagebook.execution.declarations.check", "stagebook.record.metrics.check"],
)
def test_before_the_outputs_are_in_place_it_is_a_failure(project: Checkout, name: str) -> None:
    done = run(project, name)
    assert done.code == 1, done.output
    assert project.read("data/result.txt") == "before"
    assert_one_line(project, done, "failed")


def test_afterwards_it_is_a_warning(project: Checkout) -> None:
    done = run(project, "stagebook.pipeline.dvc.hash_paths", call=2)
    assert done.code == 0, done.output
    assert project.read("data/result.txt") == "done"
    assert_one_line(project, done, "done")


def test_what_a_notebook_leaves_for_mlflow_or_its_guard_crashes_nothing(project: Checkout) -> None:
    junk = (
        "import os\nfrom urllib.parse import unquote\n"
        'place = unquote(os.environ["MLFLOW_TRACKING_URI"].removeprefix("sqlite:///"))\n'
        "if os.path.exists(place):\n    os.remove(place)\nos.mkdir(place)"
    )
    project.notebook("make", OUT, junk, DONE)
    assert project.ok("stagebook", "run", "make")
    assert project.records()[-1]["problems"] == []
    project.notebook("make", OUT, 'import os\nos.write(200, b"{")', DONE)
    done = project.run("stagebook", "run", "make")
    assert done.code == 5, done.output
    assert [one["code"] for one in project.records()[-1]["problems"]] == ["evidence-damaged"]
