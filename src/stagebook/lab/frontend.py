"""Information from the front end about its notebook and the running cell."""

import os
from pathlib import Path
from typing import Any


def notebook_file(shell: Any) -> Path | None:
    """The notebook's file: from a variable in VS Code, from the environment in Jupyter."""
    name = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    return Path(name) if isinstance(name, str) and name else None


def cell_tags(shell: Any) -> frozenset[str]:
    """The running cell's tags: JupyterLab sends a cell's metadata with its code."""
    tags = _request(shell).get("metadata", {}).get("tags")
    return frozenset(tags) if isinstance(tags, list) else frozenset()


def cell_text(shell: Any) -> str:
    """The running cell's text; empty outside a cell."""
    return str(_request(shell).get("content", {}).get("code", ""))


def cell_id(shell: Any) -> str | None:
    """The running cell's id, if the front end sends it."""
    name = _request(shell).get("metadata", {}).get("cellId")
    return name if isinstance(name, str) else None


def has_person(shell: Any) -> bool:
    """Whether a person runs the cell and could answer ``input()``.

    JupyterLab, VS Code and consoles say so with each cell; papermill, nbclient and nbval say
    the opposite: https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
    """
    return bool(_request(shell).get("content", {}).get("allow_stdin"))


def _request(shell: Any) -> dict[str, Any]:
    """The message that requested the running cell; empty in a shell without a kernel."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    return parent if isinstance(parent, dict) else {}
