"""Servers in this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

from stagebook.serving import server
from stagebook.serving.options import ServingOptions
from stagebook.serving.server import Listening


@contextmanager
def listening(options: ServingOptions) -> Iterator[Listening]:
    """A server that answers until the block ends."""
    started: Queue[Listening | BaseException] = Queue()

    def run() -> None:
        try:
            server.run(options, started.put)
        except BaseException as error:
            started.put(error)

    thread = threading.Thread(target=run)
    thread.start()
    answering = started.get()
    if isinstance(answering, BaseException):
        raise answering
    try:
        yield answering
    finally:
        answering.stop()
        thread.join()
