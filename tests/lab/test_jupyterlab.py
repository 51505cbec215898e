"""Real JupyterLab in a real browser, with the settings of nobody."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_kernels import Little
from playwright.sync_api import Browser, Page

PATIENCE = 120_000  # milliseconds, for what takes seconds on a machine with nothing else to do
INGEST_BODY = """
# %%
from pathlib import Path
Path(raw).parent.mkdir(exist_ok=True)
Path(raw).write_text("a")
print("rows:", rows)
"""


@pytest.fixture
def lab(little: Little, tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab that shows the little project."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        f"JUPYTER_{what}_DIR": str(tmp_path / what.lower())
        for what in ("CONFIG", "DATA", "RUNTIME")
    } | {f"JUPYTERLAB_{what}_DIR": str(tmp_path / what) for what in ("SETTINGS", "WORKSPACES")}
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", f"--ServerApp.root_dir={little.root}"),
            *("--IdentityProvider.token=", "--ServerApp.port_retries=0"),
            "--LabApp.news_url=None",
        ],
        env={**os.environ, **own, "IPYTHONDIR": str(tmp_path / "ipython")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    with server, server.stdout as lines:
        for line in lines:
            if "is running at" in line:
                break
        # a full pipe would halt the server
        reader = threading.Thread(target=lambda: list(lines))
        reader.start()
        yield f"http://127.0.0.1:{port}/lab/tree/notebooks"
        server.terminate()  # ends its kernels
        reader.join(60)


def run_all(page: Page, expected: str) -> None:
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle] >> visible=true")
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).first.click()
    page.wait_for_selector(f"text={expected}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_page() as page:
        page.set_default_timeout(PATIENCE)
        yield page


@pytest.mark.slow
def test_stages_notebooks_run_in_jupyterlab_as_they_are(
    little: Little, lab: str, page: Page
) -> None:
    with (little.root / "notebooks/ingest.py").open("a") as notebook:
        notebook.write(INGEST_BODY)
    little.params("ingest", "rows: 77\n")
    page.goto(f"{lab}/train.ipynb")
    page.locator(".jp-Dialog .jp-mod-accept").click()  # the kernel, which the file does not name
    run_all(page, "dvc repro ingest")
    assert "rate" in page.locator(".jp-OutputArea table").inner_text()

    page.locator(".jp-DirListing-item[title*='ingest.py']").click(button="right")
    page.get_by_text("Open With", exact=True).hover()
    page.locator(".lm-Menu").get_by_text("Notebook", exact=True).click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    run_all(page, "rows: 77")
    assert (little.root / "runs/interactive/ingest/data/raw.csv").read_text() == "a"
    assert not (little.root / "data/raw.csv").exists()
