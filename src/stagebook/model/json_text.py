"""JSON that somebody else wrote, read within limits."""

from typing import Any

from stagebook.project import typed_json

LARGEST = 8_000_000
"""Bytes of a text in a package: a profile of thousands of columns fits."""


def load(text: str | bytes, most: int = LARGEST) -> Any:
    """The values in a text.

    Args:
        text: The text, as UTF-8 if it is bytes.
        most: Bytes, or characters, that it may have.

    Raises:
        ValueError: It is too long, nested too deeply, or not JSON.
    """
    if len(text) > most:
        raise ValueError(f"it has {len(text)} bytes; {most} are allowed")
    return typed_json.load(text)
