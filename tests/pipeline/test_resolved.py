"""DVC resolves the outputs of a text before it is written, or says why it refuses it."""

import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo

from stagebook.pipeline import resolved
from stagebook.pipeline.resolved import DvcOutput
from stagebook.project.errors import StagebookError, Where

PARAMS = """\
regions: [eu, us]
folder: data/raw
"""
TEMPLATED = """\
vars:
  - name: late
stages:
  get:
    foreach: ${regions}
    do:
      cmd: get ${item}
      wdir: raw
      outs:
        - ${item}.csv
  fit:
    matrix:
      size: [small, large]
    cmd: fit ${item.size}
    outs:
      - models/${name}-${item.size}
    metrics:
      - metrics/${item.size}.json:
          cache: false
  keep:
    cmd: keep
    outs:
      - ${folder}/a.csv
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    Repo.init(str(root)).close()
    (root / "params.yaml").write_text(PARAMS, encoding="utf-8")
    (root / "raw").mkdir()
    (root / "raw" / "dvc.yaml").write_text(
        "stages:\n  r:\n    cmd: x\n    outs: [r.csv]\n", encoding="utf-8"
    )
    (root / "dvc.yaml").write_text("stages: {broken: 3}", encoding="utf-8")
    (root / "data").mkdir()
    (root / "data" / ".gitignore").write_text("*.csv\n", encoding="utf-8")
    (root / "data" / "kept.txt").write_text("", encoding="utf-8")
    subprocess.run(["git", "-C", str(root), "add", "data/kept.txt"], check=True)
    return root


def stage(*outs: str) -> str:
    return f"stages:\n  a:\n    cmd: x\n    outs: [{', '.join(outs)}]\n"


def test_foreach_matrix_and_variables_are_resolved(repository: Path) -> None:
    assert set(resolved.outputs(repository, TEMPLATED)) == {
        DvcOutput("get@eu", "raw/eu.csv", unignored=True),
        DvcOutput("get@us", "raw/us.csv", unignored=True),
        DvcOutput("fit@small", "models/late-small", unignored=True),
        DvcOutput("fit@large", "models/late-large", unignored=True),
        DvcOutput("fit@small", "metrics/small.json"),
        DvcOutput("fit@large", "metrics/large.json"),
        DvcOutput("keep", "data/raw/a.csv"),
    }


def test_what_git_ignores_or_tracks_is_known(repository: Path) -> None:
    (ignored, tracked) = resolved.outputs(repository, stage("data/x.csv", "data/kept.txt"))
    assert ignored == DvcOutput("a", "data/x.csv")
    assert tracked == DvcOutput("a", "data/kept.txt", unignored=True, tracked=True)


def test_a_text_without_stages_has_no_outputs(repository: Path) -> None:
    assert resolved.outputs(repository, "") == ()


def test_without_git_nothing_is_for_an_ignore_file(tmp_path: Path) -> None:
    Repo.init(str(tmp_path), no_scm=True).close()
    assert resolved.outputs(tmp_path, stage("x")) == (DvcOutput("a", "x"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (stage("'${nothing}'"), "nothing"),
        (stage("raw/r.csv"), "raw/dvc.yaml:r"),
        (stage("x", "x/y"), "x/y"),
        (stage("x").replace("outs", "outz"), "outz"),
        ("vars: [nothing.yaml]\nstages: {}\n", "nothing.yaml"),
        ("stages: {a: 3}", "stages"),
        ("stages: [", "dvc.yaml"),
        (stage("x") + "  b:\n    cmd: x\n    outs: [y]\n    deps: [y]\n", "b"),
    ],
)
def test_a_text_that_dvc_refuses_is_refused_with_its_reason(
    repository: Path, text: str, reason: str
) -> None:
    with pytest.raises(StagebookError) as caught:
        resolved.outputs(repository, text)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("dvc-refuses", Where("dvc.yaml"))
    assert reason in problem.message
    assert str(repository) not in problem.message
