"""Ids of requests and predictions: UUIDs of version 7, which sort by time."""

import os
import threading
import time
import uuid

import numpy as np
import numpy.typing as npt

from stagebook.project.errors import Problem, StagebookError

_VERSION = 7 << 76
_VARIANT = 2 << 62
_RANDOM = (1 << 62) - 1

Times = npt.NDArray[np.int64]

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


def of_batch(nanoseconds: Times, package: str) -> list[str]:
    """The ids of rows that are predicted together: the same rows have the same ids each time.

    The 62 bits that are random in an id of the server have 30 of the package's digest, and the
    place of the row among those of the same time.

    Args:
        nanoseconds: The time of each row since 1970, ascending.
        package: The package's digest.

    Example:
        >>> import numpy as np
        >>> from stagebook.serving import ids
        >>> noon = 1_764_331_200_000_000_000
        >>> ids.of_batch(np.array([noon, noon]), "sha256:" + "a" * 64)
        ['019aca5a5a0070008aaaaaaa00000000', '019aca5a5a0070008aaaaaaa00000001']
    """
    milliseconds, rest = np.divmod(nanoseconds, 1_000_000)
    stamps = (milliseconds << 12) | ((rest << 12) // 1_000_000)
    begins = np.searchsorted(stamps, stamps)
    places = np.arange(len(stamps)) - begins
    own = _VARIANT | (int(package.rpartition(":")[2][:8], 16) >> 2) << 32
    pairs = zip(stamps.tolist(), places.tolist(), strict=True)
    return [
        f"{(stamp >> 12) << 80 | _VERSION | (stamp & 0xFFF) << 64 | own | place:032x}"
        for stamp, place in pairs
    ]


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
