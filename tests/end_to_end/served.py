"""A server of a package, in this process, for tests that build the package themselves."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from server_threads import listening

from stagebook.serving import requests
from stagebook.serving.options import ServingOptions
from stagebook.serving.server import Listening


class ServedPackage:
    """Asks a server for predictions over one connection.

    Args:
        listening: The server.
    """

    def __init__(self, listening: Listening) -> None:
        address = urlsplit(listening.address)
        self._connection = http.client.HTTPConnection(
            str(address.hostname), int(address.port or 0), timeout=60
        )

    def predict(self, rows: pd.DataFrame, path: str = "/invocations") -> pd.DataFrame:
        """The predictions for some rows, as a client reads them from the answer."""
        request = requests.records(rows)
        headers = {"Content-Type": request.media_type}
        self._connection.request("POST", path, request.content, headers)
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        assert response.status == 200, answer
        return pd.DataFrame(answer["predictions"])

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


@contextmanager
def serving(options: ServingOptions) -> Iterator[ServedPackage]:
    """Serves a package until the block ends."""
    with listening(options) as answering:
        served = ServedPackage(answering)
        try:
            yield served
        finally:
            served.close()
