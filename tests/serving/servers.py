"""Servers in this process, on free ports."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Queue

from clients import Client

from stagebook.model.policy import Policy
from stagebook.serving import server
from stagebook.serving.options import ServingOptions
from stagebook.serving.server import Listening

POLICY = Policy(attestation="ignore", materials="ignore", isolate="never")

Serve = Callable[..., AbstractContextManager[Client]]


@contextmanager
def served(standard: Path, **changes: object) -> Iterator[Client]:
    """A client of a server that is stopped afterwards.

    Args:
        standard: The package.
        changes: Options of the server, of which ``package`` may be another one.
    """
    options = replace(ServingOptions(str(standard), POLICY, port=0), **changes)  # type: ignore[arg-type]
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
