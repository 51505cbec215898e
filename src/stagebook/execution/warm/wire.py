"""Messages between a client and a zygote, with file descriptors, over a socket of the system."""

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

_LENGTH = struct.Struct("!I")
_MOST_DESCRIPTORS = 8
_MOST_BYTES = 16_000_000  # the environment of a process is at most a few megabytes
_CREDENTIALS = struct.Struct("3i")

Message = Mapping[str, Any]


def send(connection: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    """Sends a message, and copies of some file descriptors with it.

    Args:
        connection: The connection.
        message: Values that JSON can represent.
        descriptors: The file descriptors.
    """
    body = json.dumps(message).encode()
    head = _LENGTH.pack(len(body))
    if descriptors:
        socket.send_fds(connection, [head], descriptors)
    else:
        connection.sendall(head)
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[Message | None, list[int]]:
    """The next message with its file descriptors; None if the other end is closed.

    Raises:
        OSError: The connection is broken, or takes longer than its time limit.
        ValueError: What arrives is not a message.
    """
    head, descriptors, _, _ = socket.recv_fds(
        connection, _LENGTH.size, _MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
    )
    if not head:
        return None, descriptors
    head += _exactly(connection, _LENGTH.size - len(head))
    (length,) = _LENGTH.unpack(head)
    if length > _MOST_BYTES:
        raise ValueError(f"a message of {length} bytes is too long")
    message = json.loads(_exactly(connection, length))
    if not isinstance(message, dict):
        raise ValueError("a message is not an object")
    return message, descriptors


def _exactly(connection: socket.socket, length: int) -> bytes:
    pieces = []
    while length:
        piece = connection.recv(min(length, 65536))
        if not piece:
            raise ValueError("a message is cut off")
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def peer(connection: socket.socket) -> tuple[int, int]:
    """The process and the user at the other end.

    For a client, that is who made the socket to listen, which may have ended.
    """
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process, user, _ = _CREDENTIALS.unpack(raw)
    return process, user


def is_trusted(connection: socket.socket) -> bool:
    """Whether the client at the other end is this user's, and is not in a sandbox.

    Landlock does not restrict connections. A kernel in its sandbox could ask for a fork, which
    would be outside of the sandbox. But every process in a sandbox has ``NoNewPrivs``, which it
    cannot take back.
    """
    process, user = peer(connection)
    return user == os.getuid() and not has_no_new_privileges(process)


def has_no_new_privileges(process: int | str) -> bool:
    """Whether a process has ``NoNewPrivs``, as in a sandbox; True if that cannot be read.

    Args:
        process: Its id, or ``self``.
    """
    try:
        with open(f"/proc/{process}/status", encoding="utf-8", errors="replace") as file:
            return "\nNoNewPrivs:\t0\n" not in file.read()
    except OSError:
        return True
