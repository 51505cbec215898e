"""A comparison of commits counts what their builds read, and nothing else of ``dvc.lock``."""

import subprocess
from pathlib import Path

import pytest
from plan_projects import QuickProject

from stagebook.pipeline.plan.plan import Plan
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.workflow import planning

STAGES = """stages:
  dotted:
    cmd: cp raw dotted
    deps: [./raw]
    params: [./p.yaml: [key]]
    outs: [./dotted]
  inside:
    cmd: cp ../raw inside.txt
    wdir: code
    deps: [../raw]
    outs: [inside.txt]
  folder:
    cmd: mkdir -p made && cp dotted made/a
    deps: [dotted]
    outs: [made/]
  last:
    cmd: cat made/a > last
    deps: [made/a, extra]
    outs: [last]
"""
BELOW = """stages:
  low:
    cmd: cp ../raw low.txt
    deps: [../raw]
    outs: [low.txt]
"""
NEVER = "  never:\n    cmd: cp raw never\n    deps: [raw]\n    outs: [never]\n"
EACH = """  each:
    foreach: [a, b]
    do:
      cmd: cp raw ${item}.txt
      deps: [raw]
      outs:
        - ${item}.txt
"""
FILES = {"raw": "1", "extra": "1", "p.yaml": "key: 1\n", "code/x": ""}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> QuickProject:
    root = tmp_path / "commits"
    root.mkdir()
    monkeypatch.chdir(root)
    project = QuickProject.of_stages(root, STAGES, FILES)
    project.repro()
    commit()
    return project


def commit() -> None:
    user = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["add", "-A"], ["commit", "-qm", "built"]):
        subprocess.run(["git", *user, *arguments], check=True, capture_output=True)


def since(project: QuickProject, revisions: str) -> Plan:
    return planning.since(Project.find(project.root), revisions).plan


def states(project: QuickProject, revisions: str) -> dict[str, str]:
    plan = since(project, revisions)
    return {stage.name: stage.state.value for stage in plan.stages}


@pytest.mark.parametrize("revisions", ["HEAD..HEAD", "HEAD..", "HEAD"])
def test_a_commit_is_the_same_as_itself(project: QuickProject, revisions: str) -> None:
    assert set(states(project, revisions).values()) == {"fresh"}
    assert set(states(project, revisions)) == {"dotted", "inside", "folder", "last"}


def test_a_commit_with_a_part_of_its_stages_built_is_the_same_as_itself(
    project: QuickProject,
) -> None:
    project.write("raw", "2")
    project.edit("dvc.yaml", "deps: [dotted]", "deps: [dotted, extra]")
    project.edit("dvc.yaml", "cat made/a", "cat -n made/a")
    project.edit("dvc.yaml", "  dotted:", f"{NEVER}  dotted:")
    project.repro("inside")
    commit()
    assert set(states(project, "HEAD..HEAD").values()) == {"fresh"}
    assert states(project, "HEAD~1..HEAD")["inside"] == "stale"
    assert states(project, "HEAD~1..HEAD")["dotted"] == "fresh"


def test_a_deleted_input_is_a_difference(project: QuickProject) -> None:
    (project.root / "extra").unlink()
    (last,) = (stage for stage in since(project, "HEAD").stages if stage.name == "last")
    assert [reason.words for reason in last.reasons] == ["extra is missing"]


def test_a_deleted_output_is_no_difference(project: QuickProject) -> None:
    subprocess.run(["rm", "-r", "made", "last", "dotted"], check=True, cwd=project.root)
    assert set(states(project, "HEAD").values()) == {"fresh"}


def test_entries_of_stages_that_are_gone_do_not_count(project: QuickProject) -> None:
    text = (project.root / "dvc.yaml").read_text()
    project.write("dvc.yaml", text[: text.index("  last:")])
    project.repro()
    commit()
    assert "last:" in (project.root / "dvc.lock").read_text()
    assert since(project, "HEAD~1..HEAD").removed == ("last",)
    for revisions in ("HEAD..HEAD", "HEAD"):
        assert since(project, revisions).removed == ()
    project.write("dvc.yaml", text)
    assert states(project, "HEAD")["last"] == "stale"


def test_stages_of_other_folders_are_compared(project: QuickProject) -> None:
    (project.root / "below").mkdir()
    project.write("below/dvc.yaml", BELOW)
    project.repro("below/dvc.yaml:low")
    commit()
    name = "below/dvc.yaml:low"

    def low(revisions: str) -> str:
        stages = planning.since(Project.find(project.root), revisions, [name]).plan.stages
        return next(stage.state.value for stage in stages)

    assert (low("HEAD..HEAD"), low("HEAD"), low("HEAD~1..HEAD")) == ("fresh", "fresh", "stale")
    project.write("raw", "3")
    assert low("HEAD") == "stale"
    project.repro(name)
    commit()
    assert low("HEAD~1..HEAD") == "stale"


@pytest.mark.parametrize("file", ["dvc.yaml", "below/dvc.yaml"])
def test_templates_of_a_commit_are_refused(project: QuickProject, file: str) -> None:
    (project.root / "below").mkdir()
    before = STAGES if file == "dvc.yaml" else "stages:\n"
    raw = "raw" if file == "dvc.yaml" else "../raw"
    project.write(file, before + EACH.replace("raw", raw))
    project.repro()
    commit()
    with pytest.raises(StagebookError) as caught:
        since(project, "HEAD..HEAD")
    (problem,) = caught.value.problems
    assert (problem.code, str(problem.where)) == ("templates-of-commit", file)


def test_templates_of_the_working_tree_are_compared(project: QuickProject) -> None:
    project.write("dvc.yaml", STAGES + EACH)
    project.repro()
    commit()
    assert set(states(project, "HEAD").values()) == {"fresh"}
    assert since(project, "HEAD").removed == ()
    project.write("raw", "2")
    assert states(project, "HEAD")["each@a"] == "stale"
    project.write("dvc.yaml", STAGES)
    assert since(project, "HEAD").removed == ("each@a", "each@b")


@pytest.mark.parametrize("revisions", ["", " ", "..HEAD", "HEAD...HEAD", "..", "..."])
def test_other_forms_of_revisions_are_refused(project: QuickProject, revisions: str) -> None:
    with pytest.raises(StagebookError) as caught:
        since(project, revisions)
    assert [problem.code for problem in caught.value.problems] == ["bad-revisions"]
    assert "A..B" in caught.value.problems[0].hint
    assert caught.value.exit_code == 2
