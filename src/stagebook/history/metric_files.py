"""What metrics files hold, in the tree and in another commit, or why they cannot be read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from stagebook.pipeline import git_contents
from stagebook.project.errors import Problem, StagebookError
from stagebook.record import metrics


@dataclass(frozen=True, slots=True)
class MetricFile:
    """What is known of one metrics file.

    Attributes:
        values: What it holds, by dotted name; empty if it is missing.
        problem: Why it cannot be read; None if it can, or if it is missing.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem | None = None


_NONE = MetricFile()


@dataclass(frozen=True, slots=True)
class MetricFiles:
    """Metrics files as they are in the tree, and as another commit has them.

    Attributes:
        against: Name of that commit; empty for none.
        current: What is known of each file in the tree.
        before: What is known of each file in the commit; missing files are left out.
    """

    against: str
    current: Mapping[str, MetricFile]
    before: Mapping[str, MetricFile]

    @classmethod
    def read(cls, root: Path, files: Iterable[str], base: tuple[str, str]) -> Self:
        """Reads each file once.

        Args:
            root: The project's root.
            files: The files, relative to it.
            base: The name and the hash of the commit; empty for none.
        """
        files = tuple(dict.fromkeys(files))
        against, commit = base
        by_name = {f"{commit}:./{file}": file for file in files if commit}
        texts = git_contents.texts(root, by_name) if by_name else {}
        before = {by_name[name]: _parsed(text, by_name[name]) for name, text in texts.items()}
        return cls(against, {file: _in_tree(root, file) for file in files}, before)

    def both(self, file: str) -> tuple[MetricFile, MetricFile]:
        """What is known of a file in the tree and in the commit."""
        return self.current[file], self.before.get(file, _NONE)


def _in_tree(root: Path, file: str) -> MetricFile:
    if not (root / file).exists():
        return _NONE
    try:
        return MetricFile(metrics.read(root, (file,)))
    except StagebookError as error:
        return MetricFile(problem=error.problems[0])


def _parsed(text: str, file: str) -> MetricFile:
    try:
        return MetricFile(metrics.parse(text, file))
    except StagebookError as error:
        return MetricFile(problem=error.problems[0])
