"""A plan names what DVC refuses or fails at, and ends with another code than 0."""

import subprocess
from pathlib import Path

import pytest
from plan_projects import QuickProject

from stagebook.project.errors import StagebookError

COPY = """stages:
  a:
    cmd: cp raw out
    deps: [raw]
    outs: [out]
"""
SECOND = """  b:
    cmd: cp raw {path}
    deps: [raw]
    outs: [{path}]
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "obstacles"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def dvc(*arguments: str) -> None:
    subprocess.run(["dvc", *arguments], check=True, capture_output=True)


def fails(project: QuickProject) -> bool:
    """Whether DVC refuses the build, or fails."""
    from dvc.exceptions import DvcException

    try:
        project.repro()
    except DvcException:
        return True
    return False


@pytest.mark.parametrize(
    "stages",
    [
        COPY.replace("deps", "dpes"),
        COPY.replace("stages", "stage"),
        COPY.replace("    cmd: cp raw out\n", ""),
        COPY.replace("[raw]", "raw"),
        COPY.replace("[out]", "[{out: {cache: maybe}}]"),
        COPY.replace("[out]", "[{out: {x: column}}]"),
        COPY + "    frozen: sometimes\n",
    ],
    ids=["key", "top", "cmd", "list", "flag", "plot", "bool"],
)
def test_a_file_that_dvc_refuses_has_no_plan(root: Path, stages: str) -> None:
    project = QuickProject.of_stages(root, stages, {"raw": "1"})
    assert fails(project)
    with pytest.raises(StagebookError) as caught:
        project.plan()
    (problem,) = caught.value.problems
    assert (problem.code, caught.value.exit_code) == ("bad-pipeline", 3)


@pytest.mark.parametrize(
    ("stages", "code"),
    [
        (COPY + SECOND.format(path="out"), "claimed-twice"),
        (COPY + SECOND.format(path="./out"), "claimed-twice"),
        (COPY + SECOND.format(path="out/x"), "claimed-twice"),
        (COPY.replace("[raw]", "[raw, out/x]"), "in-and-out"),
        (COPY.replace("raw", "other"), "input-missing"),
        (COPY.replace("raw", "other") + "    always_changed: true\n", "input-missing"),
        (COPY + "    params: [key]\n", "params-missing"),
        (COPY + "    params: [{p.yaml: [other]}]\n", "params-missing"),
        (COPY + "    params: [{q.yaml: [other]}]\n", "params-missing"),
        (COPY + "    frozen: true\n", "output-missing"),
    ],
)
def test_what_dvc_fails_at_is_a_problem(root: Path, stages: str, code: str) -> None:
    project = QuickProject.of_stages(root, stages, {"raw": "1", "p.yaml": "key: 1\n"})
    planning = project.planning()
    assert fails(project)
    assert [problem.code for problem in planning.plan.problems] == [code]
    assert planning.exit_code == 3


def test_an_output_that_is_tracked_as_a_file_is_a_problem(root: Path) -> None:
    project = QuickProject.of_stages(root, COPY, {"raw": "1", "out": "2"})
    (root / "dvc.yaml").unlink()
    dvc("add", "out")
    project.write("dvc.yaml", COPY)
    assert fails(project)
    assert [problem.code for problem in project.plan().problems] == ["claimed-twice"]


@pytest.mark.parametrize(
    "stages",
    [
        COPY,
        COPY.replace("[out]", "[out, out]"),
        COPY + "    params: [{p.yaml: }]\n    wdir: .\n    desc: a copy\n",
        COPY + "  b:\n    cmd: cp out b\n    deps: [out]\n    plots: [{b: {cache: false}}]\n",
    ],
)
def test_what_dvc_builds_is_no_problem(root: Path, stages: str) -> None:
    project = QuickProject.of_stages(root, stages, {"raw": "1", "p.yaml": "key: 1\n"})
    planning = project.planning()
    assert not fails(project)
    assert (planning.plan.problems, planning.exit_code) == ((), 0)
    assert set(project.states().values()) == {"fresh"}


@pytest.mark.parametrize("folder", ["", "data/"])
def test_a_changed_source_of_an_import_is_a_reason(root: Path, tmp_path: Path, folder: str) -> None:
    source = tmp_path / "source.csv"
    source.write_text("1")
    name = f"{folder}raw.csv"
    stages = COPY.replace("raw", name)
    project = QuickProject.of_stages(root, stages, {f"{folder}other": ""})
    dvc("import-url", str(source), name)
    project.repro()
    source.write_text("2")
    assert set(project.states()) == {"a"}  # frozen, as an import is at first
    source.write_text("1")
    dvc("unfreeze", f"{name}.dvc")
    project.repro()
    assert project.states() == {f"{name}.dvc": "fresh", "a": "fresh"}
    source.write_text("3")
    assert project.reasons(f"{name}.dvc") == [f"{source} changed"]
    assert project.states() == {f"{name}.dvc": "stale", "a": "after"}
    assert project.repro()["a"] == "run"
    assert (root / name).read_text() == "3"
    assert project.states() == {f"{name}.dvc": "fresh", "a": "fresh"}
    source.unlink()
    assert [problem.code for problem in project.plan().problems] == ["input-missing"]


def test_an_import_that_no_stage_reads_is_not_in_the_plan(root: Path, tmp_path: Path) -> None:
    (tmp_path / "source.csv").write_text("1")
    project = QuickProject.of_stages(root, COPY, {"raw": "1"})
    dvc("import-url", str(tmp_path / "source.csv"), "unused.csv")
    dvc("unfreeze", "unused.csv.dvc")
    assert set(project.states()) == {"a"}
    assert set(project.states("unused.csv.dvc")) == {"unused.csv.dvc"}
