"""Connections of a kernel and all its processes, native code included, by Linux's seccomp.

The system asks the guard about each connection before it is made. The numbers are those of
``include/uapi/linux/seccomp.h`` and of seccomp_unotify(2).
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
import sys
import threading
from typing import NamedTuple

from stagebook.execution import network
from stagebook.execution.journal import Notes
from stagebook.execution.surroundings import Surroundings

CONNECTED = "connected"
"""Kind of an entry for a connection that leaves this machine."""


class _Numbers(NamedTuple):
    """The numbers of an architecture and of its system calls."""

    architecture: int
    seccomp: int
    connect: int
    sendto: int


_NUMBERS = {
    "x86_64": _Numbers(0xC000003E, 317, 42, 44),
    "aarch64": _Numbers(0xC00000B7, 277, 203, 206),
}
_SET_MODE_FILTER, _NEW_LISTENER, _PR_SET_NO_NEW_PRIVS = 1, 1 << 3, 38
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE, _ADDRESS_OF_SENDTO = 0, 4, 48  # offsets in ``struct seccomp_data``
_RECEIVE, _SEND, _IS_VALID = 0xC0502100, 0xC0182101, 0x40082102
_REQUEST = struct.Struct("=QIIiIQ6Q")  # ``struct seccomp_notif``
_ANSWER = struct.Struct("=QqiI")  # ``struct seccomp_notif_resp``
_CONTINUE = 1
_LONGEST_ADDRESS = 128


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def listen() -> int | None:
    """From here on, the system asks about each connection of this process and its children.

    Returns:
        The descriptor of the questions; None if the system cannot ask.
    """
    numbers = _NUMBERS.get(platform.machine())
    if sys.platform != "linux" or numbers is None or sys.maxsize < 2**32:
        return None
    code = _filter(numbers)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = _Program(len(code) // 8, code)
    descriptor = libc.syscall(
        numbers.seccomp, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(program)
    )
    return int(descriptor) if descriptor >= 0 else None


def _filter(numbers: _Numbers) -> bytes:
    """Asks about ``connect``, and ``sendto`` with an address; allows everything else."""
    steps = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 0, 8, numbers.architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_EQUAL, 5, 0, numbers.connect),
        (_JUMP_IF_EQUAL, 0, 5, numbers.sendto),
        (_LOAD, 0, 0, _ADDRESS_OF_SENDTO),
        (_JUMP_IF_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, _ADDRESS_OF_SENDTO + 4),
        (_JUMP_IF_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _ASK),
        (_RETURN, 0, 0, _ALLOW),
    )
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


class Watch:
    """The guard's side: answers the questions about connections, and notes those that leave.

    Args:
        surroundings: What the stage may use.
        journal: Where to note a connection.
    """

    def __init__(self, surroundings: Surroundings, journal: Notes) -> None:
        self._surroundings, self._journal = surroundings, journal

    def start(self, channel: socket.socket) -> None:
        """Answers in a thread, from the moment that the kernel has sent its descriptor.

        Args:
            channel: Where the kernel sends the descriptor of its questions.
        """
        threading.Thread(target=self._answer_all, args=(channel,), daemon=True).start()

    def _answer_all(self, channel: socket.socket) -> None:
        with channel:
            _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        if not descriptors:
            return
        questions = select.poll()
        questions.register(descriptors[0], select.POLLIN)
        while True:
            ((_, event),) = questions.poll()
            if not event & select.POLLIN:
                return  # all processes have ended
            with contextlib.suppress(OSError):  # the process that asked was interrupted
                self._answer(descriptors[0])

    def _answer(self, descriptor: int) -> None:
        request = bytearray(_REQUEST.size)
        fcntl.ioctl(descriptor, _RECEIVE, request)
        question, process, _, number, _, _, *arguments = _REQUEST.unpack(request)
        numbers = _NUMBERS[platform.machine()]
        where, length = arguments[1:3] if number == numbers.connect else arguments[4:6]
        try:
            address = _read(process, where, min(length, _LONGEST_ADDRESS))
            fcntl.ioctl(descriptor, _IS_VALID, struct.pack("=Q", question))
            allowed = self._allows(address)
        except Exception:  # an answer is needed in any case, else the process waits forever
            allowed = not self._surroundings.refuses_network
        answer = (question, 0, 0, _CONTINUE) if allowed else (question, 0, -errno.EACCES, 0)
        fcntl.ioctl(descriptor, _SEND, bytearray(_ANSWER.pack(*answer)))

    def _allows(self, address: bytes) -> bool:
        place = parse(address)
        if place is None or not network.leads_out(*place, self._surroundings.proxies):
            return True
        self._journal.note(CONNECTED, network.target(*place))
        return not self._surroundings.refuses_network


def parse(address: bytes) -> tuple[str, int] | None:
    """Host and port of an address of the system; None if it is not one of the internet.

    Args:
        address: The bytes of ``struct sockaddr``.
    """
    if len(address) < struct.calcsize("=HH4s"):
        return None
    family = int.from_bytes(address[:2], sys.byteorder)
    port = int.from_bytes(address[2:4], "big")
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, address[4:8]), port
    if family == socket.AF_INET6 and len(address) >= struct.calcsize("=HHI16s"):
        return socket.inet_ntop(socket.AF_INET6, address[8:24]), port
    return None


def _read(process: int, where: int, length: int) -> bytes:
    """Bytes in the memory of a process."""
    memory = os.open(f"/proc/{process}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(memory, length, where)
    finally:
        os.close(memory)
