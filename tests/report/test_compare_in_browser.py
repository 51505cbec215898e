"""Comparisons and sweeps in a real browser: what is planted is inert, and all can be read."""

from pathlib import Path
from typing import Any

import articles
import pytest
from articles import code, data, markdown, printed
from axe_playwright_python.sync_playwright import Axe
from elements import Elements
from playwright.sync_api import Browser
from spooled import recorded
from test_compare_page import BEFORE, EVIL, NOW, Cells, figure, frame, page, swept

from stagebook.workflow import comparing

WIDTHS = {"phone": 390, "laptop": 1280}


def test_what_others_wrote_is_inert_wherever_it_stands(tmp_path: Path, browser: Browser) -> None:
    def cells(side: str) -> Cells:
        return (
            markdown(f"# {EVIL} {side}"),
            code(f"print('{EVIL}') # {side}\nx = '{side}'", printed(f"{EVIL} {side}")),
            code("frame", frame(f"{EVIL} {side}", f"</td></table>{EVIL}{side}")),
            code("frame", data("text/html", f'<b title="></b>{EVIL}">{side}</b>')),
            code("style", data("text/html", f"<style>a{{}}</style><table><tr><td>{EVIL}{side}")),
            code(f"{EVIL} # {side}", data("text/markdown", f"{EVIL} {side}")),
            code(f"only_{side}('{EVIL}')"),
            code(
                "svg", figure(f"{EVIL} {side}"), data("application/javascript", "document.title=1")
            ),
            code("e", articles.raised(EVIL, f"{EVIL} {side}", EVIL)),
        )

    def planted(name: str, side: str) -> dict[str, Any]:
        value = {"name": EVIL, "value": f"{EVIL} {side}", "origin": "file", "default": None}
        return recorded(
            name,
            parameters=[value],
            metrics={EVIL: f"{EVIL} {side}"},
            inputs={EVIL: f"{EVIL} {side}"},
            code={"cells": [side], "modules": {f"src/{EVIL}.py": side}},
            environment={"python": f"{EVIL}{side}", "distributions": {EVIL: side}},
            git={"commit": EVIL, "branch": EVIL, "dirty": False},
        )

    records = planted(BEFORE, "old"), planted(NOW, "new")
    found = page(tmp_path, cells("old"), cells("new"), records)
    tags = Elements(found).found
    assert not any(key.startswith("on") for _, facts in tags for key in facts)
    assert all(tag != "script" for tag, _ in tags)
    for one in tags:
        assert not (one[1].get("src") or "data:").startswith(("x", "http"))
    (tmp_path / "page.html").write_text(found, encoding="utf-8")
    shown = browser.new_page()
    shown.goto((tmp_path / "page.html").as_uri())
    assert shown.title().startswith("make: ")
    assert shown.title().endswith(" · late")


def test_a_page_fits_a_phone_and_has_its_headings_in_order(
    tmp_path: Path, browser: Browser
) -> None:
    wide = ", ".join(f"column_{n}" for n in range(60))
    before = (code("t", frame(1, 2), figure("a")), code(f"print({wide})", printed(wide)))
    now = (code("t", frame(1, 3), figure("b")), code(f"print({wide}, 1)", printed(wide + "1")))
    found = page(tmp_path, before, now)
    (tmp_path / "page.html").write_text(found, encoding="utf-8")
    shown = browser.new_page(viewport={"width": 390, "height": 800})
    shown.goto((tmp_path / "page.html").as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") == 390
    sides = [one.bounding_box() for one in shown.locator(".side").all()]
    assert sides[0]
    assert sides[1]
    assert sides[0]["y"] < sides[1]["y"]
    shown.set_viewport_size({"width": 1280, "height": 800})
    sides = [one.bounding_box() for one in shown.locator(".side").all()]
    assert sides[0]
    assert sides[1]
    assert sides[0]["y"] == sides[1]["y"]
    levels = [int(tag[1]) for tag, _ in Elements(found).found if tag in ("h1", "h2", "h3")]
    assert levels == [1, 2, 3]


def test_a_phone_shows_how_far_a_value_moved_without_scrolling(
    tmp_path: Path, browser: Browser
) -> None:
    path = "data/of/a/folder/that/is/deep/arrivals.parquet"
    sides = [
        recorded(name, inputs={path: digit * 32}, metrics={"a_metric_of_a_long_name": number})
        for name, digit, number in ((BEFORE, "a", 84213.125), (NOW, "b", 91004.25))
    ]
    cells = (code("a = 1"),)
    (tmp_path / "page.html").write_text(page(tmp_path, cells, cells, (sides[0], sides[1])))
    shown = browser.new_page(viewport={"width": 390, "height": 800})
    shown.goto((tmp_path / "page.html").as_uri())
    moved = shown.locator(".differs .change")
    assert "▲" in (moved.first.text_content() or "")
    for one in moved.all():
        box = one.bounding_box()
        assert box
        assert box["x"] + box["width"] <= 390
    table = shown.locator(".scroll")
    assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of each kind."""
    folder = tmp_path_factory.mktemp("compared")

    def cells(side: str) -> Cells:
        styled = "<style>#T td{color:#fff;background:#036}</style><table id=T><tr><td>"
        return (
            markdown(f"# Title {side}"),
            code("same = 1"),
            code(f"a = '{side}'", printed(f"one\n{side}\n"), printed(f"warn {side}", "stderr")),
            code("t", frame(1, side), figure(side), figure("same")),
            code("s", data("text/html", f"{styled}{side}")),
            code(f"only_{side}()", frame(side, *range(len(side)))),
        )

    def values(name: str, number: float) -> dict[str, Any]:
        value = {"name": "rate", "value": number, "origin": "file", "default": None}
        files = {"data/in.csv": str(number) * 10}
        return recorded(name, parameters=[value], metrics={"auc": number}, inputs=files)

    records = values(BEFORE, 0.25), values(NOW, 0.5)
    compared = page(folder, cells("old"), cells("new and longer"), records)
    here = swept(folder / "sweep", 4)
    gallery = comparing.sweep_page(here, comparing.sweep(here, "make", 20), 1)
    (folder / "compare.html").write_text(compared, encoding="utf-8")
    (folder / "sweep.html").write_text(gallery, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["compare.html", "sweep.html"])
@pytest.mark.parametrize("device", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_legible_to_everybody_and_loads_nothing(
    browser: Browser, written: Path, name: str, device: str, scheme: str
) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": WIDTHS[device], "height": 900},
    )
    shown = context.new_page()
    asked: list[str] = []
    shown.on("request", lambda one: asked.append(one.url))
    shown.goto((written / name).as_uri())
    for fold in shown.locator("details").all():
        fold.evaluate("(one) => { one.open = true; }")
    found = Axe().run(shown)
    assert found.violations_count == 0, found.generate_report()
    assert shown.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [one for one in asked if not one.startswith("data:")] == [(written / name).as_uri()]
    context.close()


def test_on_paper_both_sides_are_there(browser: Browser, written: Path) -> None:
    shown = browser.new_page()
    shown.goto((written / "compare.html").as_uri())
    shown.emulate_media(media="print")
    assert all(one.is_visible() for one in shown.locator(".side img").all())
    assert shown.locator(".differs").is_visible()
    shown.close()
