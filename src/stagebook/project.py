"""The project: its root folder, its settings, and where its tracker is."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.errors import Problem, StagebookError, Where
from stagebook.settings import FILE, Settings, parse_settings

STATE = ".stagebook"
"""The folder, below the root, that holds everything that is Stagebook's own."""

_LOCKS = (
    "requirements.lock",
    "uv.lock",
    "pylock.toml",
    "poetry.lock",
    "pdm.lock",
    "conda-lock.yml",
)


@dataclass(frozen=True, slots=True)
class Project:
    """A project on disk.

    Attributes:
        root: Absolute path of the folder that holds ``pyproject.toml``.
        settings: Its settings.
    """

    root: Path
    settings: Settings

    @property
    def state(self) -> Path:
        """The folder for everything that is Stagebook's own."""
        return self.root / STATE

    @property
    def tracking_uri(self) -> str:
        """MLflow's address; a relative SQLite path is made absolute, from the root."""
        uri = os.environ.get("MLFLOW_TRACKING_URI") or self.settings.tracking_uri
        relative = re.fullmatch(r"sqlite:///([^/].*)", uri)
        return f"sqlite:///{self.root / relative[1]}" if relative else uri

    @property
    def lock(self) -> str | None:
        """The environment's lock file: the setting's, or the first of the usual ones."""
        usual = (name for name in _LOCKS if (self.root / name).is_file())
        return self.settings.lock or next(usual, None)

    @classmethod
    def around(cls, start: Path) -> "Project | None":
        """The project that holds the folder ``start``; None outside of any.

        Raises:
            StagebookError: Its table ``[tool.stagebook]`` is wrong.
        """
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / FILE).is_file():
                document = _load_toml((folder / FILE).read_bytes())
                table = _table(document, "tool").get("stagebook")
                if isinstance(table, dict):
                    name = _table(document, "project").get("name", folder.name)
                    return cls(folder, parse_settings(table, str(name)))
        return None

    @classmethod
    def find(cls, start: Path) -> "Project":
        """The project that holds the folder ``start``.

        Raises:
            StagebookError: No parent folder has a ``pyproject.toml`` with a table
                ``[tool.stagebook]``, or that table is wrong.
        """
        if found := cls.around(start):
            return found
        raise StagebookError(
            Problem(
                "no-project",
                f"There is no Stagebook project in {start.resolve()} or above it.",
                "In the project's root, add a line `[tool.stagebook]` to pyproject.toml, "
                "then run `stagebook sync`.",
            )
        )


def without_credentials(text: str) -> str:
    """A text in which no address names a user or a password."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def _load_toml(text: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r"at line (\d+)", str(error))
        where = Where(FILE, line=int(line[1]) if line else None)
        raise StagebookError(Problem("bad-toml", f"It is no TOML: {error}.", where=where)) from None


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A table of another tool's file; empty where it is none, which is for that tool to say."""
    table = document.get(key)
    return table if isinstance(table, dict) else {}
