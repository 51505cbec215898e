"""What a plan says of a project whose stages are shell commands, after real builds by DVC."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from plan_projects import QuickProject

from stagebook.cli.main import main
from stagebook.pipeline import lock, nodes
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.plan import params, run_key
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.plan.plan import Change, StagePlan
from stagebook.project.errors import StagebookError


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> QuickProject:
    """A built project; never changed, only copied."""
    root = tmp_path_factory.mktemp("planning") / "quick"
    root.mkdir()
    project = QuickProject.create(root, with_notebook=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        project.repro()
    return project


@pytest.fixture
def project(built: QuickProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> QuickProject:
    copy = built.copy(tmp_path / "quick")
    monkeypatch.chdir(copy.root)
    return copy


def stage(project: QuickProject, name: str) -> StagePlan:
    return next(stage for stage in project.plan().stages if stage.name == name)


def words(project: QuickProject, name: str) -> list[str]:
    return [reason.words for reason in stage(project, name).reasons]


def git(project: QuickProject, *arguments: str) -> None:
    user = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *user, *arguments], cwd=project.root, check=True, capture_output=True)


def test_a_built_project_is_fresh(project: QuickProject) -> None:
    states = project.states()
    assert {states.pop(name) for name in ("stamp", "hello")} == {"always"}
    assert states.pop("stamped") == "after"
    assert set(states.values()) == {"fresh"}


def test_the_key_of_a_run_is_that_of_dvc(project: QuickProject) -> None:
    root = project.root
    files = ProjectFiles.of(root, root / ".stagebook")
    stages = nodes.read(root)
    states = params.read(root, stages)
    recorded = lock.read(root)
    keys = set()
    for node in stages:
        if node.name in recorded.entries and node.outs and not node.always and not node.persisted:
            values = {file: states[node.name, file].values or {} for file in node.keys}
            deps = {path: files.md5(path) or "" for path in node.deps}
            keys.add(run_key.of(node, deps, values, files.is_executable))
    runs = Cache.of(root).folder / "runs"
    assert {path.name for path in runs.glob("*/*")} <= keys
    assert len(list(runs.glob("*/*"))) >= 6


def test_a_run_that_dvc_keeps_is_restored(project: QuickProject) -> None:
    project.edit("code/y.txt", "0", "1")
    assert project.states()["whole"] == "stale"
    assert project.repro()["whole"] == "run"
    project.edit("code/y.txt", "1", "0")
    assert project.states()["whole"] == "restored"
    assert project.repro()["whole"] == "restored"


def test_each_change_has_its_reason(project: QuickProject) -> None:
    project.edit("params.yaml", "limit: 0", "limit: 200")
    project.edit("extra.yaml", "size: 0", "other: 1")
    project.edit("dvc.yaml", "sed 's/^/h /'", "sed 's/^/H /'")
    project.edit("code/y.txt", "0", "1")
    (project.root / "data/last.txt").unlink()
    assert words(project, "count") == ["limit 0 → 200 (params.yaml)"]
    assert words(project, "whole_params") == [
        "other not set → 1 (extra.yaml)",
        "size 0 → not set (extra.yaml)",
    ]
    assert words(project, "head") == ["command changed"]
    assert words(project, "whole") == ["code/y.txt changed", "after parts"]
    assert words(project, "last") == ["output missing: data/last.txt", "after parts", "after head"]


def test_a_list_of_commands_is_another_command_than_the_text_of_them(project: QuickProject) -> None:
    text = (project.root / "dvc.yaml").read_text()
    line = next(line for line in text.splitlines() if "sed 's/^/h /'" in line)
    command = line.partition("cmd: ")[2]
    project.edit("dvc.yaml", line, line.replace(command, f"[{json.dumps(command)}]"))
    assert words(project, "head") == ["command changed"]


def test_a_missing_input_is_named(project: QuickProject) -> None:
    (project.root / "code/y.txt").unlink()
    (reason,) = stage(project, "whole").reasons
    assert (reason.change, reason.subject) == (Change.INPUT_MISSING, "code/y.txt")


def test_a_function_in_an_input_is_named(project: QuickProject) -> None:
    project.edit("dvc.yaml", "deps: [data/sorted.txt]", "deps: [data/sorted.txt, code/helper.py]")
    project.repro()
    git(project, "add", "-A")
    git(project, "commit", "-m", "built")
    project.edit("code/helper.py", "return 0", "return 1")
    (reason,) = stage(project, "head").reasons
    assert reason.words == "code/helper.py: other changed"
    assert reason.lines == ("-     return 0", "+     return 1")


def test_rows_of_a_table_are_counted(project: QuickProject) -> None:
    table = project.root / "data/table.parquet"
    pd.DataFrame({"a": range(3)}).to_parquet(table)
    read = "  read:\n    cmd: cp data/table.parquet data/copy.parquet\n"
    read += "    deps: [data/table.parquet]\n    outs: [data/copy.parquet]\n"
    project.edit("dvc.yaml", "stages:\n", f"stages:\n{read}")
    project.repro()
    pd.DataFrame({"a": range(1200)}).to_parquet(table)
    assert words(project, "read") == ["data/table.parquet changed: 3 → 1,200 rows"]


def test_a_stage_that_runs_is_named(project: QuickProject) -> None:
    writer = {"pid": os.getpid(), "cmd": "dvc repro"}
    noted = {"write": {str(project.root / "data/sorted.txt"): writer}, "read": {}}
    (project.root / ".dvc/tmp").mkdir(exist_ok=True)
    (project.root / ".dvc/tmp/rwlock").write_text(json.dumps(noted))
    (project.root / "data/sorted.txt").unlink()
    assert project.plan().running == ("sort",)
    assert project.states()["head"] == "after"


def test_a_plan_writes_nothing_but_caches(project: QuickProject) -> None:
    def state() -> dict[str, float]:
        files = (path for path in project.root.rglob("*") if path.is_file())
        return {
            str(path.relative_to(project.root)): path.stat().st_mtime
            for path in files
            if ".stagebook/cache" not in str(path)
        }

    before = state()
    project.plan()
    assert state() == before


def test_git_is_not_needed(project: QuickProject) -> None:
    before = project.states()
    shutil.rmtree(project.root / ".git")
    assert project.states() == before
    project.edit("raw.csv", "0", "1")
    assert words(project, "count") == ["raw.csv changed"]


def test_before_the_first_build_all_is_stale(project: QuickProject) -> None:
    (project.root / "dvc.lock").unlink()
    shutil.rmtree(project.root / ".dvc/cache/runs")
    assert words(project, "count") == ["never built"]
    assert words(project, "parts") == ["never built", "after count"]


def test_a_merge_conflict_in_the_lock_is_a_problem(project: QuickProject) -> None:
    text = (project.root / "dvc.lock").read_text()
    project.write("dvc.lock", f"<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n")
    with pytest.raises(StagebookError) as caught:
        project.plan()
    assert [problem.code for problem in caught.value.problems] == ["merge-conflict"]


def test_targets_are_built_with_what_is_before_them(project: QuickProject) -> None:
    assert set(project.states("head")) == {"sort", "head"}
    assert set(project.states("data/whole.txt")) == {"count", "parts", "whole"}
    with pytest.raises(StagebookError) as caught:
        project.plan("heat")
    assert caught.value.problems[0].hint == "Did you mean `head`?"


def plan(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plan", *arguments])


def test_check_ends_with_14_if_a_stage_is_stale(project: QuickProject) -> None:
    assert project.states()["stamped"] == "after"  # a stage that always runs
    assert plan("--check").exit_code == 0
    project.edit("raw.csv", "0", "1")
    assert plan("--check").exit_code == 14
    assert plan().exit_code == 0


def test_a_stage_that_runs_in_every_build_is_not_called_fresh(project: QuickProject) -> None:
    assert plan("hello").stdout.splitlines()[-1].startswith("1 runs in every build")
    assert plan("hello", "stamp", "head").stdout.splitlines()[-1] == (
        "2 run in every build, 2 fresh"
    )
    assert plan("head").stdout.splitlines()[-1] == "2 stages: all fresh."


def test_an_edited_output_of_a_frozen_stage_is_a_reason(project: QuickProject) -> None:
    project.write("data/pinned.txt", "edited")
    pinned = stage(project, "pinned")
    assert pinned.frozen
    assert words(project, "pinned") == ["output changed: data/pinned.txt"]
    assert project.plan().stale == ("pinned",)
    assert "all fresh" not in plan("pinned").stdout
    assert plan("--check").exit_code == 14
    before = (project.root / "dvc.lock").read_text()
    project.repro("pinned")
    assert (project.root / "dvc.lock").read_text() != before
    assert words(project, "pinned") == []
    assert plan("--check").exit_code == 0


@pytest.mark.parametrize(
    ("folder", "target", "names"),
    [
        ("code", "../data/head.txt", {"sort", "head"}),
        ("data", "head.txt", {"sort", "head"}),
        ("data", "./parts", {"count", "parts"}),
        ("code", "head", {"sort", "head"}),
        ("code", "../dvc.yaml:head", {"sort", "head"}),
        (".", "./data/head.txt", {"sort", "head"}),
        (".", "dvc.yaml:head", {"sort", "head"}),
    ],
)
def test_a_target_is_looked_for_in_the_working_folder(
    project: QuickProject,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    target: str,
    names: set[str],
) -> None:
    monkeypatch.chdir(project.root / folder)
    result = plan(target, "--json")
    assert {item["stage"] for item in json.loads(result.stdout)["stages"]} == names


def test_two_commits_are_compared(project: QuickProject) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-m", "first")
    project.edit("params.yaml", "limit: 0", "limit: 1")
    project.edit("raw.csv", "x\n0", "x\n0\n0")
    project.repro()
    git(project, "commit", "-am", "second")
    for revisions in ("HEAD~1..HEAD", "HEAD~1"):
        printed = json.loads(plan("--since", revisions, "--json").stdout)
        stages = {item["stage"]: item for item in printed["stages"]}
        reasons = [reason["words"] for reason in stages["count"]["reasons"]]
        assert reasons == ["raw.csv changed", "limit 0 → 1 (params.yaml)"]
        assert stages["parts"]["after"] == ["count"]
        assert stages["head"]["state"] == "fresh"
    assert json.loads(plan("--since", "HEAD", "--json").stdout)["stale"] is False


def test_secrets_are_masked(project: QuickProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2-hunter2")
    project.edit("params.yaml", "limit: 0", "limit: hunter2-hunter2")
    assert "hunter2" not in plan("--json").stdout + plan().stdout


def test_a_page_has_each_reason(project: QuickProject, tmp_path: Path) -> None:
    project.edit("params.yaml", "limit: 0", "limit: <b>")
    page = tmp_path / "plan.html"
    assert plan("--html", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "limit 0 → &lt;b&gt; (params.yaml)" in text
    assert "http" not in text.replace("http-equiv", "")


HEAVY = ("dvc", "pandas", "numpy", "pyarrow", "mlflow", "papermill", "nbformat", "IPython")


def test_a_plan_imports_no_heavy_library(project: QuickProject) -> None:
    project.edit("raw.csv", "0", "1")
    code = (
        "import sys; from stagebook.cli.main import main; main(['plan'], standalone_mode=False); "
        f"print(*sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=True
    )
    assert "raw.csv changed" in done.stdout
    assert done.stderr.strip() == ""
