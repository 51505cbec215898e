"""A change to a text file that is computed first, shown, and only then written."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from stagebook.project.files import write_whole


@dataclass(frozen=True, slots=True)
class FileChange:
    """The present and the new text of a file.

    Attributes:
        path: Relative to the project's root.
        before: The present text; an empty text if the file does not exist.
        after: The new text.
    """

    path: str
    before: str
    after: str

    @property
    def needed(self) -> bool:
        """Whether the two texts differ."""
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
        """Writes the file: beside it, then by one rename. It keeps its rights; a link stays one."""
        path = (root / self.path).resolve()
        mode = path.stat().st_mode if path.exists() else None
        write_whole(path, self.after.encode("utf-8", "surrogateescape"))
        if mode is not None:
            path.chmod(mode)
