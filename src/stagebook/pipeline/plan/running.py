"""The stages that DVC runs at this moment, from the file in which it notes what it writes."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stagebook.pipeline.nodes import Node

_FILE = ".dvc/tmp/rwlock"


def stages(root: Path, nodes: Iterable[Node]) -> frozenset[str]:
    """The stages that a ``dvc repro`` runs at this moment; those without outputs are not known.

    Args:
        root: The project's root.
        nodes: The stages.
    """
    written = _written(root)
    if not written:
        return frozenset()
    return frozenset(
        node.name
        for node in nodes
        if node.outs and all(str(root / path) in written for path in node.outs)
    )


def _written(root: Path) -> set[str]:
    """The absolute paths that a live process of DVC writes."""
    try:
        noted = json.loads((root / _FILE).read_text(encoding="utf-8"))["write"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    if not isinstance(noted, Mapping):
        return set()
    return {path for path, writer in noted.items() if _is_alive(writer)}


def _is_alive(writer: Any) -> bool:
    try:
        os.kill(int(writer["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, KeyError, TypeError, ValueError):
        return False
    return True
