"""The path of a file relative to the project's root, however a notebook spells it."""

# The kernel asks this of each file, and pathlib takes ten times longer.
# ruff: noqa: PTH118

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PathNames:
    """Translates absolute paths to paths relative to the project's root.

    Attributes:
        root: The project's root, resolved.
        files: The sandbox's folder, which looks like the root.
        home: The notebook's own folder, relative to the root.
    """

    root: str
    files: str
    home: str

    def of(self, path: str) -> str | None:
        """The path of a file relative to the root; None if it is not in the project.

        A path that leaves the sandbox, such as ``../data/in.csv``, is resolved from the folder of
        the notebook, for which it was written.

        Args:
            path: An absolute path without ``..``.
        """
        if name := _below(path, self.files):
            return name
        if _below(path, str(Path(self.files).parents[2])):
            name = os.path.normpath(os.path.join(self.home, os.path.relpath(path, self.files)))
            if not name.startswith(os.pardir):
                return name
        return _below(path, self.root)

    def beside(self, path: str) -> str | None:
        """The same for a path in the sandbox, if it was written for the notebook's own folder."""
        name = _below(path, self.files)
        return os.path.join(self.home, name) if name and self.home not in ("", os.curdir) else None


def _below(path: str, folder: str) -> str | None:
    if path == folder:
        return os.curdir
    return path[len(folder) + 1 :] if path.startswith(folder + os.sep) else None
