"""A small package, made once, and servers of it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import served_packages
from clients import Client
from servers import Serve, served


@pytest.fixture(autouse=True)
def loop_of_its_own(without_running_loop: None) -> None:
    """Servers and clients of these tests run event loops."""


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that no test changes."""
    return served_packages.write(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def other_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another package of the same model's name, which predicts something else."""
    return served_packages.write(tmp_path_factory.mktemp("other"), trees=3)


@pytest.fixture(scope="session")
def serve(package: Path) -> Serve:
    """Serves a package in this process, on a free port, with some options changed."""
    return partial(served, package)


@pytest.fixture(scope="module")
def client(serve: Serve) -> Iterator[Client]:
    """A server of the package, without further options."""
    with serve() as client:
        yield client
