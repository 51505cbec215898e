"""The words of a command line that a kernel starts another program with."""

import os
import shlex
from collections.abc import Iterator
from typing import Any

_SIGNS = frozenset("*?[")


def words(command: Any) -> Iterator[tuple[str, bool]]:
    """The words of a command line, each with whether the shell writes to it."""
    texts = [command] if isinstance(command, str | bytes | os.PathLike) else list(command or ())
    for text in map(os.fsdecode, texts):
        yield text, False  # a path that holds a space
        lexer = shlex.shlex(text, posix=True, punctuation_chars="<>|&;()")
        lexer.whitespace_split = True
        try:
            pieces = list(lexer)
        except ValueError:  # a quotation that does not end
            pieces = text.split()
        for before, piece in zip(["", *pieces], pieces, strict=False):
            yield piece, before.startswith(">")


def patterns(command: Any) -> Iterator[str]:
    """The words of a command line that a shell expands to names of files in a folder.

    A word that a program gets as it is, such as in a list of words, is not a pattern.
    """
    texts = [command] if isinstance(command, str | bytes | os.PathLike) else list(command or ())
    arguments = {os.fsdecode(text) for text in texts}
    for word, _ in words(command):
        if word not in arguments and os.sep in word and not _SIGNS.isdisjoint(word):
            yield word
