"""The IPython extension: ``%load_ext stagebook``."""

from typing import Any


def load(shell: Any) -> None:
    """Starts showing the build's values to a person's kernel."""


def unload(shell: Any) -> None:
    """Takes the extension out of a kernel."""
