"""The examples in the docstrings of the public API give what they show."""

import doctest
from pathlib import Path

import pytest

import stagebook
from stagebook import features
from stagebook.model.load import Model
from stagebook.project.errors import Problem, StagebookError

PUBLIC = {f"stagebook.{name}": getattr(stagebook, name) for name in stagebook.__all__} | {
    "stagebook.features.Entity": features.Entity,
    "stagebook.features.FeatureService": features.FeatureService,
    "stagebook.features.FeatureView": features.FeatureView,
    "stagebook.features.RequestSource": features.RequestSource,
    "stagebook.features.on_demand": features.on_demand,
    "stagebook.load.Model.predict": Model.predict,
    "stagebook.project.errors.Problem": Problem,
    "stagebook.project.errors.StagebookError": StagebookError,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package that the example of ``stagebook.package`` writes."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        _run("stagebook.package", folder, patch)
    return folder


def _run(name: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(folder)
    patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    [examples] = doctest.DocTestFinder(recurse=False, exclude_empty=True).find(
        PUBLIC[name], name, globs={}
    )
    report: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
        examples, out=report.append
    )
    assert results.attempted
    assert not results.failed, "".join(report)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_an_example_gives_what_it_shows(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(name, tmp_path if name == "stagebook.package" else folder, monkeypatch)
