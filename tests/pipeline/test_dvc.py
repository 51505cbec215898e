"""DVC's hashes, as DVC itself writes them."""

from pathlib import Path

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from stagebook.pipeline import dvc
from stagebook.project.errors import Exit, StagebookError


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    Repo.init(str(tmp_path), no_scm=True).close()
    return tmp_path


@pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own use of pygtrie
def test_hashes_are_those_that_dvc_locks(repository: Path) -> None:
    folder = repository / "data" / "été 2013"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("a\n", encoding="utf-8")
    (folder / "b.csv").write_text("bb\n", encoding="utf-8")
    (repository / "x.csv").write_text("x\n", encoding="utf-8")
    hashed = dvc.hash_paths(repository, ["data/été 2013", "x.csv", "x.csv"])
    assert [(one.path, one.size, one.files) for one in hashed] == [
        ("data/été 2013", 5, 2),
        ("x.csv", 2, None),
    ]
    with Repo(str(repository)) as repo:
        repo.add([str(folder), str(repository / "x.csv")])
    locked = [
        YAML(typ="safe").load(path.read_text(encoding="utf-8"))["outs"][0]["md5"]
        for path in (repository / "data" / "été 2013.dvc", repository / "x.csv.dvc")
    ]
    assert [one.md5 for one in hashed] == locked


def test_nothing_is_put_into_the_cache(repository: Path) -> None:
    (repository / "x.csv").write_text("x\n", encoding="utf-8")
    dvc.hash_paths(repository, ["x.csv"])
    assert not list((repository / ".dvc" / "cache").rglob("*"))


def test_without_a_repository_the_command_that_makes_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(StagebookError) as caught:
        dvc.hash_paths(tmp_path, [])
    assert caught.value.exit_code is Exit.ENVIRONMENT
    assert "dvc init" in caught.value.problems[0].hint
