"""What metrics files hold, in the tree and in other commits, and why that is not known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stagebook.errors import Problem, StagebookError
from stagebook.record import git, metrics


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one metrics file.

    Attributes:
        values: What it holds, by dotted name; nothing where it is not there.
        problem: Why it cannot be read; None where it can, or where it is not there.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem | None = None


NONE = Found()
"""What is known of a file that is not there."""


def in_tree(root: Path, file: str) -> Found:
    """What is known of a metrics file as it lies in the tree.

    Args:
        root: The project's root.
        file: Relative to it.
    """
    if not (root / file).exists():
        return NONE
    try:
        return Found(metrics.read(root, (file,)))
    except StagebookError as error:
        return Found(problem=error.problems[0])


def in_commit(root: Path, commit: str, files: Iterable[str]) -> dict[str, Found]:
    """What is known of metrics files in a commit, by file; those that it has not are left out."""
    return {
        file: _parsed(text, file)
        for file in files
        for _, text in git.blobs(root, [f"{commit}:./{file}"])
    }


def _parsed(text: str, file: str) -> Found:
    try:
        return Found(metrics.parse(text, file))
    except StagebookError as error:
        return Found(problem=error.problems[0])
