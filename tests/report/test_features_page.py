"""The page of a project's features: definitions, tables, profiles, users, and what fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feature_projects
import pandas as pd
import pytest
import spooled
from axe_playwright_python.sync_playwright import Axe
from elements import Elements
from feature_projects import SERVICE_LINE, VIEW_LINE, put_weather
from folders import write
from playwright.sync_api import Browser
from spooled import put, sha256

from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.features import description
from stagebook.features.catalogue import Catalogue
from stagebook.features.description import ServiceDescription
from stagebook.pipeline.stage import MANIFEST, PACKAGED_FEATURES
from stagebook.project.project import Project
from stagebook.report.site import folder
from stagebook.workflow import reporting

TABLE, MODEL = "data/weather.parquet", "models/late"
STAGES = {"weather": ([], [TABLE]), "train": ([TABLE], [MODEL, "metrics/train.json"])}
NOTEBOOK = '# %% tags=["parameters"]\nfrom stagebook import Out\nout: Out = "{out}"\n# %%\n{code}\n'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project after a build: a stage wrote the table, another one trained with the service."""
    root = tmp_path_factory.mktemp("project")
    spooled.project(root, STAGES)
    feature_projects.project(root)
    (root / MODEL).unlink()
    table = put_weather(root, *((name, "04:00", float(n)) for n, name in enumerate("abcdef")))
    notebooks = {"weather": (TABLE, ""), "train": (MODEL, "from ride_features import service")}
    for stage, (out, code) in notebooks.items():
        write(root, {f"notebooks/{stage}.py": NOTEBOOK.format(out=out, code=code)})
    text = profiles.render(profile(Table.open(root, table.relative_to(root).as_posix())))
    write(root, {f".stagebook/profiles/{sha256(text)}.json": text})
    inspected = {"name": "weather", "paths": [TABLE], "role": "output", "rows": 6}
    tables = [{**inspected, "profile": sha256(text)}]
    for stage, values in {"weather": {"tables": tables}, "train": {}}.items():
        put(root / ".stagebook", spooled.execution("20260101", stage, "one", STAGES, **values))
    with feature_projects.forgotten(root):
        yield root


def pages(root: Path) -> dict[str, str]:
    return dict(reporting.site(Project.find(root), None).pages())


@pytest.fixture(scope="module")
def page(root: Path) -> Elements:
    return Elements(pages(root)["features.html"])


def facts(page: Elements) -> dict[str, str]:
    return dict(zip(page.texts("dl dt"), page.texts("dl dd"), strict=True))


def links(page: Elements, path: str) -> list[str]:
    return [element.attributes["href"] for element in page.select(f"{path} a")]


def test_a_view_has_its_definition_its_place_its_table_and_its_stage(page: Elements) -> None:
    shown = facts(page)
    assert (shown["event time"], shown["known time"]) == ("hour", "published")
    assert (shown["rows"], shown["newest known time"]) == ("6", "2026-05-01 05:00:00 UTC")
    assert shown["expires"] == "after 3 hours"
    assert "trouble" not in shown
    assert shown["defined in"] == f"src/ride_features.py, line {VIEW_LINE}"
    linked = links(page, "dl")
    assert "data/data/weather.parquet.html" in linked
    assert "notebooks/weather.html" in linked
    assert "#service-rides" in linked


def test_each_feature_has_its_profile_and_the_service_leads_to_it(page: Elements) -> None:
    assert page.texts("section.card h2") == ["rain_mm", "wind_mph"]
    assert facts(page)["features"] == "rain_mm, wind_mph"
    assert {"#view-weather-c1", "#view-weather-c2"} <= set(links(page, "dl"))
    (row,) = page.select("#service-rides")
    anchors = [link for link in links(page, "#service-rides") if link.startswith("#")]
    assert anchors == ["#view-weather-c1", "#feature-start_hour"]
    assert set(anchors) <= {f"#{name}" for name in page.values("id")}
    assert f"line {SERVICE_LINE}" in row.text
    assert "notebooks/train.html" in links(page, "#service-rides")


def test_a_stale_package_and_a_table_of_other_types_are_marked(root: Path) -> None:
    path, file = root / TABLE, root / MODEL / PACKAGED_FEATURES
    bytes_, project = path.read_bytes(), Project.find(root)
    service = Catalogue.load(project).service("rides")
    write(root, {f"{MODEL}/{MANIFEST}": "{}"})
    text = description.render(ServiceDescription.of(service))
    file.write_text(text.replace('"dtype": "float64"', '"dtype": "int64"'))
    pd.read_parquet(path).assign(rain_mm="wet").to_parquet(path)
    try:
        page = Elements(pages(root)["features.html"])
    finally:
        path.write_bytes(bytes_)
        file.unlink()
        (root / MODEL / MANIFEST).unlink()
    assert page.texts("#service-rides .bad") == ["stale"]
    assert "int64" in page.select("#service-rides")[0].text
    assert "rain_mm" in facts(page)["trouble"]


def test_a_package_of_no_service_here_is_a_note_of_one_line(root: Path) -> None:
    file = root / "models/trips" / PACKAGED_FEATURES
    service = Catalogue.load(Project.find(root)).service("rides")
    text = description.render(ServiceDescription.of(service)).replace('"rides"', '"trips"')
    write(root, {f"models/trips/{MANIFEST}": "{}", f"models/trips/{PACKAGED_FEATURES}": text})
    try:
        (note,) = Elements(pages(root)["features.html"]).texts(".notes li")
    finally:
        file.unlink()
        (file.parent / MANIFEST).unlink()
    assert note.startswith("models/trips: ")
    assert "\\n" not in note


def test_each_page_leads_to_the_features_and_all_their_links_lead_somewhere(root: Path) -> None:
    site = pages(root)
    assert all("features.html" in text for page, text in site.items() if page != "features.html")
    outer = {link.split("#")[0] for link in Elements(site["features.html"]).values("href")}
    assert {link for link in outer if link} <= set(site)
    ids = Elements(site["features.html"]).values("id")
    assert len(set(ids)) == len(ids)


def test_one_page_can_be_mailed(root: Path) -> None:
    text = reporting.single(Project.find(root), None, "features")
    assert Elements(text).texts("h1") == ["Features"]
    assert all(link.startswith("#") for link in Elements(text).values("href"))


def test_definitions_that_cannot_be_read_are_said_on_the_page_and_leave_the_others(
    tmp_path: Path,
) -> None:
    spooled.project(tmp_path, STAGES)
    feature_projects.project(tmp_path, broken_features="import no_such_module\n")
    with feature_projects.forgotten(tmp_path):
        site = pages(tmp_path)
    assert "src/broken_features.py, line 1" in Elements(site["features.html"]).text
    assert "index.html" in site


def test_a_project_without_the_setting_has_no_page_of_features(tmp_path: Path) -> None:
    site = pages(spooled.project(tmp_path, STAGES))
    assert not [page for page, text in site.items() if "features.html" in (page + text)]


def test_names_from_the_project_are_text_and_not_markup(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    spooled.project(tmp_path, STAGES)
    text = feature_projects.RIDES.replace(
        "rain_mm: float", f'rain_mm: float\n    q: str = pa.Field(alias="{evil}")'
    )
    feature_projects.project(tmp_path, evil_features=text.replace('"weather",', '"evil",'))
    write(tmp_path, {"pyproject.toml": feature_projects.settings("evil_features")})
    with feature_projects.forgotten(tmp_path):
        shown = pages(tmp_path)["features.html"]
    assert evil not in shown
    assert evil in Elements(shown).text


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_legible_to_everybody_and_loads_nothing(
    root: Path, browser: Browser, tmp_path: Path, width: int, scheme: Any
) -> None:
    folder.write(tmp_path / "site", reporting.site(Project.find(root), None).pages())
    context = browser.new_context(color_scheme=scheme)
    opened, heard = context.new_page(), list[str]()
    opened.on("console", lambda message: heard.append(message.text))
    opened.set_viewport_size({"width": width, "height": 900})
    opened.goto((tmp_path / "site/features.html").as_uri())
    report = Axe().run(opened)
    assert report.violations_count == 0, report.generate_report()
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert heard == []
    context.close()
