"""Pages of notebooks in a real browser: what runs, what is loaded, what folds, who can read."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from articles import PIXEL, code, data, markdown, page, parsed, printed, raised, text
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request
from test_article_hostile import HARM
from test_colophon_in_browser import RECORD, TABLE

from stagebook.report.article import article
from stagebook.report.page import close, render_html

pytestmark = pytest.mark.slow

SHOTS = os.environ.get("SCREENSHOTS")
"""A folder to keep pictures of the pages in, such as one that CI uploads."""

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
PLANTED = "document.title = 'pwned'; window.pwned = 1; top.pwned = 1"
STYLED = """<style>#T_1 { background: #ffe0e0 } td { color: #400 }
p, h1 { position: fixed; inset: 0 }
:host { position: fixed !important; inset: 0; z-index: 9 }</style>
<table id="T_1"><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"""
BUSY = (
    markdown("# Everything\n\n## Formulas\n\n$x^2$\n\n$$\\sum_i x_i$$\n\n* a\n\n> b\n\n- [x] c"),
    code(
        "import os  # 'why' 1",
        printed(
            "".join(f"\x1b[3{n % 8}m{n}\x1b[0m \x1b[4{n % 8}mback\x1b[0m\n" for n in range(60))
        ),
        printed("Careful", "stderr"),
    ),
    markdown("## Tables and figures\n\n### Two\n\nمرحبا\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
    code("frame", data("text/html", STYLED)),
    code("#| fig-cap: One\nplot()", data("image/png", PIXEL), data("image/png", "A@")),
    code("wide", printed("wide " * 300), data("application/x-what", "x")),
    code("f()", raised("KeyError", "'a'", "\x1b[31mCell In[1]\x1b[0m", "\x1b[43mx\x1b[49m")),
    code("g()", count=None),
)


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator["Opener"]:
    opener = Opener(browser, tmp_path)
    yield opener
    opener.close()


class Opener:
    """Opens a page's text in the browser, and notes whatever leaves it."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser = browser
        self.folder = folder
        self.contexts: list[BrowserContext] = []
        self.asked: list[Request] = []

    def __call__(self, text: str, width: int = 1280, scheme: str = "light") -> Page:
        path = self.folder / "page.html"
        path.write_text(text, encoding="utf-8")
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.contexts.append(context)
        opened = context.new_page()
        opened.on("request", lambda request: self.asked.append(request))
        opened.goto(path.as_uri())
        return opened

    @property
    def loaded(self) -> list[str]:
        """What a page got or tried to get: neither itself nor what its policy forbade."""
        own = ("data:", (self.folder / "page.html").as_uri())
        asked = [one for one in self.asked if not one.url.startswith(own)]
        return [one.url for one in asked if one.failure != "csp"]

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def reference(path: Path) -> article.Article:
    closed = close(path.read_text(encoding="utf-8"), RECORD, [TABLE])
    return article.parse(closed, path.stem, interactive=False)


def planted(script: str) -> list[dict[str, object]]:
    """The same script in each place where a page could run it."""
    tag, handler = f"<script>{script}</script>", f'<img src="x:y" onerror="{script}">'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{script}">{tag}<a/></svg>'
    link = f'<a href="javascript:{script}">click</a>'
    everything = f"{tag}{handler}{svg}{link}"
    styled = f"<style>p {{}}</style></style>{everything}"
    return [
        markdown(f"# A {everything}\n\n{everything}\n\n[click](javascript:{script.split(';')[1]})"),
        code(everything, data("text/html", everything), data("text/html", styled)),
        code("1", data("image/svg+xml", svg), data("text/markdown", everything)),
        code("2", data("application/javascript", script), data("text/latex", everything)),
        code(
            "3", printed(everything), data(everything, everything), data("text/plain", everything)
        ),
        code("4", raised(everything, everything, everything)),
        code("5", *[data("text/html", harm.replace("pwned", script)) for harm in HARM]),
    ]


def test_planted_scripts_do_not_run_and_nothing_is_loaded(open_page: Opener) -> None:
    opened = open_page(page(parsed(*planted(PLANTED))))
    opened.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for link in opened.locator("a:text-is('click')").all():
        link.click()
    assert opened.evaluate("window.pwned") is None
    assert opened.title() != "pwned"
    assert open_page.loaded == []
    assert [one for one in open_page.asked if one.failure] == []  # nothing was left to forbid


def test_scripts_in_outputs_run_where_the_project_says_so_and_load_nothing(
    open_page: Opener,
) -> None:
    script = (
        f"<p>alive</p><script src='https://example.org/a.js'></script><script>{PLANTED}</script>"
    )
    text = page(parsed(code("1", data("text/html", script)), interactive=True), interactive=True)
    opened = open_page(text)
    assert opened.evaluate("window.pwned") == 1
    assert open_page.loaded == []
    assert [one.failure for one in open_page.asked if "example.org" in one.url] == ["csp"]
    still = open_page(page(parsed(markdown(script), interactive=True), interactive=True))
    assert still.evaluate("window.pwned") is None


@pytest.mark.parametrize("interactive", [False, True])
def test_on_the_page_beside_an_executed_notebook_scripts_run_only_where_the_project_says_so(
    open_page: Opener, interactive: bool
) -> None:
    closed = close(text(*planted(PLANTED)), RECORD, [])
    opened = open_page(render_html(closed, RECORD, interactive=interactive))
    for link in opened.locator("a:text-is('click')").all():
        link.evaluate("(one) => one.click()")  # what is planted may lie above it
    assert opened.evaluate("window.pwned") == (1 if interactive else None)
    assert (opened.title() == "pwned") is interactive
    assert open_page.loaded == []


def test_a_style_of_an_output_cannot_cover_the_page_beside_an_executed_notebook(
    open_page: Opener,
) -> None:
    cover = "<style>div, p { position: fixed; inset: 0; z-index: 99 }</style><p>Covered</p>"
    styles = (
        "position: fixed; inset: 0; z-index: 99",
        "margin-top: calc(0px - 900px); height: 1800px; background: white",
        "margin: min(0px, 1px - 900px) 0; height: 1800px; background: white",
    )
    inline = [f'<div style="{style}">Covered</div>' for style in styles]
    tall = '<div style="height: 3000px; background: white">Covered</div>'
    inline.append(f'<div style="height: 0">{tall}</div>')
    inline.append('<div style="font-size: 3000px; line-height: 0">Covered</div>')
    outputs = [data("text/html", html) for html in (cover, *inline)]
    closed = close(text(markdown("# Title"), code("1", *outputs), markdown("Below.")), RECORD, [])
    opened = open_page(render_html(closed, RECORD))
    for place in ("h1", ".prose:has-text('Below.')"):
        opened.locator(place).scroll_into_view_if_needed()
        box = opened.locator(place).bounding_box()
        assert box
        middle = box["x"] + 5, box["y"] + box["height"] / 2
        on_top = f"document.elementFromPoint({middle[0]}, {middle[1]}).textContent"
        assert opened.evaluate(on_top) != "Covered"


def test_the_style_of_an_output_stays_in_it(open_page: Opener) -> None:
    plain = open_page(page(parsed(markdown("# T\n\ntext"), code("1"))))
    styled = open_page(page(parsed(markdown("# T\n\ntext"), code("1", data("text/html", STYLED)))))
    for place in ("h1", ".prose p"):
        assert styled.locator(place).bounding_box() == plain.locator(place).bounding_box()
    box = styled.locator(".foreign").bounding_box()
    host = styled.locator(".foreign > div").bounding_box()
    main = styled.locator("main").bounding_box()
    assert box
    assert host
    assert main
    assert box["height"] < 200
    assert main["x"] <= host["x"]
    assert host["x"] + host["width"] <= main["x"] + main["width"]
    background = "getComputedStyle(document.querySelector('.foreign > div').shadowRoot"
    background += ".querySelector('table')).backgroundColor"
    assert styled.evaluate(background) == "rgb(255, 224, 224)"


def test_code_is_unfolded_by_a_key_by_the_button_and_without_a_script(
    open_page: Opener, browser: Browser, tmp_path: Path
) -> None:
    text = page(parsed(code("first = 1"), code("second = 2")))
    opened = open_page(text)
    unfolded = "Array.from(document.querySelectorAll('details.code'), (one) => one.open)"
    assert opened.evaluate(unfolded) == [False, False]
    opened.keyboard.press("c")
    assert opened.evaluate(unfolded) == [True, True]
    assert opened.locator("#code-key").get_attribute("aria-pressed") == "true"
    opened.keyboard.press("Control+c")
    assert opened.evaluate(unfolded) == [True, True]
    opened.locator("#code-key").click()
    assert opened.evaluate(unfolded) == [False, False]
    bare = browser.new_context(java_script_enabled=False)
    still = bare.new_page()
    still.goto((tmp_path / "page.html").as_uri())
    assert still.locator("#code-key").is_hidden()
    still.locator("details.code summary").first.click()
    assert still.locator("details.code pre").first.is_visible()
    bare.close()


def test_contents_are_at_the_side_on_a_desktop_and_folded_on_a_phone(open_page: Opener) -> None:
    text = page(parsed(markdown("# T\n\n## First\n\n## Second")))
    link = ".contents a:text-is('First')"
    desktop = open_page(text)
    beside, main = desktop.locator(link).bounding_box(), desktop.locator("main").bounding_box()
    assert beside
    assert main
    assert beside["x"] + beside["width"] <= main["x"]
    phone = open_page(text, 390)
    assert phone.locator(link).is_hidden()
    phone.locator(".contents summary").click()
    phone.locator(link).click()
    assert phone.url.endswith("#First")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("width", [390, 1280], ids=["phone", "desktop"])
def test_no_page_is_wider_than_its_window(open_page: Opener, path: Path, width: int) -> None:
    opened = open_page(page(reference(path)), width)
    opened.keyboard.press("c")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert open_page.loaded == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [None, *NOTEBOOKS], ids=lambda path: path.stem if path else "busy")
def test_everybody_can_read_a_page(open_page: Opener, path: Path | None, scheme: str) -> None:
    found = reference(path) if path else parsed(*BUSY)
    for width in (1280, 390):
        opened = open_page(page(found), width, scheme)
        everything = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        opened.evaluate(everything)
        results = Axe().run(opened)
        assert results.violations_count == 0, results.generate_report()


def test_figures_are_whole_and_code_is_left_out_on_paper(open_page: Opener) -> None:
    opened = open_page(page(parsed(*BUSY)))
    opened.emulate_media(media="print")
    assert opened.locator("details.code").first.is_hidden()
    assert opened.locator(".contents").is_hidden()
    broken = "getComputedStyle(document.querySelector('figure')).breakInside"
    assert opened.evaluate(broken) == "avoid"
    opened.keyboard.press("c")
    assert opened.locator("details.code").first.is_visible()


A4 = 794 - 2 * 57  # pixels of a page's width without its margins of 15 mm
WIDE = "<table class='dataframe'><thead><tr><th></th>{}</tr></thead><tbody><tr><th>0</th>{}</tr>"
CUT = """() => Array.from(document.querySelectorAll("table, pre, img"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 80))"""


def test_no_table_is_cut_on_paper_and_what_is_folded_says_so(
    open_page: Opener, tmp_path: Path
) -> None:
    heads = "".join(f"<th>a_long_name_of_column_{place}</th>" for place in range(20))
    cells = "".join(f"<td>{place}.123456789</td>" for place in range(20))
    frame = data("text/html", WIDE.format(heads, cells) + "</tbody></table>")
    lines = printed("".join(f"line {place}\n" for place in range(60)))
    opened = open_page(page(parsed(*BUSY, code("wide", frame), code("long", lines))), A4)
    opened.emulate_media(media="print")
    assert opened.evaluate(CUT) == []
    assert opened.locator("th", has_text="a_long_name_of_column_19").is_visible()
    folded = opened.locator(".output details summary", has_text="36 lines more").last
    assert folded.is_visible()
    told = folded.evaluate("(one) => getComputedStyle(one, '::after').content")
    assert "folded" in told
    assert not opened.locator("text=line 59").is_visible()
    opened.pdf(path=str(tmp_path / "page.pdf"), format="A4", prefer_css_page_size=True)
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    if SHOTS:
        shutil.copy(tmp_path / "page.pdf", Path(SHOTS) / "notebook.pdf")


def test_the_notebooks_of_the_reference_are_there() -> None:
    assert len(NOTEBOOKS) == 9
    assert all(nbformat.read(path, 4).cells for path in NOTEBOOKS)
