"""The page of a deployed model in the site of a project."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from posixpath import normpath
from urllib.parse import urlsplit

import compared_packages
import pytest
import spooled
from axe_playwright_python.sync_playwright import Axe
from elements import Elements
from playwright.sync_api import Browser
from replayed_logs import LogOfServer, opened

from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.project.project import STATE, Project
from stagebook.workflow import reporting

TRAIN, MODEL, PAGE = "data/train.parquet", "data/tall-height-weight", "monitoring.html"
DAYS = [f"2026-11-{day}" for day in range(16, 23)]
"""From Monday to Sunday."""
ON_MODEL = f"models/at/{MODEL}.html"
STAGES = {"make": ([], [TRAIN]), "train": ([TRAIN], [MODEL])}
SETTINGS = '[tool.stagebook.monitor]\nlog = "log"\npackage = "data/tall-height-weight"\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose model is deployed, and answers about people who are taller."""
    root = spooled.project(tmp_path_factory.mktemp("deployed"), STAGES, more=SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for path in (TRAIN, MODEL):
            Path(path).unlink()
        package = compared_packages.write(Path("data"), ["height", "weight"]).absolute()
    state = root / STATE
    text = profiles.render(profile(Table.open(root, TRAIN)))
    (state / "profiles").mkdir(parents=True)
    (state / "profiles" / f"{spooled.sha256(text)}.json").write_text(text)
    table = {
        "name": "train",
        "paths": [TRAIN],
        "role": "output",
        "rows": 400,
        "profile": spooled.sha256(text),
    }
    spooled.put(state, spooled.execution("20260101T100000", "make", "1", STAGES, tables=[table]))
    spooled.put(state, spooled.execution("20260101T110000", "train", "1", STAGES))
    server = LogOfServer(root / "log", opened(package))
    for place, day in enumerate(DAYS):
        rows = compared_packages.people(1000 * place, 60)
        server.serve(rows.assign(height=rows["height"] + 3), day)
    server.close()
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(built, tmp_path / "copy")


@pytest.fixture(scope="module")
def site(built: Path) -> dict[str, str]:
    return pages(built)


def pages(root: Path) -> dict[str, str]:
    return dict(reporting.site(Project.find(root), None).pages())


def alone(root: Path) -> str:
    """The page of the deployed model by itself, without processes beside it."""
    return reporting.single(Project.find(root), None, "monitoring")


def targets(site: dict[str, str], page: str, selector: str) -> Iterator[tuple[str, str]]:
    """The pages that links of a page lead to, and the places on them; these exist."""
    for link in Elements(site[page]).select(selector):
        parts = urlsplit(link.attributes["href"])
        here = f"{page.rpartition('/')[0]}/{parts.path}".lstrip("/")
        target = normpath(here) if parts.path else page
        assert parts.fragment in {"", *Elements(site[target]).values("id")}
        yield target, parts.fragment


def test_the_page_has_the_status_in_the_frame_of_the_site(site: dict[str, str]) -> None:
    page = Elements(site[PAGE])
    assert page.texts("p.state.look strong") == ["Look"]
    (current,) = (link for link in page.select("header.bar a") if "aria-current" in link.attributes)
    assert current.text == "Monitoring"
    assert page.texts("table.periods tbody th")[0].startswith("2026-11")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_page_is_legible_in_the_frame_of_the_site(
    browser: Browser, site: dict[str, str], tmp_path: Path, scheme: str, width: int
) -> None:
    file = tmp_path / PAGE
    file.write_text(site[PAGE])
    dark = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    with dark as context:
        page, words = context.new_page(), []
        page.on("console", lambda message: words.append(message.text))
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(file.as_uri())
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert words == []


def test_the_front_page_and_the_page_of_the_model_lead_to_it(site: dict[str, str]) -> None:
    assert (PAGE, "") in targets(site, "index.html", "ul.lines a")
    assert (PAGE, "") in targets(site, ON_MODEL, "main a")
    assert (ON_MODEL, "") in targets(site, PAGE, "main p a")
    (line,) = (
        item.text
        for item in Elements(site["index.html"]).select("ul.lines li")
        if "look, " in item.text
    )
    assert "height" in line
    assert ".;" not in line


def test_drifted_columns_lead_to_their_profiles_in_training(site: dict[str, str]) -> None:
    training = f"data/{TRAIN}.html"
    ((page, anchor), *_) = targets(site, PAGE, "td.columns a")
    assert page == training
    assert Elements(site[page]).texts(f"h2#{anchor}") == ["height"]


def test_signals_lead_to_the_column_and_to_the_origin(site: dict[str, str]) -> None:
    linked = set(targets(site, PAGE, ".signals a"))
    assert {page for page, _ in linked} == {f"data/{TRAIN}.html", ON_MODEL}
    assert (ON_MODEL, "lineage") in linked


def test_a_second_site_has_the_same_bytes_and_reads_no_day_again(root: Path) -> None:
    first = alone(root)
    kept = {path: path.stat().st_mtime_ns for path in (root / STATE / "monitor").rglob("*.json")}
    assert {path.stem for path in kept} >= set(DAYS)
    assert alone(root) == first
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_site_is_made_without_the_log_and_says_so(root: Path) -> None:
    shutil.rmtree(root / "log")
    site = pages(root)
    (reason,) = Elements(site[PAGE]).texts("ul.notes li")
    assert "log" in reason
    assert (PAGE, "") in targets(site, "index.html", "ul.lines a")


def test_a_site_is_made_without_the_package_and_says_so(root: Path) -> None:
    shutil.rmtree(root / MODEL)
    assert len(Elements(alone(root)).texts("ul.notes li")) == 1


def test_a_day_that_cannot_be_read_is_on_the_page(root: Path) -> None:
    file = next((root / "log").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    page = Elements(alone(root))
    assert file.name in page.texts(".problems li")[0]


def test_a_project_without_a_deployed_model_has_no_such_page(root: Path) -> None:
    settings = root / "pyproject.toml"
    settings.write_text(settings.read_text().replace('log = "log"\n', ""))
    site = pages(root)
    assert PAGE not in site
    assert "Monitoring" not in Elements(site["index.html"]).texts("header.bar a")
    assert not any(PAGE in text for text in site.values())


def test_the_page_can_be_mailed_alone(root: Path) -> None:
    page = Elements(alone(root))
    assert page.texts("p.state.look strong") == ["Look"]
    assert all(link.startswith("#") for link in page.values("href"))
