"""What is installed is held against the lock file, in each of the usual formats."""

import sys
from pathlib import Path

import pytest

from stagebook.notebook.source import Source
from stagebook.pipeline import packages_lock
from stagebook.pipeline.packages_lock import _conda_platform
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.project.settings import Settings

REQUIREMENTS = f"""# made by a tool
--index-url https://example.org/simple
Scikit_Learn[plot]==1.5.0 \\
    --hash=sha256:00 \\
    --hash=sha256:11
    # via -r requirements.in
numpy==2.1.0 ; python_version < '3.0'
numpy==2.2.0 ; python_version >= '3.0'  # via pandas
only-elsewhere==1.0 ; sys_platform != '{sys.platform}'
open>=1.0,<2
./vendored/thing
thing @ file:///somewhere/thing
-e ./here
"""
UV = """version = 1
[[package]]
name = "scikit-learn"
version = "1.5.0"
source = { registry = "https://example.org/simple" }
[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "https://example.org/simple" }
resolution-markers = ["python_full_version < '3.0'"]
[[package]]
name = "numpy"
version = "2.2.0"
source = { registry = "https://example.org/simple" }
resolution-markers = ["python_full_version < '3.0'", "python_full_version >= '3.0'"]
[[package]]
name = "here"
version = "0.1.0"
source = { editable = "." }
"""
PYLOCK = """lock-version = "1.0"
[[packages]]
name = "scikit-learn"
version = "1.5.0"
[[packages]]
name = "numpy"
version = "2.2.0"
marker = "python_version >= '3.0'"
[[packages]]
name = "here"
version = "0.1.0"
[packages.directory]
path = "."
"""
POETRY = """[[package]]
name = "scikit-learn"
version = "1.5.0"
optional = false
[[package]]
name = "numpy"
version = "2.2.0"
markers = { main = "python_version >= '3.0'", dev = "python_version < '3.0'" }
[[package]]
name = "here"
version = "0.1.0"
[package.source]
type = "directory"
url = "here"
"""
PDM = """[metadata]
lock_version = "4.5.0"
[[package]]
name = "scikit-learn"
version = "1.5.0"
[[package]]
name = "numpy"
version = "2.2.0"
marker = "python_version >= '3.0'"
[[package]]
name = "here"
version = "0.1.0"
editable = true
path = "./here"
"""
CONDA = f"""version: 1
package:
- name: scikit-learn
  version: 1.5.0
  manager: conda
  platform: {_conda_platform()}
- name: numpy
  version: 2.1.0
  manager: conda
  platform: some-other
- name: numpy
  version: 2.2.0
  manager: pip
  platform: {_conda_platform()}
"""
LOCKS = {
    "requirements.lock": REQUIREMENTS,
    "uv.lock": UV,
    "pylock.toml": PYLOCK,
    "poetry.lock": POETRY,
    "pdm.lock": PDM,
    "conda-lock.yml": CONDA,
}


def made_of(stage: str, **versions: str) -> Source:
    named = {name.replace("_", "-"): version for name, version in versions.items()}
    return Source(stage, (), distributions=tuple(sorted(named.items())))


def disagreements(root: Path, file: str, text: str, *sources: Source) -> list[str]:
    (root / file).write_text(text, encoding="utf-8")
    try:
        packages_lock.require_agreement(Project(root, Settings("p")), sources)
    except StagebookError as error:
        return [one.message for one in error.problems if one.code == "lock-disagrees"]
    return []


@pytest.mark.parametrize("file", LOCKS)
def test_what_the_lock_file_pins_is_accepted(tmp_path: Path, file: str) -> None:
    installed = made_of("fit", scikit_learn="1.5.0", numpy="2.2", here="0.2.0", unknown="3.0")
    assert disagreements(tmp_path, file, LOCKS[file], installed) == []


@pytest.mark.parametrize("file", LOCKS)
def test_each_disagreement_names_both_versions_and_the_stages(tmp_path: Path, file: str) -> None:
    fit = made_of("fit", scikit_learn="1.6.0", numpy="2.1.0")
    plot = made_of("plot", numpy="2.1.0")
    found = disagreements(tmp_path, file, LOCKS[file], fit, plot)
    named = (("numpy 2.1.0", "2.2.0", "fit, plot"), ("scikit-learn 1.6.0", "1.5.0", "fit"))
    for message, words in zip(found, named, strict=True):
        assert all(word in message for word in words)
    assert "plot" not in found[1]


@pytest.mark.parametrize(
    ("version", "agrees"), [("1.5", True), ("2.0", False), ("1.0rc1", False), ("1.5+cpu", True)]
)
def test_a_range_is_kept_to(tmp_path: Path, version: str, agrees: bool) -> None:
    found = disagreements(tmp_path, "requirements.lock", REQUIREMENTS, made_of("fit", open=version))
    assert (found == []) is agrees


@pytest.mark.parametrize("version", ["1.5.0+cpu", "1.5", "1.5.0.0"])
def test_another_spelling_or_build_of_a_version_is_that_version(
    tmp_path: Path, version: str
) -> None:
    installed = made_of("fit", scikit_learn=version)
    assert disagreements(tmp_path, "uv.lock", UV, installed) == []


def test_a_pin_of_another_platform_says_nothing(tmp_path: Path) -> None:
    installed = made_of("fit", only_elsewhere="2.0")
    assert disagreements(tmp_path, "requirements.lock", REQUIREMENTS, installed) == []


def test_a_lock_file_that_changes_is_read_again(tmp_path: Path) -> None:
    installed = made_of("fit", a="1.0")
    assert disagreements(tmp_path, "requirements.lock", "a==1.0\n", installed) == []
    assert len(disagreements(tmp_path, "requirements.lock", "a==1.1\n", installed)) == 1
    assert disagreements(tmp_path, "requirements.lock", "a==1.0\n", installed) == []


def test_without_a_lock_file_everything_agrees(tmp_path: Path) -> None:
    project = Project(tmp_path, Settings("p"))
    packages_lock.require_agreement(project, [made_of("fit", a="1.0")])


def test_a_lock_file_that_is_named_and_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StagebookError) as caught:
        packages_lock.require_agreement(Project(tmp_path, Settings("p", lock="my.lock")), [])
    assert [one.code for one in caught.value.problems] == ["lock-missing"]


def test_a_lock_file_that_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text("[", encoding="utf-8")
    with pytest.raises(StagebookError) as caught:
        packages_lock.require_agreement(Project(tmp_path, Settings("p")), [])
    assert [one.code for one in caught.value.problems] == ["bad-toml"]
