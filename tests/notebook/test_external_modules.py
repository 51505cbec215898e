"""Modules outside of the project count by their content, releases by their version."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stagebook.notebook import source
from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.distributions import Installed
from stagebook.notebook.source import Source
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.project.settings import parse_settings


class Machine:
    """A project, a folder of installed distributions, and folders of other people."""

    def __init__(self, root: Path) -> None:
        self.folder, self.root, self.site = root, root / "work" / "project", root / "site"
        for folder in (self.root, self.site):
            folder.mkdir(parents=True)

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return file

    def install(self, name: str, *top: str, record: str = "", **direct: Any) -> None:
        """Installs the metadata of a distribution, from a folder of this machine or not."""
        info = f"site/{name}-1.0.dist-info"
        self.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        self.write(f"{info}/RECORD", record)
        if top:
            self.write(f"{info}/top_level.txt", "\n".join(top))
        if direct:
            self.write(f"{info}/direct_url.json", json.dumps(direct))

    def source(self, cell: str, **settings: Any) -> Source:
        notebook = Notebook("notebooks/fit.ipynb", (Cell(1, "code", cell),))
        project = Project(self.root, parse_settings(settings, "p"))
        return Source.of(notebook, project, Installed.scan())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setattr(sys, "path", [str(made.site)])
    return made


def editable(machine: Machine, folder: str) -> dict[str, Any]:
    return {"url": (machine.folder / folder).as_uri(), "dir_info": {"editable": True}}


def names(found: Source) -> list[str]:
    return [name for name, _ in found.modules]


@pytest.mark.parametrize("top", [("lib",), ()])  # setuptools writes names down, hatch does not
def test_an_editable_install_counts_by_its_content(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, top: tuple[str, ...]
) -> None:
    machine.install("my-lib", *top, **editable(machine, "work/my lib"))
    machine.write("work/my lib/src/lib/__init__.py", "from . import deep")
    deep = machine.write("work/my lib/src/lib/deep.py", "x = 1")
    monkeypatch.setattr(sys, "path", [*sys.path, str(machine.folder / "work/my lib/src")])
    before = machine.source("import lib")
    assert names(before) == ["my-lib:lib/__init__.py", "my-lib:lib/deep.py"]
    assert before.distributions == (("my-lib", "1.0"),)
    assert before.missing == ()

    deep.write_text("x = 1  # a comment", encoding="utf-8")
    assert source.render(machine.source("import lib")) == source.render(before)
    deep.write_text("x = 2", encoding="utf-8")
    assert source.render(machine.source("import lib")) != source.render(before)


def test_an_editable_install_that_a_release_requires_counts_by_its_content(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("release", "release", record="release.py,,\n")
    metadata = machine.site / "release-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text() + "Requires-Dist: my-lib\n", encoding="utf-8")
    machine.install("my-lib", "lib", **editable(machine, "lib"))
    machine.write("lib/lib.py", "x = 1")
    monkeypatch.setattr(sys, "path", [*sys.path, str(machine.folder / "lib")])
    assert names(machine.source("import release")) == ["my-lib:lib.py"]


def test_a_copy_that_was_installed_from_a_folder_counts_by_its_content(machine: Machine) -> None:
    url = (machine.folder / "elsewhere").as_uri()
    machine.install("copied", "copied", url=url, dir_info={})
    machine.write("site/copied.py", "x = 1")
    before = machine.source("import copied")
    assert names(before) == ["copied:copied.py"]
    machine.write("site/copied.py", "x = 2")
    assert machine.source("import copied").digest != before.digest


@pytest.mark.parametrize("installer", ["conda", "pip"])
def test_a_package_that_conda_built_is_a_release(machine: Machine, installer: str) -> None:
    machine.install("built", "built", url="file:///croot/built/work", dir_info={})
    machine.write("site/built-1.0.dist-info/INSTALLER", f"{installer}\n")
    machine.write("site/built.py", "x = 1")
    assert (names(machine.source("import built")) == []) is (installer == "conda")


@pytest.mark.parametrize("direct", [{}, {"url": "https://example.org/a.whl", "archive_info": {}}])
def test_a_release_counts_by_its_version(machine: Machine, direct: dict[str, Any]) -> None:
    machine.install("release", "release", **direct)
    machine.write("site/release.py", "x = 1")
    found = machine.source("import release")
    assert (names(found), found.distributions) == ([], (("release", "1.0"),))


def test_a_module_on_the_python_path_counts_by_its_content(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.write("work/shared/tool.py", "import other")
    machine.write("work/shared/other.py", "x = 1")
    monkeypatch.setattr(sys, "path", [*sys.path, str(machine.folder / "work/shared")])
    found = machine.source("import tool")
    assert names(found) == ["PYTHONPATH:other.py", "PYTHONPATH:tool.py"]
    assert found.missing == ()


def test_a_code_folder_beside_the_project_counts_by_its_content(machine: Machine) -> None:
    machine.write("work/shared_lib/tool.py", "x = 1")
    before = machine.source("import tool", code=["src", "../shared_lib"])
    assert names(before) == ["../shared_lib/tool.py"]
    machine.write("work/shared_lib/tool.py", "x = 2")
    after = machine.source("import tool", code=["src", "../shared_lib"])
    assert after.digest != before.digest


def test_a_compiled_module_counts_by_its_bytes(machine: Machine) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    file = f"work/project/src/fast{EXTENSION_SUFFIXES[0]}"
    machine.write(file, "one build")
    before = machine.source("import fast")
    machine.write(file, "another")
    assert names(before) == [f"src/fast{EXTENSION_SUFFIXES[0]}"]
    assert machine.source("import fast").digest != before.digest


@pytest.mark.parametrize("release", [True, False])
def test_stagebook_counts_by_its_version_where_it_is_a_release(
    machine: Machine, release: bool
) -> None:
    machine.install("stagebook", "stagebook", **({} if release else editable(machine, "stagebook")))
    found = machine.source("from stagebook import In")
    assert names(found) == []
    assert found.distributions == ((("stagebook", "1.0"),) if release else ())


def test_what_was_remembered_is_the_environment_until_it_changes(machine: Machine) -> None:
    machine.install("a", "a")
    first = Installed.remembered(machine.root)
    assert first.closure(["a"]) == {"a": "1.0"}
    first.remember(machine.root)
    again = Installed.remembered(machine.root)
    assert again == first
    assert again.edges == first.edges
    machine.install("b", "b", **editable(machine, "b"))
    assert Installed.remembered(machine.root).closure(["b"]) == {"b": "1.0"}


_REPOSITORY = "https://example.org/release.git"


@pytest.mark.parametrize(
    ("url", "key", "first", "second"),
    [
        (
            _REPOSITORY,
            "vcs_info",
            {"vcs": "git", "requested_revision": "main", "commit_id": "aa11"},
            {"vcs": "git", "requested_revision": "main", "commit_id": "bb22"},
        ),
        ("file:///srv/release", "vcs_info", {"commit_id": "aa11"}, {"commit_id": "bb22"}),
        ("https://example.org/a.zip", "archive_info", {"hash": "sha256=a"}, {"hash": "sha256=b"}),
        (
            "https://example.org/a.zip",
            "archive_info",
            {"hashes": {"md5": "c", "sha256": "a"}},
            {"hashes": {"md5": "c", "sha256": "b"}},
        ),
    ],
)
def test_what_no_index_has_counts_by_its_commit_or_hash(
    machine: Machine, url: str, key: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    def made(info: dict[str, Any]) -> Source:
        machine.install("release", "release", url=url, **{key: info})
        return machine.source("import release")

    machine.write("site/release.py", "x = 1")
    before, after = made(first), made(second)
    assert before.distributions == after.distributions == (("release", "1.0"),)
    assert before.identities != after.identities
    assert source.render(before) != source.render(after)
    assert source.render(made(first)) == source.render(before)
    with pytest.raises(StagebookError) as raised:
        source.check_recorded(source.render(before), after, "source")
    assert [one.code for one in raised.value.problems] == ["other-version"]
    with pytest.raises(StagebookError) as raised:
        source.check_installed(after, Installed.scan(), "source")
    assert [one.code for one in raised.value.problems] == ["other-version"]


@pytest.mark.parametrize("code", ["", "src/"])
def test_a_tree_that_setup_py_develops_counts_by_its_content(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    machine.write("work/lib/setup.py", "")
    info = f"work/lib/{code}my_lib.egg-info"
    machine.write(f"{info}/PKG-INFO", "Metadata-Version: 2.1\nName: my-lib\nVersion: 1.0\n")
    machine.write(f"{info}/top_level.txt", "lib\n")
    module = machine.write(f"work/lib/{code}lib.py", "x = 1")
    monkeypatch.setattr(sys, "path", [*sys.path, str(machine.folder / f"work/lib/{code}")])
    before = machine.source("import lib")
    assert names(before) == ["my-lib:lib.py"]
    module.write_text("x = 2", encoding="utf-8")
    assert machine.source("import lib").digest != before.digest
