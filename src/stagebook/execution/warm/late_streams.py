"""Standard streams for imports: each writes to what is the standard stream when it is used.

scikit-learn, for example, gives its logger the stream that is ``sys.stderr`` when it is imported.
In a kernel this is the stream whose text is shown below the cell.
"""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any


class LateStream(io.TextIOBase):
    """Stands for a standard stream.

    Args:
        name: ``stdout`` or ``stderr``.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def _present(self) -> Any:
        stream = getattr(sys, self._name)
        return getattr(sys, f"__{self._name}__") if stream is self else stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the present stream."""
        return str(self._present().encoding)

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """Those of the present stream."""
        errors: str | None = self._present().errors
        return errors

    def write(self, text: str) -> int:
        """Writes to the present stream."""
        return int(self._present().write(text) or 0)

    def flush(self) -> None:
        """Flushes the present stream."""
        self._present().flush()

    def isatty(self) -> bool:
        """Whether the present stream is a terminal."""
        return bool(self._present().isatty())

    def fileno(self) -> int:
        """The descriptor of the present stream."""
        return int(self._present().fileno())

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def close(self) -> None:
        """Does nothing: the stream is not this object's own."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._present(), name)


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """In the block, code that keeps a standard stream keeps one that writes to a later one."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = LateStream("stdout"), LateStream("stderr")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
