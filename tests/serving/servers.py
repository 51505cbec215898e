"""Servers in this process, on free ports."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

from clients import Client
from server_threads import listening

from stagebook.model.policy import Policy
from stagebook.serving.options import ServingOptions

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
    with listening(options) as answering:
        client = Client(answering)
        try:
            yield client
        finally:
            client.close()
