"""The files for CI systems, here and in the docs, are what those systems take."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_pages import ROOT, blocks
from ruamel.yaml import YAML

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
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
def test_a_workflow_of_this_repository_is_taken(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert refusal("vendor.github-workflows", text, tmp_path) == ""


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
        assert job["timeout-minutes"] <= 60
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", one) for one in used)
        scripts = [step["run"] for step in job["steps"] if "run" in step]
        assert not [one for one in scripts if "${{" in one], "what others name is not shell code"
        if "write" in str(job.get("permissions", "")):
            assert job["permissions"] == {"pull-requests": "write"}
            assert "actions/checkout@v4" not in used


def test_every_script_is_one_of_a_shell() -> None:
    loaded = [YAML(typ="safe").load(one.read_text(encoding="utf-8")) for one in WORKFLOWS]
    loaded.append(YAML(typ="safe").load(SHOWN[".github/workflows/build.yml"]))
    steps = [step for one in loaded for job in one["jobs"].values() for step in job["steps"]]
    scripts = [step["run"] for step in steps if "run" in step]
    scripts += YAML(typ="safe").load(SHOWN[".gitlab-ci.yml"])["build"]["script"]
    scripts += re.findall(r"(?:sh |script: )'([^']*)'", SHOWN["Jenkinsfile"])
    assert len(scripts) > 20
    for script in scripts:
        done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, check=False)
        assert done.returncode == 0, script
