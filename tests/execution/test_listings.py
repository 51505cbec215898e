"""A listing is held against what the same listing in the project would say."""

from pathlib import Path

import pytest

from stagebook.execution.listings import Listings


@pytest.fixture
def listings(tmp_path: Path) -> Listings:
    for name in (
        "data/jan.csv",
        "data/feb.csv",
        "data/out.csv",
        "data/.gitignore",
        "data/jan.csv.dvc",
        "data/deep/x.csv",
        "top.csv",
        "pyproject.toml",
        "src/code.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "data/empty").mkdir()
    return Listings(tmp_path, ("data/jan.csv", "data/out.csv"))


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("data", ("data/deep", "data/feb.csv")),
        ("data/deep", ("data/deep/x.csv",)),
        ("data/empty", ()),
        ("nowhere", ()),
        (".", ("top.csv",)),
    ],
)
def test_a_folder_lacks_the_files_that_are_not_declared(
    listings: Listings, folder: str, files: tuple[str, ...]
) -> None:
    assert listings.of_folder(folder).files == files


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("data/*.csv", ("data/feb.csv",)),
        ("data/ja*.csv", ()),
        ("*/*.csv", ("data/feb.csv",)),
        ("**/*.csv", ("data/deep/x.csv", "data/feb.csv", "top.csv")),
        ("data/**", ("data/deep", "data/deep/x.csv", "data/feb.csv")),
        ("nowhere/*", ()),
    ],
)
def test_a_pattern_lacks_the_files_that_are_not_declared(
    listings: Listings, pattern: str, files: tuple[str, ...]
) -> None:
    assert listings.of_pattern(pattern).files == files


def test_all_that_is_declared_lacks_nothing(listings: Listings) -> None:
    whole = Listings(listings.root, ("data", "top.csv"))
    assert whole.of_folder("data").files == whole.of_pattern("**/*.csv").files == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data", True),
        ("data/feb.csv", True),
        ("data/empty", False),
        ("src", False),
        ("src/code.py", False),
        ("pyproject.toml", False),
        (".git", False),
        ("params", False),
    ],
)
def test_only_a_file_of_data_is_missed(listings: Listings, name: str, content: bool) -> None:
    assert listings.is_content(name) is content
