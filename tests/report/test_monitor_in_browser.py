"""The page of a deployed model's status in a real browser: policy, widths, axe."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from monitored_statuses import empty, labelled, status
from playwright.sync_api import Browser

from stagebook.monitoring.signal import MonitorState
from stagebook.monitoring.status import MonitorStatus
from stagebook.report.monitor_page import render_page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("width", "state"),
    [(400, MonitorState.LOOK), (1280, MonitorState.ACT), (1920, MonitorState.OK)],
)
def test_it_is_legible_to_everybody_and_loads_nothing(
    browser: Browser, tmp_path: Path, scheme: str, width: int, state: MonitorState
) -> None:
    file = tmp_path / "monitor.html"
    file.write_text(render_page(status(state=state)))
    dark = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    with dark as context:
        page, addresses, words = context.new_page(), [], []
        page.on("request", lambda request: addresses.append(request.url))
        page.on("console", lambda message: words.append(message.text))
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(file.as_uri())
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.locator("svg.chart:visible").count() == 3
        assert addresses == [file.as_uri()]
        assert words == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize(
    "own",
    [labelled(), labelled(signals=status().signals * 20), empty()],
    ids=["slices", "many reasons", "empty"],
)
def test_slices_folded_reasons_and_an_empty_log_are_legible_too(
    browser: Browser, tmp_path: Path, scheme: str, width: int, own: MonitorStatus
) -> None:
    file = tmp_path / "monitor.html"
    file.write_text(render_page(own))
    dark = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    with dark as context:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(own => own.open = true)")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
