"""The examples in the docstrings of the public API give what they show."""

import doctest
from pathlib import Path

import pytest

import stagebook
from stagebook.model.load import Model
from stagebook.project.errors import Problem, StagebookError

PUBLIC = {f"stagebook.{name}": getattr(stagebook, name) for name in stagebook.__all__} | {
    "stagebook.load.Model.predict": Model.predict,
    "stagebook.project.errors.Problem": Problem,
    "stagebook.project.errors.StagebookError": StagebookError,
}
ORDER = sorted(PUBLIC, key=lambda name: name != "stagebook.package")
"""The other examples use the package that the example of ``stagebook.package`` writes."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


def _examples(name: str) -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(recurse=False, exclude_empty=True)
    return finder.find(PUBLIC[name], name, globs={})


@pytest.mark.parametrize("name", ORDER)
def test_an_example_gives_what_it_shows(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    [examples] = _examples(name)
    report: list[str] = []
    results = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(
        examples, out=report.append
    )
    assert results.attempted
    assert not results.failed, "".join(report)
