"""Every kind of page of the site in a real browser: policy, widths, keyboard, axe, screenshots."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from spooled import put, sha256
from test_site import built, execution

from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.column import Column, ColumnKind, Texts
from stagebook.data.profiles.profile import Profile
from stagebook.project.project import Project
from stagebook.report.site import folder
from stagebook.workflow import reporting

WIDTHS = {"phone": 390, "laptop": 1280}
PAGES = (
    "index.html",
    "history.html",
    "notebooks/train.html",
    "data/data/made.parquet.html",
    "data/model.pkl.html",
)
SHOTS = os.environ.get("SCREENSHOTS")
"""A folder to keep pictures of the pages in, such as one that CI uploads."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with everything on it, in files as a person opens them."""
    root = built(tmp_path_factory.mktemp("site"))
    state = root / ".stagebook"
    column = Column("carrier", "string", ColumnKind.TEXT, 9, 0, Texts({"UA": 9}, None, 9, 2, 2, 18))
    text = profiles.render(Profile((column,), 9))
    (state / "profiles").mkdir()
    (state / "profiles" / f"{sha256(text)}.json").write_text(text)
    table = {
        "name": "made",
        "paths": ["data/made.parquet"],
        "role": "input",
        "rows": 9,
        "profile": sha256(text),
        "contract": "lib.contracts:Made",
        "holds": False,
        "failures": [{"column": "delay", "rule": "at least 0"}],
    }
    failed = execution("20260103T100000", "train", "3", outcome="failed", tables=[table])
    put(state, failed)
    folder.write(root / "site", reporting.site(Project.find(root), None).pages())
    return root / "site"


@pytest.fixture(params=["light", "dark"])
def opened(browser: Browser, site: Path, request: pytest.FixtureRequest) -> "Iterator[Opened]":
    opened = Opened(browser, site, request.param)
    yield opened
    opened.context.close()


class Opened:
    """A browser on the site, in one of two colour schemes."""

    def __init__(self, browser: Browser, site: Path, scheme: str) -> None:
        self.site = site
        self.scheme = scheme
        self.context: BrowserContext = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light"
        )
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda one: self.asked.append(one.url))
        self.page.on("console", lambda one: self.said.append(one.text))

    def go(self, page: str, width: int) -> Page:
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.goto((self.site / page).as_uri())
        return self.page


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("device", WIDTHS)
def test_a_page_is_legible_to_everybody_and_loads_nothing(
    opened: Opened, name: str, device: str
) -> None:
    page = opened.go(name, WIDTHS[device])
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert opened.asked == [(opened.site / name).as_uri()]
    assert opened.said == []  # such as a style that the page's own policy forbids
    if SHOTS:
        shot = f"{name.removesuffix('.html').replace('/', '-')}-{device}-{opened.scheme}.png"
        page.screenshot(path=str(Path(SHOTS) / shot), full_page=True)


def test_from_the_picture_of_the_pipeline_one_comes_to_each_page_and_back(opened: Opened) -> None:
    page = opened.go("index.html", 1280)
    page.locator(".pipeline a", has_text="train").click()
    assert page.url.endswith("notebooks/train.html")
    page.locator(".bar strong a").click()
    page.locator(".pipeline a", has_text="made.parquet").click()
    assert page.locator("h1").inner_text() == "data/made.parquet"


def test_the_keyboard_leads_to_the_content_first(opened: Opened) -> None:
    page = opened.go("index.html", 1280)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")


def test_colours_of_a_chart_are_those_of_the_page(opened: Opened) -> None:
    page = opened.go("history.html", 1280)
    text = page.locator(".chart text").first
    ink = text.evaluate("(one) => getComputedStyle(one).fill")
    assert ink == page.evaluate("getComputedStyle(document.body).color")


def test_a_chart_fills_its_card_and_can_be_read_on_a_phone(opened: Opened) -> None:
    for device, room in (("laptop", "wide"), ("phone", "narrow")):
        page = opened.go("history.html", WIDTHS[device])
        chart = page.locator(f".chart.{room}").first
        assert page.locator(".chart:visible").count() == page.locator("figure:visible").count()
        card = page.locator(".card").first.bounding_box()
        drawn = chart.bounding_box()
        assert card
        assert drawn
        assert drawn["width"] > 0.9 * card["width"]
        letters = chart.locator("text").first
        size = letters.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)")
        assert size * drawn["width"] / chart_width(chart) >= 11


def chart_width(chart: Locator) -> float:
    return float(str(chart.get_attribute("viewBox")).split()[2])


def test_a_picture_that_is_cut_off_says_that_it_scrolls(opened: Opened) -> None:
    for width, cut in ((150, True), (1280, False)):
        page = opened.go("index.html", width)
        figure = page.locator("figure.graph")
        assert figure.evaluate("(one) => one.scrollWidth > one.clientWidth") is cut
        assert page.locator(".swipe").is_visible() is cut


def test_on_paper_nothing_is_lost(opened: Opened) -> None:
    page = opened.go("index.html", 1280)
    page.emulate_media(media="print")
    assert page.locator("table.list").first.is_visible()
    assert not page.locator(".bar nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
    if SHOTS:
        page.pdf(path=str(Path(SHOTS) / f"index-{opened.scheme}.pdf"))
