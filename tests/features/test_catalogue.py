"""The definitions that a project's modules have, and what is refused in them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import feature_projects
import pytest
from feature_projects import RIDES, SERVICE_LINE, VIEW_LINE
from folders import write
from refusals import problem, problems

from stagebook.features.catalogue import Catalogue, place
from stagebook.project.errors import Where
from stagebook.project.project import Project

MORE = """from datetime import timedelta
from ride_features import STATION, Weather, service, weather
from stagebook.features import FeatureService, FeatureView

wind = weather["wind_mph"]
other = FeatureService(
    "other",
    [
        FeatureView(
            "inline",
            STATION,
            table="data/inline.parquet",
            schema=Weather,
            event_time="hour",
            known_time="hour",
            ttl=None,
        )
    ],
    instant="start",
)
"""
SAME_NAMES = """from stagebook.features import FeatureService, FeatureView
from ride_features import STATION, Weather, request

view = FeatureView(
    "weather",
    STATION,
    table="data/weather.parquet",
    schema=Weather,
    event_time="hour",
    known_time="hour",
    ttl=None,
)
twin = FeatureService("rides", [request["station"]], instant="start")
"""


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path) -> Iterator[None]:
    with feature_projects.forgotten(tmp_path):
        yield


def load(root: Path) -> Catalogue:
    return Catalogue.load(Project.find(root))


def test_a_catalogue_has_what_the_modules_define(tmp_path: Path) -> None:
    catalogue = load(feature_projects.project(tmp_path))
    assert [view.name for view in catalogue.views] == ["weather"]
    assert catalogue.views[0].features == ("rain_mm", "wind_mph")
    assert [feature.name for feature in catalogue.on_demand] == ["start_hour"]
    assert catalogue.service("rides").features == ("station", "rain_mm", "start_hour")
    assert place(catalogue.views[0].where, tmp_path) == Where(
        "src/ride_features.py", line=VIEW_LINE
    )
    assert place(catalogue.services[0].where, tmp_path) == Where(
        "src/ride_features.py", line=SERVICE_LINE
    )


def test_what_a_module_imports_or_selects_counts_once_and_a_view_in_a_service_counts(
    tmp_path: Path,
) -> None:
    catalogue = load(feature_projects.project(tmp_path, more_features=MORE))
    assert [view.name for view in catalogue.views] == ["weather", "inline"]
    assert [service.name for service in catalogue.services] == ["rides", "other"]


def test_two_definitions_of_one_name_are_refused_with_their_lines(tmp_path: Path) -> None:
    feature_projects.project(tmp_path, more_features=SAME_NAMES)
    refused = problems(load, tmp_path)
    assert [item.code for item in refused] == ["repeated-definition"] * 2
    lines = [SAME_NAMES[: SAME_NAMES.index(begin)].count("\n") + 1 for begin in ("view =", "twin")]
    assert [item.where for item in refused] == [
        Where("src/more_features.py", line=line) for line in lines
    ]


def test_a_project_that_names_no_module_is_told_what_to_write(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.stagebook]\n"})
    refused = problem(load, tmp_path)
    assert (refused.code, refused.where) == ("no-features", Where("pyproject.toml"))
    assert "features = [" in refused.hint


@pytest.mark.parametrize("name", ["no_such_module", "ride_features.part", "no.such.package"])
def test_a_module_that_does_not_exist_is_refused_at_the_line_of_the_setting(
    tmp_path: Path, name: str
) -> None:
    feature_projects.project(tmp_path)
    write(tmp_path, {"pyproject.toml": feature_projects.settings("ride_features", name)})
    refused = problem(load, tmp_path)
    assert (refused.code, refused.where) == ("no-feature-module", Where("pyproject.toml", line=5))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import pandas\nimport no_such_module\n", 2),
        ("a = 1\n\nraise ValueError('no')\n", 3),
        ("a = 1\nb = (\n", 2),
        ("import sys\nsys.exit(3)\n", 2),
        ("\nfrom ride_features import nothing_of_this_name\n", 2),
    ],
)
def test_a_module_that_cannot_be_imported_is_refused_at_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    feature_projects.project(tmp_path, broken_features=text)
    refused = problem(load, tmp_path)
    assert refused.code == "features-not-imported"
    assert refused.where == Where("src/broken_features.py", line=line)


def test_an_invalid_definition_keeps_its_code_and_names_its_line_in_the_project(
    tmp_path: Path,
) -> None:
    text = RIDES.replace('    known_time="published",\n', "")
    refused = problem(load, feature_projects.project(tmp_path, bad_features=text))
    assert refused.code == "no-known-time"
    assert refused.where == Where("src/bad_features.py", line=VIEW_LINE)


def test_an_import_changes_no_search_path_and_prints_nothing_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(sys.path)
    load(feature_projects.project(tmp_path, loud_features="print('loud')\n"))
    assert sys.path == before
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "loud\n")


def test_a_service_that_does_not_exist_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    catalogue = load(feature_projects.project(tmp_path))
    refused = problem(catalogue.service, "ride")
    assert refused.code == "no-feature-service"
    assert "`rides`" in refused.hint


@pytest.mark.parametrize("value", ['"rides"', '["a-b"]', '["a", "a"]', '["a..b"]', "[1]"])
def test_a_setting_that_is_no_list_of_modules_is_refused(tmp_path: Path, value: str) -> None:
    write(tmp_path, {"pyproject.toml": f"[tool.stagebook]\nfeatures = {value}\n"})
    assert problem(Project.find, tmp_path).code == "bad-setting"
