"""Who uses a project's features, from the sources of its stages and from dvc.yaml."""

from collections.abc import Iterator
from pathlib import Path

import feature_projects
import pytest
from folders import write

from stagebook.features import description
from stagebook.features.catalogue import Catalogue
from stagebook.features.description import ServiceDescription
from stagebook.history.feature_listing import FeatureListing, OnlineStoreStage
from stagebook.history.service_packages import ServicePackage
from stagebook.pipeline.stage import MANIFEST, PACKAGED_FEATURES
from stagebook.project.project import Project

NOTEBOOK = (
    '# %% tags=["parameters"]\nfrom stagebook import Out\nout: Out = "{out}"\n\n# %%\n{code}\n'
)
DVC = """stages:
  weather:
    cmd: stagebook run weather
    outs: [data/weather.parquet]
  train:
    cmd: stagebook run train
    deps: [data/weather.parquet]
    outs: [models/late]
  apart:
    cmd: stagebook run apart
    outs: [models/apart]
  online:
    cmd: mkdir -p online && stagebook features materialize --incremental rides online/r.sqlite
    outs: [online/r.sqlite]
  other:
    cmd: stagebook features materialize others online/o.sqlite
    outs: [online/o.sqlite]
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A project with a stage that writes the table, one that trains and packages, one apart."""
    feature_projects.project(tmp_path)
    notebooks = {
        "weather": ("data/weather.parquet", "from ride_features import Weather"),
        "train": ("models/late", "from lib import rows"),
        "apart": ("models/apart", "import json"),
    }
    write(
        tmp_path,
        {
            "dvc.yaml": DVC,
            "src/lib.py": "from ride_features import service\nrows = service.features\n",
            **{
                f"notebooks/{stage}.py": NOTEBOOK.format(out=out, code=code)
                for stage, (out, code) in notebooks.items()
            },
            f"models/late/{MANIFEST}": "{}",
            f"models/apart/{MANIFEST}": "{}",
        },
    )
    with feature_projects.forgotten(tmp_path):
        yield tmp_path


def test_a_view_names_the_stage_that_writes_it_and_those_that_import_its_module(
    root: Path,
) -> None:
    feature_projects.put_weather(root, ("north", "04:00", 1.0), ("south", "05:00", 2.0))
    (view,) = FeatureListing.read(Project.find(root)).views
    assert (view.maker, view.services, view.stages) == ("weather", ("rides",), ("train",))
    assert (view.table.rows, view.table.newest) == (2, "2026-05-01T06:00:00+00:00")


def test_a_service_names_stages_that_import_it_through_others_their_packages_and_its_stores(
    root: Path,
) -> None:
    (service,) = FeatureListing.read(Project.find(root)).services
    assert service.stages == ("weather", "train")
    assert service.packages == (ServicePackage("models/late"),)
    assert service.stores == (OnlineStoreStage("online", "online/r.sqlite"),)


def test_a_table_in_a_folder_that_a_stage_writes_has_that_stage(root: Path) -> None:
    text = DVC.replace("[data/weather.parquet]\n  train", "[data]\n  train")
    write(root, {"dvc.yaml": text})
    (view,) = FeatureListing.read(Project.find(root)).views
    assert view.maker == "weather"


def test_a_notebook_that_cannot_be_read_leaves_the_others(root: Path) -> None:
    write(root, {"notebooks/apart.py": NOTEBOOK.format(out="../out", code="")})
    listing = FeatureListing.read(Project.find(root))
    assert listing.services[0].stages == ("weather", "train")
    assert [problem.where.file for problem in listing.unread if problem.where] == [
        "notebooks/apart.py"
    ]


def test_the_listing_needs_no_pipeline(root: Path) -> None:
    (root / "dvc.yaml").unlink()
    listing = FeatureListing.read(Project.find(root))
    assert listing.views[0].maker == ""
    assert listing.services[0].packages == ()


def packaged(root: Path, path: str) -> None:
    """Writes a package that describes the service as it is now."""
    with feature_projects.forgotten(root):
        service = Catalogue.load(Project.find(root)).service("rides")
        text = description.render(ServiceDescription.of(service))
    write(root, {f"{path}/{MANIFEST}": "{}", f"{path}/{PACKAGED_FEATURES}": text})


def test_a_package_says_by_which_service_it_was_built_whatever_its_stage_imports(
    root: Path,
) -> None:
    for path in ("models/apart", "models/by_hand", "data/weather.parquet/inner"):
        packaged(root, path)
    (service,) = FeatureListing.read(Project.find(root)).services
    assert {(package.path, package.stale) for package in service.packages} == {
        ("models/late", None),
        ("models/apart", False),
        ("models/by_hand", False),
        ("data/weather.parquet/inner", False),
    }


@pytest.mark.parametrize(
    ("before", "after", "stale"),
    [
        ("start.dt.hour", "start.dt.minute", True),
        ("timedelta(hours=3)", "timedelta(hours=36)", True),
        ("return start.dt.hour", "return start.dt.hour  # in UTC", False),
    ],
)
def test_a_package_is_stale_if_the_code_of_its_features_is_another(
    root: Path, before: str, after: str, stale: bool
) -> None:
    packaged(root, "models/apart")
    write(root, {"src/ride_features.py": feature_projects.RIDES.replace(before, after)})
    (service,) = FeatureListing.read(Project.find(root)).services
    package = next(item for item in service.packages if item.path == "models/apart")
    assert package.stale is stale
    assert {problem.code for problem in package.differences} == (
        {"features-differ"} if stale else set()
    )
    assert package.as_json()["stale"] is stale


def test_a_package_of_no_service_here_and_one_that_cannot_be_read_are_problems(root: Path) -> None:
    packaged(root, "models/apart")
    file = root / "models/apart" / PACKAGED_FEATURES
    file.write_text(file.read_text().replace('"name": "rides"', '"name": "trips"'))
    write(root, {f"models/late/{PACKAGED_FEATURES}": "[]"})
    listing = FeatureListing.read(Project.find(root))
    assert listing.services[0].packages == ()
    assert {(problem.code, str(problem.where)) for problem in listing.unread} == {
        ("no-feature-service", "models/apart"),
        ("package-changed", f"models/late/{PACKAGED_FEATURES}"),
    }
