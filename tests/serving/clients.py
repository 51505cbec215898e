"""A client of a server."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stagebook.serving.server import Listening

JSON = "application/json"
TRIP = {"city": "Bern", "stops": 3, "km": 12.5, "express": False}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def values(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)

    @property
    def codes(self) -> list[str]:
        """The codes of the problems in the body."""
        return [problem["code"] for problem in self.values["errors"]]


class Client:
    """Sends requests to a server over one connection.

    Attributes:
        listening: The server.
    """

    def __init__(self, listening: Listening) -> None:
        self.listening = listening
        address = urlsplit(listening.address)
        self.host, self.port = str(address.hostname), int(address.port or 0)
        self._connection = self.connect()

    def connect(self) -> http.client.HTTPConnection:
        """A further connection."""
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def get(self, path: str, **headers: str) -> Reply:
        """The answer to a GET."""
        return self._sent("GET", path, None, headers)

    def post(
        self, path: str, body: bytes | str, media_type: str | None = JSON, **headers: str
    ) -> Reply:
        """The answer to a POST."""
        types = {"Content-Type": media_type} if media_type else {}
        return self._sent("POST", path, body, {**types, **headers})

    def predict(self, *rows: dict[str, Any], path: str = "/predict") -> Reply:
        """The answer to some rows."""
        return self.post(path, json.dumps({"dataframe_records": rows}))

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _sent(
        self, method: str, path: str, body: bytes | str | None, headers: dict[str, str]
    ) -> Reply:
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())
