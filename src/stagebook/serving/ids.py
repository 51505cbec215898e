"""Ids of requests and predictions: UUIDs of version 7, which sort by time."""

import os
import threading
import time
import uuid

from stagebook.project.errors import Problem, StagebookError

_VERSION = 7 << 76
_VARIANT = 2 << 62
_RANDOM = (1 << 62) - 1

_lock = threading.Lock()
_latest = 0


def new_id() -> str:
    """A new id, 32 hexadecimal digits, greater than any earlier one of this process.

    The first 60 bits after the version is taken out are the time in units of 1/4096 of a
    millisecond (RFC 9562, section 6.2, method 3). When the clock stands or goes backwards, they
    go on from the id before.
    """
    global _latest
    now = (time.time_ns() << 12) // 1_000_000
    with _lock:
        _latest = stamp = max(now, _latest + 1)
    random = int.from_bytes(os.urandom(8)) & _RANDOM
    number = (stamp >> 12) << 80 | _VERSION | (stamp & 0xFFF) << 64 | _VARIANT | random
    return f"{number:032x}"


def time_of(request: str) -> float:
    """The time in an id of a request, seconds since 1970."""
    return int(request[:12], 16) / 1000


def prediction_id(request: str, row: int) -> str:
    """The id of the prediction for a row of a request; the first row is 0."""
    return f"{request}-{row}"


def parse(text: str) -> tuple[str, int | None]:
    """The request and the row of an id.

    Args:
        text: The id of a request, with or without the dashes of a UUID, or that of a prediction.

    Returns:
        The request as 32 hexadecimal digits; the row, None for the id of a request.

    Raises:
        StagebookError: The text is not an id (``bad-request-id``).
    """
    request, _, row = text.strip().lower().partition("-")
    if text.count("-") >= 4:  # a UUID with its dashes
        *parts, row = (*text.strip().lower().split("-", 5), "")[:6]
        request = "".join(parts)
    try:
        number = uuid.UUID(request)
        is_valid = len(request) == 32 and (not row or (row.isascii() and row.isdecimal()))
        if not is_valid or text.strip().endswith("-"):
            raise ValueError(text)
        return number.hex, int(row) if row else None
    except ValueError:
        message = f"`{text[:80]}` is not the id of a request or of a prediction."
        hint = "An id is 32 hexadecimal digits; the id of a prediction ends with its row: -0."
        raise StagebookError(Problem("bad-request-id", message, hint)) from None
