"""DVC's cache, read without DVC: the contents that it holds, by hash."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_APP, _AUTHOR = "dvc", "iterative"
"""By which DVC names its folders of settings."""


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
        folder = root / ".dvc" / "cache"
        for file in _settings(root):
            if (named := _cache_named(file)) is not None:
                folder = file.parent / Path(named).expanduser()
        return cls(folder)

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


def _settings(root: Path) -> tuple[Path, ...]:
    """The files of DVC's settings: of the machine, of the person, of the repository, of the clone.

    Each overrides those before it.
    """
    import platformdirs

    machine = os.environ.get("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir(_APP, _AUTHOR)
    person = os.environ.get("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir(_APP, _AUTHOR)
    own = root / ".dvc"
    return Path(machine, "config"), Path(person, "config"), own / "config", own / "config.local"


def _cache_named(file: Path) -> str | None:
    """The folder of the cache that a file of settings names; None if it names none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    if "cache" not in text:
        return None
    from configobj import ConfigObj, ConfigObjError

    try:
        section = ConfigObj(text.splitlines(), interpolation=False).get("cache")
    except ConfigObjError:  # DVC will say so
        return None
    named = section.get("dir") if isinstance(section, dict) else None
    return named if isinstance(named, str) else None
