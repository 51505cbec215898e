"""Branches of a project are merged, rebased and cherry-picked, and DVC builds the result."""

import re
from pathlib import Path

import pytest
from checkout import Checkout
from folders import WHO

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

STAGES = """stages:
  one:
    cmd: sed 's/^/1 /' a.txt > one.txt
    deps: [a.txt]
    outs: [one.txt]
  two:
    cmd: sed 's/^/2 /' b.txt > two.txt
    deps: [b.txt]
    outs: [two.txt]
  both:
    cmd: cat one.txt two.txt > both.txt && wc -l < both.txt > lines.json
    deps: [one.txt, two.txt]
    outs: [both.txt]
    metrics:
      - lines.json:
          cache: false
"""


class Branches(Checkout):
    """A repository with the branches ``main``, ``left`` and ``right``, each built."""

    def git(self, *arguments: str) -> str:
        return self.ok("git", *WHO, *arguments).output.strip()

    def build_on(self, branch: str, files: dict[str, str]) -> None:
        """A branch from ``main`` with a commit of changed files and what DVC made of them."""
        self.git("switch", "-q", "-c", branch, "main")
        self.ok("dvc", "checkout", "-q")
        for path, text in files.items():
            self.write(path, text)
        self.ok("dvc", "repro", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", branch)

    def conflicts(self) -> set[str]:
        return set(self.git("diff", "--name-only", "--diff-filter=U").splitlines())

    def lock(self) -> str:
        return self.read("dvc.lock")


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Branches:
    """The repository, set up, with the branch main, built; never changed, only copied."""
    branches = Branches(tmp_path_factory.mktemp("merges") / "a project")
    branches.root.mkdir()
    branches.ok("git", "init", "-q", "-b", "main")
    branches.ok("dvc", "init", "-q")
    branches.write("pyproject.toml", "[tool.stagebook]\n")
    for path, text in {"dvc.yaml": STAGES, "a.txt": "a\n", "b.txt": "b\n"}.items():
        branches.write(path, text)
    branches.ok("stagebook", "sync")
    branches.ok("stagebook", "setup-git")
    branches.ok("dvc", "repro", "-q")
    branches.git("add", "-A")
    branches.git("commit", "-q", "-m", "main")  # with the hook
    return branches


@pytest.fixture(scope="module")
def diverged(set_up: Branches, tmp_path_factory: pytest.TempPathFactory) -> Branches:
    """Left built ``one`` and ``both``, right built ``two`` and ``both``; on left."""
    branches = copied(set_up, tmp_path_factory.mktemp("diverged") / "a project")
    branches.build_on("right", {"b.txt": "b right\n"})
    branches.build_on("left", {"a.txt": "a left\n"})
    return branches


def copied(branches: Branches, folder: Path) -> Branches:
    return Branches(branches.copy(folder).root)


@pytest.fixture
def branches(diverged: Branches, tmp_path: Path) -> Branches:
    return copied(diverged, tmp_path / "a project")


def resolved(text: str, side: int) -> str:
    """A lock with one side of each conflict."""
    pattern = r"<{7} [^\n]*\n(.*?)={7}\n(.*?)>{7} [^\n]*\n"
    return re.sub(pattern, rf"\{side}", text, flags=re.DOTALL)


def sides(text: str) -> list[str]:
    """The stages within the conflicts of a lock."""
    pattern = r"<{7} [^\n]*\n(.*?)={7}\n(.*?)>{7} [^\n]*\n"
    parts = (part for match in re.finditer(pattern, text, re.DOTALL) for part in match.groups())
    return [name for part in parts for name in re.findall(r"^  (\w+):$", part, re.MULTILINE)]


COMMANDS = {
    "merge": (["merge", "-q", "right"], ["commit", "-q", "--no-edit"]),
    "rebase": (["rebase", "-q", "right"], ["rebase", "--continue"]),
    "cherry-pick": (["cherry-pick", "right"], ["cherry-pick", "--continue"]),
}


@pytest.mark.parametrize(("command", "side"), [("merge", 1), ("rebase", 2), ("cherry-pick", 2)])
def test_only_a_stage_that_both_sides_built_is_in_conflict_and_dvc_builds_what_was_chosen(
    branches: Branches, command: str, side: int
) -> None:
    start, go_on = COMMANDS[command]
    branches.env["GIT_EDITOR"] = "true"
    assert branches.run("git", *WHO, *start).code != 0
    assert branches.conflicts() == {"dvc.lock"}
    assert sides(branches.lock()) == ["both", "both"]
    branches.write("dvc.lock", resolved(branches.lock(), side))
    branches.git("add", "dvc.lock")
    branches.git(*go_on)
    branches.ok("dvc", "checkout", "-q", "one", "two")
    assert branches.ok("dvc", "repro").stages == {"both"}
    assert branches.read("both.txt") == "1 a left\n2 b right\n"
    assert "up to date" in branches.ok("dvc", "status").output


def test_stages_that_one_side_built_are_merged_and_their_outputs_checked_out(
    set_up: Branches, tmp_path: Path
) -> None:
    branches = copied(set_up, tmp_path / "a project")
    without = STAGES[: STAGES.index("  both:")]
    branches.write("dvc.yaml", without)
    branches.ok("dvc", "repro", "-q")
    branches.git("commit", "-qam", "less", "--no-verify")
    branches.build_on("right", {"b.txt": "b right\n"})
    branches.build_on("left", {"a.txt": "a left\n"})
    branches.git("merge", "-q", "--no-edit", "right")
    assert branches.conflicts() == set()
    assert branches.read("two.txt") == "2 b\n"  # outputs are not git's, and stay as they were
    branches.ok("dvc", "checkout", "-q")
    assert branches.read("one.txt") == "1 a left\n"
    assert branches.read("two.txt") == "2 b right\n"
    assert branches.ok("dvc", "repro").stages == set()


def test_metrics_of_both_sides_are_resolved_by_the_next_build(
    set_up: Branches, tmp_path: Path
) -> None:
    branches = copied(set_up, tmp_path / "a project")
    branches.build_on("right", {"b.txt": "b\nright\n"})
    branches.build_on("left", {"a.txt": "a\nleft\nleft\n"})
    assert branches.run("git", *WHO, "merge", "-q", "right").code == 1
    assert branches.conflicts() == {"dvc.lock", "lines.json"}
    branches.git("checkout", "--ours", "dvc.lock", "lines.json")
    branches.git("add", "dvc.lock", "lines.json")
    assert branches.ok("dvc", "repro").stages == {"both"}  # two is in the run cache
    assert branches.read("lines.json").strip() == "5"
    branches.git("commit", "-q", "-a", "--no-edit")
    assert "up to date" in branches.ok("dvc", "status").output


NOTEBOOK = """# %% tags=["parameters"]
from stagebook import Out
made: Out = "{0}.txt"

# %%
open(made, "w").write("{0}")
"""


def test_dvc_yaml_of_both_sides_is_resolved_by_sync(set_up: Branches, tmp_path: Path) -> None:
    branches = copied(set_up, tmp_path / "a project")
    for side in ("right", "left"):
        branches.git("switch", "-q", "-c", side, "main")
        branches.write(f"notebooks/{side}.py", NOTEBOOK.format(side))
        branches.ok("stagebook", "sync")
        branches.git("add", "-A")
        branches.git("commit", "-q", "-m", side)
    assert branches.run("git", *WHO, "merge", "-q", "right").code == 1
    assert "dvc.yaml" in branches.conflicts()
    assert [problem.code for problem in branches.run("stagebook", "sync", "--json").problems] == [
        "merge-conflict"
    ]
    branches.git("checkout", "--ours", "dvc.yaml", ".gitignore")
    branches.ok("stagebook", "sync")
    branches.git("add", "-A")
    branches.git("commit", "-q", "--no-edit")  # with the hook
    assert branches.ok("stagebook", "sync", "--check").code == 0
    text = branches.read("dvc.yaml")
    assert all(f"stagebook run {side}" in text for side in ("left", "right"))


def test_a_commit_with_a_notebook_that_dvc_yaml_lacks_is_stopped_by_the_hook(
    set_up: Branches, tmp_path: Path
) -> None:
    branches = copied(set_up, tmp_path / "a project")
    linked = Branches(tmp_path / "linked")
    branches.git("worktree", "add", "-q", str(linked.root))
    for checkout in (branches, linked):
        checkout.write("notebooks/new.py", NOTEBOOK.format("new"))
        checkout.git("add", "-A")
        assert checkout.run("git", *WHO, "commit", "-q", "-m", "new").code != 0
        checkout.ok("stagebook", "sync")
        checkout.git("add", "-A")
        checkout.git("commit", "-q", "-m", "new")


def test_branches_that_built_different_notebooks_merge_and_run_no_notebook_again(
    tmp_path: Path,
) -> None:
    branches = Branches(tmp_path / "notebooks")
    branches.root.mkdir()
    branches.ok("git", "init", "-q", "-b", "main")
    branches.ok("dvc", "init", "-q")
    branches.write("pyproject.toml", "[tool.stagebook]\n")
    for side in ("left", "right"):
        branches.write(f"notebooks/{side}.py", NOTEBOOK.format(side))
    branches.ok("stagebook", "sync")
    branches.ok("stagebook", "setup-git")
    branches.ok("dvc", "repro", "-q")
    branches.git("add", "-A")
    branches.git("commit", "-q", "--no-verify", "-m", "main")
    for side in ("right", "left"):
        text = NOTEBOOK.format(side).replace('write("', 'write("new ')
        branches.build_on(side, {f"notebooks/{side}.py": text})
    branches.git("merge", "-q", "--no-edit", "right")
    branches.ok("dvc", "checkout", "-q")
    assert branches.ok("dvc", "repro").stages == {"sources"}
    assert [branches.read(f"{side}.txt") for side in ("left", "right")] == ["new left", "new right"]
    assert branches.git("status", "--porcelain", "dvc.lock") == ""
    branches.assert_no_kernels()
