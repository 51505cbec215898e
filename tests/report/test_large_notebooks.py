"""Executed notebooks of 100 MB: their pages stay small, say what is cut, and the site is made."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import spooled
from articles import code, data, markdown, printed, text
from spooled import put

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

LARGE = 100_000_000  # bytes of a notebook
LARGEST_PAGE = 1_000_000
MOST_MEMORY = 8  # times the size of the notebook
LINE = "a line of an output that does not end\n"
LAST = markdown("## What comes last")
KINDS: dict[str, Callable[[], list[dict[str, Any]]]] = {  # made when asked for: they are large
    "one long text": lambda: [code("f()", printed(LINE * (LARGE // len(LINE))))],
    "many texts": lambda: [code("f()", *[printed("x" * 49_999 + "\n")] * 2)] * 1_000,
    "many outputs of a cell": lambda: [code("f()", *[data("text/plain", "x" * 999)] * 100_000)],
    "one long table": lambda: [
        code("f()", data("text/html", f"<table>{'<tr><td>1</td></tr>' * 5_300_000}</table>"))
    ],
}
CUT = {
    "one long text": "lines more are in the executed notebook, runs/large.ipynb.",
    "many texts": "The page is full: what comes after cell ",
    "many outputs of a cell": "99,500 more outputs are in the executed notebook.",
    "one long table": "more rows are in the executed notebook, runs/large.ipynb.",
}
MAKE = """
from pathlib import Path
from stagebook.project.project import Project
from stagebook.workflow import reporting
site = reporting.site(Project.find(Path({root!r})), None)
for page, text in site.pages():
    place = Path({root!r}, "site", page)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
status = Path("/proc/self/status").read_text()  # the usage that resource tells is a parent's, too
print(1024 * int(status.partition("VmHWM:")[2].split()[0]))
"""


def project(root: Path, cells: Iterable[Mapping[str, Any]]) -> int:
    """A project of two stages, of which one has a large notebook; returns its size in bytes."""
    stages = {"large": ([], ["data/a.csv"]), "small": (["data/a.csv"], ["data/b.csv"])}
    spooled.project(root, stages)
    for stage in stages:
        put(root / ".stagebook", spooled.execution("20260101T100000", stage, "one", stages))
    (root / "runs").mkdir()
    (root / "runs/small.ipynb").write_text(text(markdown("# A small one")))
    return (root / "runs/large.ipynb").write_text(text(markdown("# A large one"), *cells))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_100_mb_is_cut_and_says_so_and_the_site_is_made(
    tmp_path: Path, kind: str
) -> None:
    size = project(tmp_path, [*KINDS[kind](), LAST])
    assert size > LARGE
    made = [sys.executable, "-c", MAKE.format(root=str(tmp_path))]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST_MEMORY * size
    pages = {one.name: one.read_text() for one in (tmp_path / "site").rglob("*.html")}
    assert pages.keys() >= {"index.html", "large.html", "small.html", "a.csv.html", "b.csv.html"}
    assert len(pages["large.html"].encode()) < LARGEST_PAGE
    assert CUT[kind] in pages["large.html"]
    assert ("What comes last" in pages["large.html"]) is (kind != "many texts")
    assert "A small one" in pages["small.html"]
    assert "2 executed" in pages["index.html"]


def test_a_notebook_that_is_larger_than_can_be_opened_says_so(tmp_path: Path) -> None:
    project(tmp_path, [])
    with (tmp_path / "runs/large.ipynb").open("r+b") as file:
        file.truncate(300_000_000)  # a hole, which takes no room on the disk
    made = [sys.executable, "-c", MAKE.format(root=str(tmp_path))]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 300_000_000
    page = (tmp_path / "site/notebooks/large.html").read_text()
    assert "runs/large.ipynb is too large to be shown here." in page
    assert "A small one" in (tmp_path / "site/notebooks/small.html").read_text()
