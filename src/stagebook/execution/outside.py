"""Files and connections outside a stage's project: noted, and refused if the stage is strict."""

import errno
import os
from typing import Any

from stagebook.execution import network, path_checks
from stagebook.execution.connections import CONNECTED
from stagebook.execution.journal import Notes
from stagebook.execution.path_checks import PathSet
from stagebook.execution.sandbox_policy import SandboxPolicy

LOOKED_UP = "looked up"
"""Kind of an entry for a host whose address is asked for."""

READ = "outside read"
"""Kind of an entry for a file outside the project that is read."""

WROTE = "outside wrote"
"""Kind of an entry for a file outside the project that is written."""

_BYTECODE = f"{os.sep}__pycache__{os.sep}"


class Outside:
    """Checks what a kernel touches outside its project.

    Args:
        policy: The limits of the kernel.
        journal: Where to note it.
    """

    def __init__(self, policy: SandboxPolicy, journal: Notes) -> None:
        self._surroundings, self._journal = policy.surroundings, journal
        own = policy.surroundings
        readable = own.readable if own else ()
        writable = own.writable if own else ()
        self._project = PathSet((policy.root,))
        self._environment = PathSet((*readable, *writable))
        self._devices = PathSet(writable)
        self._readable = PathSet((*policy.readable, *policy.writable))
        self._writable = PathSet(policy.writable)

    def read(self, text: str, real: str) -> None:
        """A file is read, or a folder is listed.

        Args:
            text: Its absolute path, as code spells it.
            real: Where the path leads.

        Raises:
            PermissionError: It is outside, and the stage is strict.
        """
        if self._surroundings is None or self._project.hold(real) or self._readable.hold(real):
            return
        in_environment = self._environment.hold(real) or self._environment.hold(text)
        if not in_environment and path_checks.exists(real):
            self._note(READ, real, "a strict stage cannot read a file outside its project")

    def write(self, text: str, real: str) -> None:
        """A file is written, deleted or changed.

        Args:
            text: Its absolute path, as code spells it.
            real: Where the path leads.

        Raises:
            PermissionError: It is outside, and the stage is strict.
        """
        if self._surroundings is None or self._project.hold(real) or self._writable.hold(real):
            return
        if not (self._devices.hold(real) or self._devices.hold(text) or _BYTECODE in real):
            self._note(WROTE, real, "a strict stage cannot write a file outside its project")

    def connect(self, address: Any) -> None:
        """A socket connects or sends to an address.

        Args:
            address: As Python's sockets have it; that of another family is ignored.

        Raises:
            PermissionError: It leaves this machine, and the stage is strict.
        """
        if isinstance(address, tuple) and len(address) > 1 and isinstance(address[1], int):
            self._reach(CONNECTED, address[0], address[1])

    def look_up(self, host: Any) -> None:
        """The address of a host is asked for; nobody is asked if it is an address already.

        Raises:
            PermissionError: It is not this machine, and the stage is strict.
        """
        if not network.is_address(host):
            self._reach(LOOKED_UP, host, None)

    def look_up_name(self, address: Any) -> None:
        """The name of an address is asked for.

        Raises:
            PermissionError: It is not this machine, and the stage is strict.
        """
        self._reach(LOOKED_UP, address, None)

    def _reach(self, kind: str, host: Any, port: int | None) -> None:
        own = self._surroundings
        if own is None or not network.leads_out(host, port, own.proxies):
            return
        target = network.target(host, port)
        self._journal.note(kind, target)
        if own.refuses_network:
            why = "a strict stage without `network = true` cannot use the network"
            raise PermissionError(errno.EACCES, why, target)

    def _note(self, kind: str, path: str, why: str) -> None:
        self._journal.note(kind, path)
        if self._surroundings and self._surroundings.strict:
            raise PermissionError(errno.EACCES, why, path)
