"""Every dvc.yaml of a repository counts: for what is built, for what is dirty, and for trace."""

import subprocess
import sys
from pathlib import Path

import folders
import pytest
import spooled

from stagebook.pipeline import git, lock, notebooks, repository
from stagebook.pipeline import nodes as graph
from stagebook.pipeline.git import Git
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.workflow import records

pytestmark = pytest.mark.slow  # DVC resolves each repository in a process of its own

ROOT = """vars:
  - name: clean
stages:
  tidy:
    cmd: sort raw/all.csv > data/${name}.csv
    deps: [raw/all.csv]
    outs: ["data/${name}.csv"]
  count:
    foreach: [a, b]
    do:
      cmd: grep -c ${item} data/clean.csv > count_${item}.txt || true
      deps: [data/clean.csv]
      metrics: [{"count_${item}.txt": {cache: false}}]
"""
RAW = """stages:
  join:
    cmd: cat one.csv two.csv > all.csv
    deps: [one.csv, two.csv]
    outs: [{all.csv: {cache: false}}]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two dvc.yaml, one of them templated, and a file that DVC tracks."""
    root = tmp_path_factory.mktemp("repository")
    files = {"dvc.yaml": ROOT, "raw/dvc.yaml": RAW, "raw/one.csv": "a\n", "raw/two.csv": "b\n"}
    files["pyproject.toml"] = '[project]\nname = "two"\n[tool.stagebook]\n'
    folders.write(root, files)
    (root / "data").mkdir()
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    for command in (["init", "-q"], ["add", "-q", "raw/one.csv"]):
        subprocess.run([*dvc, *command], cwd=root, check=True)
    spooled.committed(root)
    subprocess.run([*dvc, "repro", "-q", "--all-pipelines"], cwd=root, check=True)
    return root


def test_stages_have_the_paths_that_dvc_resolves(root: Path) -> None:
    nodes = {one.name: one for one in graph.read(root)}
    assert set(nodes) == {"tidy", "count@a", "count@b", "raw/dvc.yaml:join"}
    assert nodes["tidy"].outs == ("data/clean.csv",)
    assert nodes["count@a"].metrics == ("count_a.txt",)
    assert nodes["raw/dvc.yaml:join"].deps == ("raw/one.csv", "raw/two.csv")
    assert nodes["raw/dvc.yaml:join"].outs == ("raw/all.csv",)


def test_what_every_pipeline_writes_makes_nothing_dirty(root: Path) -> None:
    products = notebooks.products(Project.find(root))
    assert {"raw/dvc.lock", "raw/all.csv", "data/clean.csv", "count_a.txt"} <= set(products)
    found = git.read(root, products)
    assert isinstance(found, Git)
    assert not found.dirty


def test_the_locks_of_every_pipeline_are_one(root: Path) -> None:
    entries = lock.read(root).entries
    assert {one.path for one in entries["raw/dvc.yaml:join"].outs} == {"raw/all.csv"}
    assert set(entries) == {one.name for one in graph.read(root)}


def test_a_trace_leads_through_every_pipeline_to_what_dvc_tracks(root: Path) -> None:
    found = records.trace(Project.find(root), "count_b.txt", root, at=None, down=False)
    assert {one.stage for one in found.makings} == {"count@b", "tidy", "raw/dvc.yaml:join"}
    assert {one.path for one in found.raw} == {"raw/one.csv", "raw/two.csv"}
    assert list((found.tracked or {}).values()) == ["raw/one.csv.dvc"]


def test_a_literal_file_alone_is_read_without_dvc(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(RAW)
    hidden = tmp_path / "venv" / "share"
    hidden.mkdir(parents=True)
    (hidden / "dvc.yaml").write_text(RAW)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert repository.is_literal(tmp_path)
    code = (
        "import sys; from pathlib import Path; from stagebook.pipeline import nodes;"
        "nodes.read(Path(sys.argv[1])); sys.exit('dvc' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_a_pipeline_that_dvc_cannot_read_is_a_problem(root: Path, tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {one: {cmd: 'echo ${nothing}'}}\n")
    subprocess.run(
        [sys.executable, "-m", "dvc", "init", "-q", "--no-scm"], cwd=tmp_path, check=True
    )
    with pytest.raises(StagebookError) as raised:
        graph.read(tmp_path)
    assert raised.value.problems[0].code == "bad-pipeline"
