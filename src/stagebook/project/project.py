"""The project: its root folder, its settings, and the address of its tracker."""

import functools
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.masks import MASK
from stagebook.project.secret_values import is_secret_name
from stagebook.project.settings import FILE, Settings, parse_settings

STATE = ".stagebook"
"""The folder below the root for Stagebook's own files."""

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
        """The folder for Stagebook's own files."""
        return self.root / STATE

    @property
    def tracking_uri(self) -> str:
        """MLflow's address; a relative SQLite path is made absolute, from the root."""
        uri = os.environ.get("MLFLOW_TRACKING_URI") or self.settings.tracking_uri
        relative = re.fullmatch(r"sqlite:///([^/].*)", uri)
        if relative is None:
            return uri
        # The relative part is already quoted for an address; the root is a plain path.
        return f"{sqlite_uri(self.root)}/{relative[1]}"

    @property
    def lock(self) -> str | None:
        """The environment's lock file: the setting's, or the first of the usual ones."""
        usual = (name for name in _LOCKS if (self.root / name).is_file())
        return self.settings.lock or next(usual, None)

    @classmethod
    def around(cls, start: Path) -> "Project | None":
        """The project that contains the folder ``start``; None outside a project.

        Raises:
            StagebookError: Its table ``[tool.stagebook]`` is invalid.
        """
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / FILE).is_file():
                document = _load_toml((folder / FILE).read_bytes())
                table = _table(document, "tool").get("stagebook")
                if isinstance(table, dict):
                    project = _table(document, "project")
                    about = str(project.get("name", folder.name)), project.get("description", "")
                    return cls(folder, parse_settings(table, *map(str, about)))
        return None

    @classmethod
    def find(cls, start: Path) -> "Project":
        """The project that holds the folder ``start``.

        Raises:
            StagebookError: No parent folder has a ``pyproject.toml`` with a table
                ``[tool.stagebook]``, or that table is invalid.
        """
        if project := cls.around(start):
            return project
        raise StagebookError(
            Problem(
                "no-project",
                f"There is no Stagebook project in {start.resolve()} or above it.",
                "In the project's root, add a line `[tool.stagebook]` to pyproject.toml, "
                "then run `stagebook sync`.",
            )
        )


# After a colon that does not begin a port, a password may contain unquoted slashes and signs.
_USER_INFO = re.compile(
    r"//(?:[^/\s:@\"']{0,256}:(?!\d{1,5}(?:[/?#\s]|$))\S{0,1024}@|[^/\s]{0,1024}@)"
)
_QUERY = re.compile(r"(?<=[?&;])([\w.-]{1,80})=([^&;#\s\"']+)")


def without_credentials(text: str) -> str:
    """A text without users and passwords in addresses, and without tokens in queries."""
    return _QUERY.sub(_without_token, _USER_INFO.sub("//", text))


def _without_token(pair: re.Match[str]) -> str:
    return f"{pair[1]}={MASK}" if is_secret_name(pair[1]) else pair[0]


def _load_toml(text: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r"at line (\d+)", str(error))
        where = Where(FILE, line=int(line[1]) if line else None)
        raise StagebookError(
            Problem("bad-toml", f"The file is not valid TOML: {error}.", where=where)
        ) from None


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A table of another tool's file; empty if it is not a table, which that tool reports."""
    table = document.get(key)
    return table if isinstance(table, dict) else {}


def sqlite_uri(path: Path) -> str:
    """The address of a SQLite database for SQLAlchemy and MLflow.

    Args:
        path: Absolute path of the database's file.
    """
    text = path.as_posix()
    quoted = re.sub(r"[%?#]", lambda match: quote(match[0]), text)
    if quoted == text or not _is_unquoted():
        return f"sqlite:///{text}"
    # With the driver's name, since for `sqlite:` MLflow would create a folder of the quoted name
    return f"sqlite+pysqlite:///{quoted}"


def artifact_root(folder: Path) -> dict[str, str]:
    """The variable that names MLflow's folder for artifacts; empty if its default is right.

    MLflow uses the path of its working folder as an address without quoting it. The variable is
    the only way to name another root for experiments that a notebook creates.

    Args:
        folder: Absolute path of the folder of ``mlruns``, which may be missing.
    """
    if re.search(r"[%?#]", str(folder)) is None:
        return {}
    return {"_MLFLOW_SERVER_ARTIFACT_ROOT": (folder / "mlruns").as_uri()}


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite database; None for any other address.

    Args:
        uri: The address, as ``sqlite_uri`` or a person writes it.
    """
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]*)(\?.*)?", uri, re.DOTALL)
    if match is None:
        return None
    return Path(unquote(match[1]) if "%" in match[1] and _is_unquoted() else match[1])


@functools.cache
def _is_unquoted() -> bool:
    """Whether SQLAlchemy unquotes a database's path, which it does since version 2.1."""
    from sqlalchemy import make_url

    return make_url("sqlite:///%25").database == "%"
