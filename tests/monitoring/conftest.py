"""Small packages, each written once, when a test first needs it."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import watched_models
from watched_models import Watched

VARIANTS: dict[str, dict[str, Any]] = {
    "tall": {},
    "unlabelled": {"label": None},
    "timeless": {"label": None, "time": None},
    "alike": {"alike": True},
    "brief": {"test_days": 1},
    "size": {"label": "size"},
}
"""Packages by name: whole, and with something that is not there."""


@pytest.fixture(autouse=True)
def outside_of_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings; those of this repository watch the flights."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Watched]:
    """Gives the package of a name in ``VARIANTS``."""
    folder = tmp_path_factory.mktemp("watched")
    return cache(lambda name: watched_models.write(folder / name, name, **VARIANTS[name]))


@pytest.fixture(scope="session")
def tall(packaged: Callable[[str], Watched]) -> Watched:
    """A classifier with a reference of monitoring and a label."""
    return packaged("tall")
