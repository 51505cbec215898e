"""Where DVC's cache is, as DVC itself sees it."""

from pathlib import Path

import pytest
from dvc.cli import main
from dvc.repo import Repo

from stagebook.pipeline.cache import Cache


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, of a person with a home and settings of their own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "person"))
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", str(tmp_path / "machine"))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    root = tmp_path / "repository"
    root.mkdir()
    monkeypatch.chdir(root)  # DVC changes the working folder
    dvc(root, "init", "-q", "--no-scm")
    return root


def dvc(root: Path, *words: str) -> None:
    assert main(["--cd", str(root), *words]) == 0


def folder_of_dvc(root: Path) -> Path:
    with Repo(str(root)) as repo:
        return Path(repo.cache.local.path).parents[1]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("cache", "dir", "--local", "../own"),
        ("cache", "dir", "shared in, part"),
        ("cache", "dir", "~/shared"),
        ("cache", "dir", "--global", "/var/shared"),
        ("config", "--system", "cache.dir", "/var/shared"),
        ("config", "cache.type", "copy"),
    ],
)
def test_the_cache_is_where_dvc_has_it(repository: Path, words: tuple[str, ...]) -> None:
    if words:
        dvc(repository, *words)
    assert Cache.of(repository).folder.resolve() == folder_of_dvc(repository).resolve()


def test_the_settings_of_the_clone_override_those_of_the_repository(repository: Path) -> None:
    dvc(repository, "cache", "dir", "--global", "/var/person")
    dvc(repository, "cache", "dir", "/var/repository")
    assert Cache.of(repository).folder == Path("/var/repository")
    dvc(repository, "cache", "dir", "--local", "/var/clone")
    assert Cache.of(repository).folder == Path("/var/clone")


def test_settings_that_dvc_cannot_read_leave_its_own_cache(repository: Path) -> None:
    (repository / ".dvc" / "config").write_text("[cache\ndir = x")
    assert Cache.of(repository).folder == repository / ".dvc" / "cache"
