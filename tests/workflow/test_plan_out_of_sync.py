"""A plan of a ``dvc.yaml`` that does not match the notebooks has the stages of the next sync."""

import subprocess
from pathlib import Path

import pytest
from plan_projects import FILES, QuickProject

STAGES = """stages:
  each:
    foreach: [a, b]
    do:
      cmd: cp raw.csv data/${item}.txt
      deps: [raw.csv]
      outs:
        - data/${item}.txt
"""
BELOW = """stages:
  low:
    cmd: cp ../raw.csv low.txt
    deps: [../raw.csv]
    outs: [low.txt]
"""
NAMES = ["raw.csv", "notebooks/make.py", "code/helper.py", "params/make.yaml"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "sync"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def synced(root: Path, stages: str, files: dict[str, str]) -> QuickProject:
    project = QuickProject.of_stages(root, stages, {name: FILES[name] for name in NAMES} | files)
    subprocess.run(["stagebook", "sync"], cwd=root, check=True, capture_output=True)
    return project


@pytest.mark.parametrize(
    ("stages", "files", "others"),
    [
        (STAGES, {}, {"each@a", "each@b"}),
        ("stages: {}\n", {"below/dvc.yaml": BELOW}, {"below/dvc.yaml:low"}),
        (STAGES, {"below/dvc.yaml": BELOW}, {"each@a", "each@b", "below/dvc.yaml:low"}),
    ],
    ids=["templates", "folders", "both"],
)
def test_templates_and_other_files_stay_in_the_plan(
    root: Path, stages: str, files: dict[str, str], others: set[str]
) -> None:
    project = synced(root, stages, files)
    targets = ["make", *others]
    before = project.planning(*targets)
    assert (before.exit_code, set(project.states(*targets)) - {"sources"}) == (0, {"make", *others})
    project.edit("notebooks/make.py", '"raw.csv"', '"code/helper.py"')
    after = project.planning(*targets)
    assert after.exit_code == 9
    assert {stage.name for stage in after.plan.stages} == {"sources", "make", *others}
    (low,) = (stage for stage in after.plan.stages if stage.name == min(others))
    assert low == next(stage for stage in before.plan.stages if stage.name == low.name)


@pytest.mark.parametrize("gone", ["file", "folder"])
def test_a_build_without_the_last_notebook_cannot_start(root: Path, gone: str) -> None:
    project = synced(root, "stages: {}\n", {})
    (root / "notebooks/make.py").unlink()
    if gone == "folder":
        (root / "notebooks").rmdir()
    planning = project.planning()
    assert planning.exit_code == 9
    assert [problem.code for problem in planning.plan.problems] == ["out-of-sync"]
    build = subprocess.run(["stagebook", "sources"], cwd=root, capture_output=True)
    assert build.returncode == 9


def test_a_project_without_notebooks_needs_no_sync(root: Path) -> None:
    low = BELOW.replace("../", "")
    project = QuickProject.of_stages(root, low, {"raw.csv": "1"})
    assert project.planning().exit_code == 0
    assert project.states() == {"low": "stale"}
