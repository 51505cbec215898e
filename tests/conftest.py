"""What all tests share: how property tests search, and where a real browser is."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# No test judges a duration. A change is judged by the same examples each time; new ones are
# looked for with `pytest --hypothesis-profile=search`.
hypothesis.settings.register_profile("stagebook", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("stagebook")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Chromium, or Chrome; without it, tests are skipped, but where CI says that it is there."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("CHROMIUM_REQUIRED"):
            pytest.fail("Chromium is not installed.")
        pytest.skip("Chromium is not installed")
    return program


@pytest.fixture(scope="session")
def browser(chromium: str) -> "Iterator[Browser]":
    """A browser of this process; Playwright can be started only once in each."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def without_running_loop() -> Iterator[None]:
    """Playwright, which other tests use, keeps an event loop running in this thread."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)
