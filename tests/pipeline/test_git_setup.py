"""What is set up in a repository, next to what a person has there, and how it is undone."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from folders import WHO, commit, git, write
from hypothesis import given
from hypothesis import strategies as st

from stagebook.pipeline.git_setup import hook_config, marked_lines
from stagebook.pipeline.git_setup.environment import has_stagebook, own_python
from stagebook.pipeline.git_setup.git_setup import GitSetup, unconfigured
from stagebook.workflow import git_repository

SETTINGS = "[tool.stagebook]\n"
OUTPUT = {"output_type": "stream", "name": "stdout", "text": ["7\n"]}


def notebook(code: str = "print(7)", *, outputs: bool = True) -> str:
    cell = {
        "cell_type": "code",
        "execution_count": 3 if outputs else None,
        "id": "an-id",
        "metadata": {"tags": ["parameters"]},
        "outputs": [OUTPUT] if outputs else [],
        "source": code.splitlines(keepends=True),
    }
    document = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1) + "\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository that is a project, in a folder with a space."""
    root = tmp_path / "my project"
    root.mkdir()
    git(root, "init", "-q")
    write(root, {"pyproject.toml": SETTINGS, "notebooks/a.ipynb": notebook()})
    return root


def set_up(root: Path) -> GitSetup:
    """Writes the setup; nothing is missing afterwards that Stagebook can write."""
    setup = GitSetup.missing(root)
    setup.write(root)
    assert not GitSetup.missing(root).changes
    return setup


def state(root: Path) -> dict[str, bytes]:
    """All that the setup may change."""
    top = Path(git(root, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    files = (*root.rglob(".gitattributes"), *root.glob(".pre-commit*"), top / "config")
    hooks = (path for path in (top / "hooks").glob("*") if path.suffix != ".sample")
    return {str(path): path.read_bytes() for path in (*files, *hooks)}


def committed(root: Path, path: str) -> str:
    return git(root, "show", f"HEAD:{path}") + "\n"


def codes(setup: GitSetup) -> list[str]:
    return [problem.code for problem in setup.problems]


def test_outputs_stay_on_disk_and_out_of_commits_with_the_ids(root: Path) -> None:
    set_up(root)
    git(root, "add", "-A")
    git(root, *WHO, "commit", "--no-verify", "-qm", "first")
    assert (root / "notebooks/a.ipynb").read_text() == notebook()
    assert committed(root, "notebooks/a.ipynb") == notebook(outputs=False)
    assert git(root, "status", "--porcelain") == ""


def test_a_file_that_is_no_notebook_is_committed_as_it_is(root: Path) -> None:
    set_up(root)
    write(root, {"notebooks/b.ipynb": "<<<<<<< no JSON\n"})
    git(root, "add", "-A")
    assert git(root, "show", ":notebooks/b.ipynb") == "<<<<<<< no JSON"


def test_a_diff_and_a_log_show_code_and_no_json(root: Path) -> None:
    set_up(root)
    git(root, "add", "-A")
    git(root, *WHO, "commit", "--no-verify", "-qm", "first")
    write(root, {"notebooks/a.ipynb": notebook("x = 1\nprint(8)")})
    changed = [line for line in git(root, "diff").splitlines() if line[0] in "+-"][2:]
    assert changed == ["-print(7)", "+x = 1", "+print(8)"]
    added = git(root, "log", "-p", "--", "notebooks").splitlines()
    assert added[-2:] == ['+# %% tags=["parameters"]', "+print(7)"]


def test_a_module_of_the_project_with_a_name_of_pythons_is_not_imported(root: Path) -> None:
    set_up(root)
    write(root, {"json.py": "raise SystemExit(1)\n", "stagebook/__init__.py": "1 / 0\n"})
    git(root, "add", "-A")
    assert json.loads(git(root, "show", ":notebooks/a.ipynb"))["cells"][0]["outputs"] == []


def test_outputs_that_were_committed_before_are_named_until_they_are_gone(root: Path) -> None:
    commit(root)
    setup = set_up(root)
    assert codes(setup) == []
    (problem,) = GitSetup.missing(root).problems
    assert problem.code == "outputs-in-git"
    assert problem.hint == "Run: git add --renormalize notebooks/a.ipynb && git commit"
    git(root, "add", "--renormalize", "notebooks/a.ipynb")
    assert codes(GitSetup.missing(root)) == []


@pytest.mark.parametrize(
    "text", ["", "*.csv -text\n", "*.png binary\r\n# mine", "\n\n*.x y", "\ufeff*.x y\n"]
)
def test_a_removal_leaves_all_files_as_they_were(root: Path, text: str) -> None:
    hook = root / ".git/hooks/pre-commit"
    if text:
        write(root, {".gitattributes": text, ".git/hooks/pre-commit": f"#!/bin/bash\n{text}"})
        hook.chmod(0o755)
    before = state(root)
    set_up(root)
    assert state(root) != before
    GitSetup.removal(root).write(root)
    assert state(root) == before
    assert not GitSetup.removal(root).changes
    assert not hook.exists() or os.access(hook, os.X_OK)


def test_a_persons_own_lines_and_drivers_stay_in_force(root: Path) -> None:
    write(root, {".gitattributes": "*.ipynb filter=lfs\nold/*.ipynb -filter\n"})
    set_up(root)
    answer = git(root, "check-attr", "filter", "diff", "--", "a.ipynb", "old/a.ipynb")
    assert answer.splitlines() == [
        "a.ipynb: filter: lfs",
        "a.ipynb: diff: stagebook-notebook",
        "old/a.ipynb: filter: unset",
        "old/a.ipynb: diff: stagebook-notebook",
    ]


def test_what_a_folder_above_the_project_sets_stays_in_force(root: Path) -> None:
    below = root / "its parts" / "this one"
    write(root, {".gitattributes": "*.ipynb filter=theirs\n"})
    write(below, {"pyproject.toml": SETTINGS})
    set_up(below)
    answer = git(below, "check-attr", "filter", "diff", "merge", "--", "a.ipynb", "dvc.lock")
    assert [line.split(": ")[2] for line in answer.splitlines()] == [
        *("theirs", "stagebook-notebook", "unspecified"),
        *("unspecified", "unspecified", "stagebook-lock"),
    ]
    assert not (root / ".gitattributes").read_text().startswith("# >>>")


def test_the_hook_of_a_project_below_the_repository_checks_there(root: Path) -> None:
    below = root / "its parts"
    write(below, {"pyproject.toml": SETTINGS})
    set_up(below)
    hook = (root / ".git/hooks/pre-commit").read_text()
    assert "(cd 'its parts' && " in hook
    set_up(root)
    assert (root / ".git/hooks/pre-commit").read_text().count(" sync --check") == 2


def test_the_configuration_stays_while_another_project_uses_it(root: Path) -> None:
    below = root / "below"
    write(below, {"pyproject.toml": SETTINGS})
    set_up(root)
    set_up(below)
    GitSetup.removal(below).write(below)
    assert not GitSetup.missing(root).changes
    GitSetup.removal(root).write(root)
    assert "stagebook" not in (root / ".git/config").read_text()


def test_a_worktree_and_a_submodule_have_hook_and_drivers(root: Path, tmp_path: Path) -> None:
    commit(root)
    linked, whole = tmp_path / "linked", tmp_path / "whole"
    git(root, "worktree", "add", "-q", str(linked))
    set_up(linked)
    assert not GitSetup.missing(root).settings
    assert (root / ".git/hooks/pre-commit").is_file()
    whole.mkdir()
    git(whole, "init", "-q")
    git(whole, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(root), "inner")
    set_up(whole / "inner")
    assert (whole / ".git/modules/inner/hooks/pre-commit").is_file()
    assert not (whole / ".git/hooks/pre-commit").exists()


def test_another_worktrees_environment_will_do_and_a_lost_one_will_not(root: Path) -> None:
    set_up(root)
    other = root / "other env/python"
    write(root, {"other env/python": f'#!/bin/sh\nexec {shlex.quote(own_python())} "$@"\n'})
    other.chmod(0o755)
    for path in (root / ".git/config", root / ".git/hooks/pre-commit"):
        path.write_text(path.read_text().replace(own_python(), f"'{other}'"))
    assert not GitSetup.missing(root).changes
    has_stagebook.cache_clear()
    other.unlink()
    setup = GitSetup.missing(root)
    assert {change.path for change in setup.files} == {".git/hooks/pre-commit"}
    assert {setting.key for setting in setup.settings} == {
        "filter.stagebook-notebook.clean",
        "diff.stagebook-notebook.textconv",
        "merge.stagebook-lock.driver",
    }
    set_up(root)


@pytest.mark.parametrize(
    ("text", "mode"),
    [("#!/usr/bin/env python\nprint()\n", 0o755), ("#!/bin/sh\ntrue\n", 0o644), ("\x7fELF", 0o755)],
    ids=["Python", "not executable", "a program"],
)
def test_a_hook_that_is_no_active_shell_script_is_left_to_the_person(
    root: Path, text: str, mode: int
) -> None:
    hook = root / ".git/hooks/pre-commit"
    write(root, {".git/hooks/pre-commit": text})
    hook.chmod(mode)
    assert codes(set_up(root)) == ["hook-by-hand"]
    assert hook.read_text() == text
    hook.write_text(f"{text}\n(cd . && stagebook sync --check)\n")
    assert codes(GitSetup.missing(root)) == []


def test_a_hook_that_is_a_link_is_left_to_the_person(root: Path) -> None:
    write(root, {"tools/check": "#!/bin/sh\n"})
    (root / "tools/check").chmod(0o755)
    (root / ".git/hooks/pre-commit").symlink_to(root / "tools/check")
    assert codes(set_up(root)) == ["hook-by-hand"]
    assert (root / "tools/check").read_text() == "#!/bin/sh\n"


def test_the_folder_of_core_hooks_path_is_left_to_the_person(root: Path) -> None:
    git(root, "config", "core.hooksPath", ".githooks")
    assert codes(set_up(root)) == ["hook-by-hand"]
    assert not (root / ".githooks").exists()
    write(root, {".githooks/pre-commit": "#!/bin/sh\nstagebook sync --check\n"})
    assert codes(GitSetup.missing(root)) == []


def test_the_hook_of_dvc_still_runs_after_the_check(root: Path) -> None:
    write(root, {".git/hooks/pre-commit": "#!/bin/sh\nexec dvc git-hook pre-commit $@\n"})
    (root / ".git/hooks/pre-commit").chmod(0o755)
    set_up(root)
    lines = (root / ".git/hooks/pre-commit").read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert lines[-1] == "exec dvc git-hook pre-commit $@"


def test_a_commit_on_a_branch_without_the_project_is_not_stopped(root: Path) -> None:
    set_up(root)
    write(root, {"pyproject.toml": "[project]\n"})
    git(root, "add", "pyproject.toml")
    git(root, "commit", "-qm", "before the project")


def test_a_lost_environment_stops_no_commit_and_is_told(root: Path) -> None:
    set_up(root)
    hook = root / ".git/hooks/pre-commit"
    hook.write_text(hook.read_text().replace(own_python(), "/gone/python"))
    git(root, "add", "pyproject.toml")
    command = ["git", *WHO, "commit", "-qm", "first"]
    ended = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    assert "Run: stagebook setup-git" in ended.stderr


def test_a_lost_environment_stops_no_diff_and_no_add(root: Path) -> None:
    set_up(root)
    config = root / ".git/config"
    config.write_text(config.read_text().replace(own_python(), "/gone/python"))
    git(root, "add", "-A")
    assert git(root, "show", ":notebooks/a.ipynb") + "\n" == notebook()
    write(root, {"notebooks/a.ipynb": notebook("8")})
    assert '+    "8"' in git(root, "diff").splitlines()


PRE_COMMIT = """\
# mine
repos:
{indent}- repo: https://example.org/hooks  # pinned
{indent}  rev: v1.0.0
{indent}  hooks:
{indent}    - id: one
{indent}    - {{id: two, args: [--fix]}}
{indent}# the end of the list
{after}"""


@pytest.mark.parametrize("indent", ["", "  ", "    "])
@pytest.mark.parametrize(
    "after", ["", "\ndefault_stages: [pre-commit]\n", "# x\nci:\n  skip: []\n"]
)
def test_pre_commits_configuration_gets_one_more_entry(root: Path, indent: str, after: str) -> None:
    text = PRE_COMMIT.format(indent=indent, after=after)
    write(root, {hook_config.FILE: text})
    before = state(root)
    set_up(root)
    with_entry = (root / hook_config.FILE).read_text()
    assert "id: stagebook-sync" in with_entry
    assert marked_lines.remove(with_entry, marked_lines.TITLE) == text
    assert not (root / ".git/hooks/pre-commit").exists()
    assert codes(GitSetup.missing(root)) == ["pre-commit-not-installed"]
    write(root, {".git/hooks/pre-commit": "#!/usr/bin/env bash\n# by https://pre-commit.com\n"})
    assert codes(GitSetup.missing(root)) == []
    (root / ".git/hooks/pre-commit").unlink()
    GitSetup.removal(root).write(root)
    assert state(root) == before


@pytest.mark.parametrize("text", ["repos: []\n", "ci: {}\n", "repos: [{repo: meta, hooks: []}]\n"])
def test_a_configuration_in_another_layout_is_left_to_the_person(root: Path, text: str) -> None:
    write(root, {hook_config.FILE: text})
    assert codes(set_up(root)) == ["hook-by-hand"]
    assert (root / hook_config.FILE).read_text() == text


def test_an_entry_that_a_person_wrote_counts(root: Path) -> None:
    entry = PRE_COMMIT.format(indent="  ", after="").replace(
        "id: one", "id: one\n        entry: uv run stagebook sync --check"
    )
    write(root, {hook_config.FILE: entry})
    set_up(root)
    assert (root / hook_config.FILE).read_text() == entry


def test_a_clone_that_is_not_set_up_has_a_problem(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert unconfigured(root) is None
    set_up(root)
    git(root, "add", "-A")
    git(root, *WHO, "commit", "--no-verify", "-qm", "first")
    assert unconfigured(root) is None
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(root), str(clone))
    problem = unconfigured(clone)
    assert problem is not None
    assert problem.code == "clone-not-set-up"
    assert git_repository.unconfigured(clone) == problem
    monkeypatch.setenv("CI", "true")
    assert git_repository.unconfigured(clone) is None
    set_up(clone)
    assert unconfigured(clone) is None


LINES = st.lists(st.sampled_from(["a", "", "# x", "#!/bin/sh", "  b"]), max_size=5)


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(0, 6))
def test_lines_are_inserted_once_and_removed_without_a_trace(
    lines: list[str], end: str, ended: bool, at: int
) -> None:
    text = end.join(lines) + (end if ended and lines else "")
    marked = marked_lines.insert(text, "t", ("new",), at=at)
    assert marked_lines.insert(marked, "t", ("new",)) == marked
    removed = marked_lines.remove(marked_lines.insert(marked, "t", ("newer", "still")), "t")
    assert removed in (text, text + "\n", text + "\r\n")
    assert marked_lines.remove(marked, "other") == marked
