"""The files for CI systems, here and in the docs, are what those systems take."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_pages import ROOT, blocks
from ruamel.yaml import YAML

TEMPLATES = ROOT / "docs" / "workflows"
WORKFLOWS = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    *sorted((TEMPLATES / "github").glob("*.yml")),
]
GITLAB = TEMPLATES / "gitlab" / "model.gitlab-ci.yml"
SCRIPTS = [
    ROOT / ".ci" / "run",
    *sorted((TEMPLATES / "ci").iterdir()),
    ROOT / "tests" / "projects" / "watched" / "ci" / "model.conf",
]
BIN = Path(sys.executable).parent
SHOWN = {
    one.comment.removeprefix("file: "): one.text
    for one in blocks(ROOT / "docs" / "how-to" / "ci.md")
    if one.comment.startswith("file: ")
}
SCHEMAS = {
    ".github/workflows/build.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
}


def refusal(schema: str, text: str, folder: Path) -> str:
    """What the linter has against a text; empty for nothing."""
    file = folder / "file.yml"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_that_is_shown_is_taken(name: str, tmp_path: Path) -> None:
    assert refusal(SCHEMAS[name], SHOWN[name], tmp_path) == ""


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_taken(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert refusal("vendor.github-workflows", text, tmp_path) == ""


def test_the_template_for_gitlab_is_taken(tmp_path: Path) -> None:
    text = GITLAB.read_text(encoding="utf-8")
    assert refusal("vendor.gitlab-ci", text, tmp_path) == ""


def linted(*command: str | Path) -> str:
    """What a linter has against files; empty for nothing."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def audit(*paths: Path) -> str:
    """What zizmor has against workflows: expressions in scripts, rights, actions without a pin."""
    return linted("zizmor", "--offline", "--quiet", "--config", ".github/zizmor.yml", *paths)


def test_workflows_have_none_of_the_known_weaknesses(tmp_path: Path) -> None:
    assert audit(*WORKFLOWS) == ""
    text = (TEMPLATES / "github" / "model-promote.yml").read_text(encoding="utf-8")
    weak = tmp_path / "weak.yml"
    weak.write_text(text.replace("promote\n", "promote ${{ github.event.head_commit.message }}\n"))
    assert "template-injection" in audit(weak)
    weak.write_text(text.replace("actions/setup-python@v5", "somebody/setup-python@v5"))
    assert "unpinned-uses" in audit(weak)
    weak.write_text(text.replace("persist-credentials: false", "fetch-depth: 0"))
    assert "artipacked" in audit(weak)


def test_shell_scripts_are_clean(tmp_path: Path) -> None:
    assert linted("shellcheck", "-x", *SCRIPTS) == ""
    lines = [("bash", script) for script in _steps()] + [("bash", script) for script in _gitlab()]
    for number, (shell, script) in enumerate(lines):
        file = tmp_path / f"{number}.sh"
        file.write_text(script, encoding="utf-8")
        assert linted("shellcheck", f"--shell={shell}", file) == ""
    broken = tmp_path / "broken.sh"
    broken.write_text("rm -rf $folder/*\n")
    assert "SC2086" in linted("shellcheck", "--shell=bash", broken)


def _steps() -> Iterator[str]:
    """The scripts of all workflows for GitHub."""
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS]
    for text in [*texts, SHOWN[".github/workflows/build.yml"]]:
        for job in YAML(typ="safe").load(text)["jobs"].values():
            yield from (step["run"] for step in job["steps"] if "run" in step)


def _gitlab() -> Iterator[str]:
    """The scripts of all jobs for GitLab, whose lines one shell runs."""
    for text in (GITLAB.read_text(encoding="utf-8"), SHOWN[".gitlab-ci.yml"]):
        for job in YAML(typ="safe").load(text).values():
            yield "\n".join(job.get("script", []))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (".github/workflows/build.yml", "runs-on:", "run-on:"),
        (".github/workflows/build.yml", "timeout-minutes: 60", "timeout-minutes: [60]"),
        (".github/workflows/build.yml", "contents: read", "contents: some"),
        (".gitlab-ci.yml", "when: always", "when: ever"),
        (".gitlab-ci.yml", "exit_codes:", "exitcodes:"),
    ],
)
def test_a_broken_file_is_refused(name: str, good: str, bad: str, tmp_path: Path) -> None:
    text = SHOWN[name].replace(good, bad, 1)
    assert text != SHOWN[name]
    assert "Schema validation errors" in refusal(SCHEMAS[name], text, tmp_path)


def test_make_check_looks_at_the_workflows() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml" in (
        makefile.replace("\t", "")
    )


@pytest.mark.parametrize(
    "text",
    [*(one.read_text(encoding="utf-8") for one in WORKFLOWS), SHOWN[".github/workflows/build.yml"]],
    ids=[*(one.name for one in WORKFLOWS), "shown"],
)
def test_a_workflow_may_do_no_more_than_it_has_to(text: str) -> None:
    workflow = YAML(typ="safe").load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in text
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"actions/[a-z/-]+@v\d+", one) for one in used)
        scripts = [step["run"] for step in job["steps"] if "run" in step]
        assert not [one for one in scripts if "${{" in one], "what others name is not shell code"
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items() if _writes(job)}
    assert rights.items() <= RIGHTS.items()
    for name in rights:  # nothing of the project runs there, of which others may have a part
        for step in workflow["jobs"][name]["steps"]:
            words = {line.split()[0] for line in step.get("run", "").splitlines() if line.strip()}
            assert not words & {"python", "stagebook", "dvc", "make", "ci/model.sh", "bash"}


RIGHTS = {
    "comment": {"pull-requests": "write"},
    "issue": {"issues": "write"},
    "propose": {"contents": "write", "pull-requests": "write"},
}
"""The jobs that may write, and what."""


def _writes(job: dict[str, Any]) -> bool:
    return "write" in str(job.get("permissions", ""))


def test_every_script_is_one_of_a_shell() -> None:
    scripts = [*_steps(), *_gitlab()]
    scripts += re.findall(r"(?:sh |script: )'([^']*)'", SHOWN["Jenkinsfile"])
    assert len(scripts) > 20
    for script in scripts:
        done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, check=False)
        assert done.returncode == 0, script
