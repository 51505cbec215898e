"""DVC's cache, read without DVC: the contents that it holds, by hash."""

import configparser
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache of one repository.

    Attributes:
        folder: Where its contents are.
    """

    folder: Path

    @classmethod
    def of(cls, root: Path) -> "Cache":
        """The cache of a repository: the one that it is told to use, or its own.

        Args:
            root: The folder that holds ``.dvc``.
        """
        config = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            config.read([root / ".dvc" / name for name in ("config", "config.local")])
        except (configparser.Error, UnicodeDecodeError):  # DVC will say so
            config.clear()
        return cls(root / ".dvc" / config.get("cache", "dir", fallback="cache"))

    def read(self, md5: str) -> bytes | None:
        """A content; None if it is not here."""
        # DVC 2 laid contents out without the folders in between.
        for folder in (self.folder / "files" / "md5", self.folder):
            try:
                return (folder / md5[:2] / md5[2:]).read_bytes()
            except OSError:
                continue
        return None

    def files(self, md5: str) -> Mapping[str, str] | None:
        """What a folder with this hash holds; None if that is not here.

        Args:
            md5: The folder's hash, which ends in ``.dir``.

        Returns:
            The hash of each file by its path in the folder.
        """
        text = self.read(md5)
        try:
            listed = json.loads(text) if text is not None else None
            return listed and {str(one["relpath"]): str(one["md5"]) for one in listed}
        except (ValueError, KeyError, TypeError):
            return None
