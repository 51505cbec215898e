"""The page of an executed notebook in a real browser: nothing makes it wider than its window."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from stagebook.data.contracts.verdict import ContractVerdict
from stagebook.data.inspection import Inspection, Subject
from stagebook.data.profiles.column import Column, ColumnKind, Texts
from stagebook.data.profiles.profile import Profile
from stagebook.execution.outcome import Outcome
from stagebook.execution.trial import Trial
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git import Git
from stagebook.project.errors import Problem
from stagebook.record.record import (
    CodeDigests,
    Record,
    RecordedEnvironment,
    RecordedParameter,
    Volatile,
)
from stagebook.report import page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CHROMIUM_REQUIRED"),
    reason="Chromium is not installed",
)

LONG = "a_rather_long_name_of_something_that_goes_on"
PATH = f"data/{LONG}/{LONG}.parquet"
RECORD = Record(
    stage=LONG,
    notebook=f"notebooks/{LONG}.ipynb",
    title=None,
    outcome=Outcome.FAILED.value,
    problems=(Problem("cell-failed", f"KeyError: '{LONG * 4}'", f"Look at `{PATH}`."),),
    source="0" * 64,
    code=CodeDigests(),
    parameters=(
        RecordedParameter(LONG, "x" * 200, "override", LONG),
        RecordedParameter("seed", 20130101, "params file", 0),
    ),
    inputs=(HashedPath(PATH, "0123456789abcdef" * 2, 6_700_000),),
    outputs=(HashedPath(PATH, "f" * 32, 6_700_000, 1234),),
    tables=(),
    metrics={},
    environment=RecordedEnvironment(
        python="3.11.7",
        platform="Linux-6.1.0",
        machine="x86_64",
        threads=2,
        distributions={f"{LONG}-{number}": "1.0.0" for number in range(20)},
    ),
    git=Git("a096c94f8af37aeed2678d14beba60f7715d5aea", LONG, None, True, "5e1f" * 16),
    trial=Trial(LONG, {LONG: "x" * 200}, f"runs/{LONG}@{LONG}"),
    volatile=Volatile(f"20130101T050000000000-{LONG}-4575ef7a", "2013-01-01T05:00:00", 1.0),
)
COLUMN = Column(LONG, f"struct<{LONG}>", ColumnKind.TEXT, 9, 0, Texts({LONG: 9}, None, 9, 1, 1, 9))
TABLE = Inspection(
    Subject("data", True, (PATH,), f"lib.contracts:{LONG}"),
    ContractVerdict(PATH, f"lib.contracts:{LONG}", 217_727),
    Profile((COLUMN,), 217_727),
)
# An iframe, since a window of Chromium's has a least width. It tells by the page's title.
FRAME = """<iframe id="f" src="page.html" style="border: 0; width: {width}px; height: 900px">
</iframe><script>
f.onload = () => {{
  const page = f.contentDocument;
  for (const one of page.querySelectorAll("details")) one.open = true;
  const facts = page.querySelector(".colophon table").getBoundingClientRect();
  document.title = [page.documentElement.scrollWidth, Math.round(facts.right)];
}};
</script>"""


def measured(folder: Path, width: int) -> list[int]:
    """Width of what the page holds, and the right edge of the colophon's first table."""
    assert CHROMIUM
    (folder / "frame.html").write_text(FRAME.format(width=width))
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            (folder / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"<title>(\d+),(\d+)</title>", done.stdout)
    assert found, done.stdout
    return [int(one) for one in found.groups()]


@pytest.mark.parametrize("width", [390, 1280], ids=["phone", "desktop"])
def test_no_page_is_wider_than_its_window(tmp_path: Path, width: int) -> None:
    executed = nbformat.writes(nbformat.v4.new_notebook(metadata={"language_info": {"name": "x"}}))
    text = page.render_html(page.close(executed, RECORD, [TABLE]), RECORD)
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    inside, right = measured(tmp_path, width)
    assert inside <= width
    assert right <= width  # the facts, which nobody should have to scroll for
