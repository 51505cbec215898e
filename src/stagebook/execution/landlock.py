"""Confines a process to some paths by Linux's Landlock, including its native code.

The numbers are those of the kernel's ABI, ``include/uapi/linux/landlock.h``.
"""

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_DIR = 1 << 7
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_ALL_OF_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_CONNECT_TCP = 1 << 1
_VERSION_OF_NETWORK = 4
_SIZE_OF_FILES_ALONE = 8
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE

READ = _READ_FILE | _READ_DIR | _EXECUTE
LIST = _READ_DIR
FOLDERS = _MAKE_DIR
EVERYTHING = _ALL_OF_VERSION[3]


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64), ("handled_access_net", ctypes.c_uint64))


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights on a path and all below it.

    Attributes:
        path: An absolute path; one that does not exist grants nothing.
        rights: ``READ``, ``LIST``, ``FOLDERS`` (which lets make folders) or ``EVERYTHING``.
    """

    path: str
    rights: int


def version() -> int:
    """The kernel's Landlock version; 0 without Landlock."""
    if sys.platform != "linux":
        return 0
    result = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(0, int(result))


def can_close_network() -> bool:
    """Whether the kernel's Landlock has rules for the network."""
    return version() >= _VERSION_OF_NETWORK


def close_network() -> None:
    """Takes from this process, and all that it starts, every connection by TCP.

    Landlock's rules name ports and no hosts, so connections to this machine are refused as well.

    Raises:
        OSError: The kernel refuses, or its Landlock has no rules for the network.
    """
    if not can_close_network():
        raise OSError(errno.ENOSYS, "Landlock: this Linux kernel has no rules for the network")
    _restrict(_RulesetAttr(0, _CONNECT_TCP), ())


def restrict(grants: Iterable[Grant]) -> None:
    """Takes from this process, and all that it starts, every file right that is not granted.

    Raises:
        OSError: The kernel refuses, or has no Landlock.
    """
    if not version():
        raise OSError(errno.ENOSYS, "Landlock: this Linux kernel does not support it")
    _restrict(_RulesetAttr(_ALL_OF_VERSION[min(version(), 3)], 0), grants)


def _restrict(attr: _RulesetAttr, grants: Iterable[Grant]) -> None:
    libc = _libc()
    # kernels before the rules for the network know a shorter structure
    size = ctypes.sizeof(attr) if attr.handled_access_net else _SIZE_OF_FILES_ALONE
    ruleset = _checked(
        libc.syscall(_CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), ctypes.c_uint32(0))
    )
    for grant in grants:
        _add(libc, ruleset, grant, attr.handled_access_fs)
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)))
    os.close(ruleset)


def _add(libc: ctypes.CDLL, ruleset: int, grant: Grant, handled: int) -> None:
    try:
        descriptor = os.open(grant.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # missing, or not accessible: there is nothing to grant
        return
    try:
        rights = grant.rights & handled
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _ON_FILES
        attr = _PathBeneathAttr(rights, descriptor)
        _checked(
            libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(attr), ctypes.c_uint32(0))
        )
    finally:
        os.close(descriptor)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result
