"""What a client asks a zygote for: one process."""

import os
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_INHERITED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Request:
    """A process to fork.

    Attributes:
        function: What it calls: ``module:function``.
        arguments: Its ``sys.argv``.
        environment: Its environment.
        folder: Its working folder.
        first: The first entry of its ``sys.path``.
        umask: Its mask of file permissions.
        ignored: The signals that it ignores.
        client: Id of the process that it works for.
        owner: Id of the build's process, with which the zygote ends; None outside of a build.
        ending: The signal that it gets when its client is gone; 0 if it goes on.
        reaps: Whether all processes that it leaves are ended.
        hides: Whether it runs code of others, from which preloaded modules are hidden.
    """

    function: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    first: str
    umask: int
    ignored: tuple[int, ...]
    client: int
    owner: int | None = None
    ending: int = signal.SIGKILL.value
    reaps: bool = False
    hides: bool = False

    @classmethod
    def here(cls, function: str, arguments: tuple[str, ...], **others: Any) -> "Request":
        """A process that inherits from this process what a child process inherits.

        Args:
            function: What it calls: ``module:function``.
            arguments: Its ``sys.argv``.
            **others: Other attributes.
        """
        inherited: dict[str, Any] = {
            "environment": dict(os.environ),
            "folder": os.getcwd(),
            "first": os.getcwd(),
            "umask": _umask(),
            "ignored": tuple(
                number.value for number in _INHERITED if signal.getsignal(number) is signal.SIG_IGN
            ),
            "client": os.getpid(),
        }
        return cls(function, arguments, **{**inherited, **others})

    def as_json(self) -> dict[str, Any]:
        """This request as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Request":
        """The request in plain values.

        Raises:
            TypeError: The values are not a request.
        """
        lists = ("arguments", "ignored")
        typed: dict[str, Any] = {
            name: tuple(value) if name in lists else value for name, value in values.items()
        }
        return cls(**typed)


def _umask() -> int:
    """This process's mask of file permissions, read without changing it even for a moment."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next(int(line.split()[1], 8) for line in file if line.startswith("Umask:"))
    except (OSError, StopIteration):
        return 0o022
