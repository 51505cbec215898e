"""A change to a text file that is computed first, shown, and only then made."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from stagebook.project.files import write_whole


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a file is, and what it is to be.

    Attributes:
        path: Relative to the project's root.
        before: The present text; empty where there is no file.
        after: The text to be.
    """

    path: str
    before: str
    after: str

    @property
    def needed(self) -> bool:
        """Whether the file is not as it is to be."""
        return self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff."""
        return "".join(
            difflib.unified_diff(
                self.before.splitlines(keepends=True),
                self.after.splitlines(keepends=True),
                f"a/{self.path}",
                f"b/{self.path}",
            )
        )

    def write(self, root: Path) -> None:
        """Writes the file: beside it, then by one rename."""
        write_whole(root / self.path, self.after.encode("utf-8", "surrogateescape"))
