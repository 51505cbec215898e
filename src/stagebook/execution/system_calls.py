"""Denies a process the network and other programs by Linux's seccomp, including native code.

The numbers are those of the kernel's ABI, ``include/uapi/linux/seccomp.h`` and ``audit.h``.
"""

import ctypes
import errno
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass

_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in the input of a filter
_OTHER_ABI = 0x40000000  # x32 has the same calls from here on


@dataclass(frozen=True, slots=True)
class _Machine:
    """The system calls of a processor.

    Attributes:
        architecture: The kernel's number for it.
        seccomp: The call that sets a filter.
        refused: Calls that open a socket or start a program: ``socket``, ``execve``,
            ``execveat`` and ``io_uring_setup``.
    """

    architecture: int
    seccomp: int
    refused: tuple[int, ...]


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 317, (41, 59, 322, 425)),
    "aarch64": _Machine(0xC00000B7, 277, (198, 221, 281, 425)),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("first", ctypes.POINTER(_Instruction)))


def close_network_and_programs() -> bool:
    """Takes from this process the right to open a socket and to start a program.

    Returns:
        Whether it succeeded: not every system and processor supports it.
    """
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None:
        return False
    filters = [_Instruction(*parts) for parts in _filters(machine)]
    program = _Program(len(filters), (_Instruction * len(filters))(*filters))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    failed = libc.syscall(
        ctypes.c_long(machine.seccomp),
        ctypes.c_uint(_SET_MODE_FILTER),
        ctypes.c_uint(_ALL_THREADS),
        ctypes.byref(program),
    )
    return not failed


def _filters(machine: _Machine) -> Sequence[tuple[int, int, int, int]]:
    """Instructions of a filter: code, steps to skip if it holds and if it does not, value."""
    refused = len(machine.refused)
    return (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 0, refused + 3, machine.architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, refused + 1, 0, _OTHER_ABI),
        *((_IF_EQUAL, refused - place, 0, call) for place, call in enumerate(machine.refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
