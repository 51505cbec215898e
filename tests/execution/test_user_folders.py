"""Where the home folder holds the project, what libraries keep there can still be written."""

from pathlib import Path

import pytest

from stagebook.execution import sandbox_policy


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in sandbox_policy._FOLDER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_they_are_made_before_the_walls_go_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "own/cache"))
    monkeypatch.setenv("HF_HOME", "relative")
    root = home / "work/project"
    sandbox_policy.make_user_folders(root)
    assert (home / ".cache").is_dir()
    assert (home / "scikit_learn_data").is_dir()
    assert (home / "own/cache").is_dir()
    assert sandbox_policy.user_paths(root) == ()


def test_those_inside_of_the_project_are_its_users(home: Path) -> None:
    for root in (home, home.parent):
        sandbox_policy.make_user_folders(root)
        assert str(home / ".cache") in sandbox_policy.user_paths(root)
    assert (home / ".local/share").is_dir()


def test_a_home_folder_elsewhere_is_left_alone(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sandbox_policy.make_user_folders(tmp_path_factory.mktemp("elsewhere"))
    assert list(home.iterdir()) == []
