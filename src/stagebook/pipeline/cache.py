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
        """The cache of a repository: the configured one, or its own.

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
        """A content; None if it is missing."""
        file = self.file(md5)
        try:
            return file.read_bytes() if file else None
        except OSError:
            return None

    def file(self, md5: str) -> Path | None:
        """The file that holds a content; None if it is missing."""
        # DVC 2 laid contents out without the folders in between.
        places = (self.folder / "files" / "md5", self.folder)
        files = (place / md5[:2] / md5[2:] for place in places)
        return next((file for file in files if file.is_file()), None)

    def files(self, md5: str) -> Mapping[str, str] | None:
        """What a folder with this hash holds; None if it is missing.

        Args:
            md5: The folder's hash, which ends in ``.dir``.

        Returns:
            The hash of each file by its path in the folder.
        """
        text = self.read(md5)
        try:
            listed = json.loads(text) if text is not None else None
            return listed and {str(item["relpath"]): str(item["md5"]) for item in listed}
        except (ValueError, KeyError, TypeError):
            return None
