"""Short names of paths, each for one path."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath


def apart(paths: Iterable[str]) -> dict[str, str]:
    """Of each path the shortest end that no other path has.

    Args:
        paths: Different paths, such as ``a/x.csv`` and ``b/x.csv``.
    """
    ends = {path: _ends(path) for path in paths}
    seen = Counter(end for item in ends.values() for end in set(item))
    return {
        path: next((end for end in item if seen[end] == 1), path) for path, item in ends.items()
    }


def _ends(path: str) -> list[str]:
    """The ends of a path, shortest first: ``x.csv``, ``a/x.csv``."""
    parts = PurePosixPath(path).parts
    return ["/".join(parts[start:]) for start in range(len(parts) - 1, -1, -1)] or [path]
