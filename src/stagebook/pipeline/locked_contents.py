"""The contents that ``dvc.lock`` names, laid out from wherever the repository has them."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from stagebook.pipeline import git_contents
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git_command import GitError
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.project.files import write_whole


@dataclass(frozen=True, slots=True)
class LockedContents:
    """Contents by hash: those of DVC's cache, of the working tree and of the last commit.

    Attributes:
        files: The files of the project.
    """

    files: ProjectFiles

    def lay(self, content: HashedPath, target: Path) -> bool:
        """Lays a file or folder out at a path; returns whether all of it is here.

        A content of the cache becomes a link to it, which nothing may write through.

        Args:
            content: The path in the project, and DVC's hash.
            target: Where it goes.
        """
        if not content.md5.endswith(".dir"):
            return self._lay_file(content.path, content.md5, target)
        listing = self.files.cache.files(content.md5)
        if listing is None:
            return self._copy_folder(content, target)
        target.mkdir(parents=True, exist_ok=True)
        return all(
            self._lay_file(f"{content.path}/{name}", md5, target / name, copies=True)
            for name, md5 in listing.items()
        )

    def _lay_file(self, path: str, md5: str, target: Path, *, copies: bool = False) -> bool:
        target.parent.mkdir(parents=True, exist_ok=True)
        cached = self.files.cache.file(md5)
        if cached is not None and copies:  # a build lays real files into a folder
            shutil.copyfile(cached, target)
        elif cached is not None:
            target.symlink_to(cached.resolve())
        elif self.files.md5(path) == md5:
            shutil.copy2(self.files.root / path, target)
        else:
            return self._lay_committed(path, md5, target)
        return True

    def _lay_committed(self, path: str, md5: str, target: Path) -> bool:
        """Lays out a text of the last commit, such as a metric that DVC does not cache."""
        name = f"HEAD:./{path}"
        try:
            text = git_contents.texts(self.files.root, [name]).get(name)
        except GitError:
            return False
        if text is None or _md5(text.encode()) != md5:
            return False
        write_whole(target, text, exact=True)
        return True

    def _copy_folder(self, content: HashedPath, target: Path) -> bool:
        if self.files.md5(content.path) != content.md5:
            return False
        shutil.copytree(self.files.root / content.path, target)
        return True


def make_own(place: Path) -> None:
    """Replaces a link, or the links in a folder, by copies, which programs may write to.

    Args:
        place: A file or a folder.
    """
    for path in [place, *place.rglob("*")]:
        if path.is_symlink() and path.is_file():
            original = path.resolve()
            path.unlink()
            shutil.copyfile(original, path)
            path.chmod(0o755 if os.access(original, os.X_OK) else 0o644)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
