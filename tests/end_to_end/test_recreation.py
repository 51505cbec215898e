"""The command in a colophon makes the same again, in a clone that has nothing but git."""

import html
import re
import shutil

import nbformat
import pytest
from checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

WRITES = 'open(result, "w").write(open(raw).read() + note)'
DECLARED = 'raw: In = "raw.txt"\nresult: Out = "data/result.txt"\nnote: str = "!"'


def command(project: Checkout, page: str) -> str:
    """The command that a reader of an executed notebook copies."""
    colophon = nbformat.read(project.root / "runs" / page, 4).cells[-1].source
    [row] = re.findall(r"recreate</th><td[^>]*>(.*?)</td>", colophon)
    return html.unescape(re.sub("<[^>]*>", "", row))


def clone(project: Checkout) -> Checkout:
    """A clone beside it, whose newest commit is another."""
    project.write("notebooks/little.py", "# nothing of what was")
    project.ok("git", "commit", "-qam", "later")
    project.ok("git", "clone", "-q", ".", "../clone")
    return Checkout(project.root.parent / "clone", project.env)


@pytest.fixture
def project(project: Checkout) -> Checkout:
    project.ok("git", "config", "user.email", "someone@example.org")
    project.ok("git", "config", "user.name", "Someone")
    project.notebook("little", DECLARED, WRITES)
    project.write("params/little.yaml", "note: ' v1'\n")
    project.write("raw.txt", "data")
    return project


@pytest.mark.parametrize("remote", [False, True], ids=["in git", "in a DVC remote"])
def test_a_build_from_a_commit_is_recreated(project: Checkout, remote: bool) -> None:
    if remote:
        project.ok("dvc", "remote", "add", "-d", "shared", str(project.root.parent / "shared"))
        project.ok("dvc", "add", "raw.txt")
    project.ok("stagebook", "sync")
    project.commit()
    project.build()
    if remote:
        project.ok("dvc", "push")
    commit = project.records()[-1]["git"]["commit"]
    said = command(project, "little.ipynb")
    assert said == f"git checkout {commit[:10]} && dvc repro {'--pull ' * remote}little"
    result = project.read("data/result.txt")
    project.ok("git", "stash", "-q", "--include-untracked")
    again = clone(project)
    again.ok("bash", "-c", said)
    assert again.read("data/result.txt") == result == "data v1"
    assert again.records()[-1]["outputs"] == project.records()[-1]["outputs"]


def test_a_run_with_overrides_is_recreated_by_its_own_line(project: Checkout) -> None:
    note = """a 'quoted' $HOME & "more"; `ls`"""
    project.ok("stagebook", "sync")
    project.commit()
    project.ok("stagebook", "run", "little", "-P", f"note={note}")
    [page] = [path.name for path in (project.root / "runs").glob("little@*.ipynb")]
    said = command(project, page)
    shutil.rmtree(project.root / "runs")
    project.ok("bash", "-c", said)
    before, after = project.records()
    assert before["parameters"] == after["parameters"]
    assert before["outputs"] == after["outputs"]
    assert note in {one["value"] for one in after["parameters"]}
