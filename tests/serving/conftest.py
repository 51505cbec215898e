"""A small package, made once, and servers of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest
import served_packages
from clients import Client

from stagebook.model.policy import Policy
from stagebook.serving import server
from stagebook.serving.options import ServingOptions
from stagebook.serving.server import Listening

POLICY = Policy(attestation="ignore", materials="ignore", isolate="never")

Serve = Callable[..., AbstractContextManager[Client]]


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

    @contextmanager
    def run(**changes: object) -> Iterator[Client]:
        options = replace(ServingOptions(str(package), POLICY, port=0), **changes)  # type: ignore[arg-type]
        listening: Queue[Listening | BaseException] = Queue()

        def target() -> None:
            try:
                server.run(options, listening.put)
            except BaseException as error:
                listening.put(error)

        thread = threading.Thread(target=target)
        thread.start()
        started = listening.get()
        if isinstance(started, BaseException):
            raise started
        client = Client(started)
        try:
            yield client
        finally:
            client.close()
            started.stop()
            thread.join()

    return run


@pytest.fixture(scope="module")
def client(serve: Serve) -> Iterator[Client]:
    """A server of the package, without further options."""
    with serve() as served:
        yield served
