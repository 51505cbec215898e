"""Standard output and standard error without secrets, whoever writes to them."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from stagebook.project.masks import UNMASKED, Masks


class _MaskedStream:
    """A text stream that hides the environment's secrets in each text written to it.

    Args:
        stream: The stream that receives the texts.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes a text without secrets; if it is JSON, it stays JSON."""
        self._stream.write(Masks.here().hide_document(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Writes texts one after the other."""
        self.write("".join(lines))

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def masked_streams(arguments: Sequence[str]) -> Iterator[None]:
    """While the block runs, no printed text contains a secret.

    Args:
        arguments: The words of the command.
    """
    out: Any = _MaskedStream(sys.stdout)
    err: Any = _MaskedStream(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _spared(arguments):
        yield


@contextlib.contextmanager
def _spared(arguments: Sequence[str]) -> Iterator[None]:
    """While the block runs, words of the project are not masked; prints a note about it."""
    if not Masks.here().forms:
        yield
        return
    from stagebook.workflow import own_words

    names = own_words.find(os.environ, Path.cwd(), arguments)
    before = os.environ.get(UNMASKED)
    if names:
        os.environ.update(own_words.spared(os.environ, names))
        several = len(names) > 1
        subject = f"{'values' if several else 'value'} of {', '.join(names)}"
        print(  # noqa: T201  the console is imported only where it is needed
            f"note The {subject} {'are' if several else 'is'} not masked: the same "
            f"{'words occur' if several else 'word occurs'} in this project or in Stagebook.",
            file=sys.stderr,
        )
    try:
        yield
    finally:
        if names and before is None:
            del os.environ[UNMASKED]
        elif before is not None:
            os.environ[UNMASKED] = before
