"""What a server is started with."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stagebook.model.policy import Policy

FullLog = Literal["serve", "stop"]
"""What a server does when its log cannot be written."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one client can take of the server.

    Attributes:
        body: Bytes of a request's body.
        rows: Rows of a request.
        waiting: Requests that wait for the model.
        deadline: Seconds after which a request is answered with 504.
        sending: Seconds in which a client must send its headers, and then its body.
        reading: Seconds in which a client must read some of its answer.
        stopping: Seconds that accepted requests have to end when the server stops.
    """

    body: int = 10_000_000
    rows: int = 10_000
    waiting: int = 128
    deadline: float = 30.0
    sending: float = 10.0
    reading: float = 30.0
    stopping: float = 30.0


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How requests are logged.

    Attributes:
        folder: The folder of the log.
        without: Columns that are not logged.
        on_full: What to do if the log cannot be written: serve on, or stop.
    """

    folder: Path
    without: tuple[str, ...] = ()
    on_full: FullLog = "serve"


@dataclass(frozen=True, slots=True)
class ServingOptions:
    """What a server is started with.

    Attributes:
        package: The package: its folder, its archive, or its address in MLflow's registry.
        policy: What the package must satisfy.
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        workers: Processes that answer requests.
        token: The token that requests must carry; None to ask for none.
        limits: Bounds on requests.
        log: How requests are logged; None for no log.
        follow: The source whose newest package answers, looked at while the server runs; None to
            keep the package.
        shadow: A challenger that predicts the same requests, for the log alone.
        online: The online store, for requests that give entity keys.
    """

    package: str
    policy: Policy = field(default_factory=Policy)
    host: str = "127.0.0.1"
    port: int = 5001
    workers: int = 1
    token: str | None = None
    limits: Limits = field(default_factory=Limits)
    log: LogOptions | None = None
    follow: str | None = None
    shadow: str | None = None
    online: Path | None = None
