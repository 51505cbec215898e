"""A build runs what it found at its start, whatever is saved while it runs."""

import json

import nbformat
import pytest
from checkout import Checkout

# A stage of a person's own between two notebooks: it saves files as somebody at work would.
SAVE = """
from pathlib import Path

def change(path, before, after):
    text = Path(path).read_text()
    assert before in text
    Path(path).write_text(text.replace(before, after))

change("notebooks/last.py", "title one", "title two")
change("notebooks/last.py", "'one'", "'two'")
change("src/words/late.py", "'one'", "'two'")
change("pyproject.toml", "threads = 1", "threads = 2")
Path("data/saved.txt").write_text("saved")
"""
BY_HAND = """  save:
    cmd: python save.py
    deps:
      - data/first.txt
    outs:
      - data/saved.txt
"""
THREADS = "\n[tool.stagebook.stages.last]\nthreads = 1\n"
LAST = """# %% [markdown]
# # title one

# %% tags=["parameters"]
from stagebook import In, Out
saved: In = "data/saved.txt"
last: Out = "data/last.txt"

# %% tags=["skip-execution"]
raise ValueError("never run")

# %%
import os
from words import late
text = f"{'one'} {late.word()} {os.environ['OMP_NUM_THREADS']}"
with open(last, "w") as file:
    file.write(text)
"""

pytestmark = pytest.mark.undelivered


@pytest.fixture
def interrupted(project: Checkout) -> tuple[Checkout, str]:
    """A project after a build during which everything was saved; with what the build printed."""
    project.write("pyproject.toml", project.read("pyproject.toml") + THREADS)
    project.notebook(
        "first", 'first: Out = "data/first.txt"', "with open(first, 'w') as f:\n    f.write('1')"
    )
    project.write("notebooks/last.py", LAST)
    project.write("src/words/__init__.py", "")
    project.write("src/words/late.py", "def word():\n    return 'one'\n")
    project.write("src/words/unseen.py", "")
    project.write("save.py", SAVE)
    project.write("dvc.yaml", f"stages:\n{BY_HAND}")
    project.ok("stagebook", "sync")
    done = project.ok("dvc", "repro")
    assert done.stages == {"sources", "first", "save", "last"}
    return project, done.output


@pytest.mark.slow
def test_a_build_runs_what_it_found_at_its_start_and_the_next_one_what_was_saved(
    interrupted: tuple[Checkout, str],
) -> None:
    project, output = interrupted
    assert project.read("data/last.txt") == "one one 1"
    executed = nbformat.read(project.root / "runs" / "last.ipynb", 4)
    assert executed.cells[0].source == "# title one"
    saved = ("notebooks/last.py", "src/words/late.py", "pyproject.toml")
    assert [line for line in output.splitlines() if all(path in line for path in saved)]
    (record,) = [one for one in project.records() if one["stage"] == "last"]
    assert [cell["status"] for cell in record["volatile"]["cells"] if cell["position"]] == [
        "completed",
        "skipped",
        "completed",
    ]

    assert project.build() == {"sources", "last"}
    assert project.read("data/last.txt") == "two two 2"
    assert project.build() == {"sources"}

    # a run that a person types takes what is there now, saved or not by a build
    project.write("src/words/late.py", "def word():\n    return 'three'\n")
    done = project.ok("stagebook", "run", "last", "--json")
    assert project.read("data/last.txt") == "two three 2"
    assert json.loads(done.output.splitlines()[-1])["warnings"] == []

    # a module that no import names is told, though it lies beside one that was laid
    text = project.read("notebooks/last.py")
    project.write(
        "notebooks/last.py", text.replace("import os", "import os\n__import__('words.' + 'unseen')")
    )
    done = project.run("stagebook", "run", "last", "--json")
    problems = json.loads(done.output.splitlines()[-1])["problems"]
    assert problems[0]["code"] == "unseen-module"
    assert "`src/words/unseen.py`" in problems[0]["message"]
