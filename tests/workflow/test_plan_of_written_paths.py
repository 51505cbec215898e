"""A path may be written in any form: the plan finds the run that DVC restores."""

from pathlib import Path

import pytest
from plan_projects import QuickProject

FILES = {"raw": "1", "d/x": "1", "p.yaml": "key: 1\n", "code/x": "", "below/x": ""}


def stage(cmd: str, dep: str, out: str, more: str = "") -> str:
    return f"stages:\n  a:\n    cmd: {cmd}\n    deps: [{dep}]\n    outs: [{out}]\n{more}"


CASES = {
    "dot": ("dvc.yaml", stage("cp raw s.txt", "./raw", "./s.txt")),
    "slash": ("dvc.yaml", stage("mkdir -p o; cp raw d/x o", "d/, raw", "o/")),
    "up": ("dvc.yaml", stage("cp raw s.txt", "d/../raw", "d/../s.txt")),
    "wdir": ("dvc.yaml", stage("cp ../raw s.txt", "./../raw", "./s.txt", "    wdir: ./code\n")),
    "params": (
        "dvc.yaml",
        stage("cp raw s.txt", "raw", "s.txt", "    params: [./p.yaml: [key]]\n"),
    ),
    "resolved": (
        "dvc.yaml",
        stage("cp ${name} s.txt", "./raw", "./s.txt", "vars: [{name: raw}]\n"),
    ),
    "folder": ("below/dvc.yaml", stage("cp ../raw s.txt", "../raw", "s.txt")),
    "both": ("below/dvc.yaml", stage("cp ../raw s.txt", "./../raw", "./s.txt")),
    "absolute": ("dvc.yaml", stage("cp raw s.txt", "{root}/raw", "s.txt")),
    "outside": ("dvc.yaml", stage("cat raw {outside} > s.txt", "./raw, {outside}", "s.txt")),
    "resolved outside": (
        "dvc.yaml",
        stage("cat raw {outside} > s.txt", "./raw, {outside}", "s.txt", "vars: [{name: raw}]\n"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_is_found_however_its_paths_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    root = tmp_path / "written"
    root.mkdir()
    monkeypatch.chdir(root)
    (tmp_path / "outside").write_text("1")
    file, text = CASES[case]
    text = text.replace("{root}", str(root)).replace("{outside}", str(tmp_path / "outside"))
    project = QuickProject.of_stages(root, "stages: {}\n", FILES | {file: text})
    name = "a" if file == "dvc.yaml" else f"{file}:a"
    for value in ("1", "2"):
        project.write("raw", value)
        assert project.states(name)[name] == "stale"
        assert project.repro(name)[name] == "run"
        assert project.states(name)[name] == "fresh"
    project.write("raw", "1")
    assert project.states(name)[name] == "restored"
    assert project.repro(name)[name] == "restored"
    assert project.states(name)[name] == "fresh"
