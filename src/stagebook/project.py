"""The project: its root folder and its settings, read from ``[tool.stagebook]``."""

import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

from stagebook.errors import Problem, StagebookError, Where, did_you_mean

STATE = ".stagebook"
"""The folder, below the root, that holds everything that is Stagebook's own."""

_PYPROJECT = "pyproject.toml"
_LOCKS = (
    "requirements.lock",
    "uv.lock",
    "pylock.toml",
    "poetry.lock",
    "pdm.lock",
    "conda-lock.yml",
)
_FOLDERS = ("notebooks", "params", "runs")
_UNITS = {"s": 1, "sec": 1, "min": 60, "h": 3600}
_BYTES = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}


@dataclass(frozen=True, slots=True)
class StageSettings:
    """What is no parameter of the science, for one stage.

    Attributes:
        threads: Threads that numerical libraries may use. Part of the stage's source, since
            results can depend on it; fixed and never taken from the machine.
        time_limit: Seconds that the whole notebook may take, or None.
        memory_limit: Bytes of data that the kernel may allocate, or None.
        kernel: Name of a kernelspec, or None for the one that the notebook names.
        distributions: Installed distributions that are used though no import says so, such
            as the engine behind ``pandas.read_parquet``.
    """

    threads: int = 1
    time_limit: float | None = None
    memory_limit: int | None = None
    kernel: str | None = None
    distributions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """``[tool.stagebook]`` of a project, with defaults filled in.

    Attributes:
        name: The project's name, and the MLflow experiment's.
        notebooks: Folder of the notebooks.
        params: Folder of the params files.
        runs: Folder for executed notebooks and their HTML.
        code: Folders from which local modules are imported, in order.
        lock: The environment's lock file, where it has an unusual name.
        tracking_uri: MLflow's address, unless ``MLFLOW_TRACKING_URI`` says otherwise.
        headline: Metrics to show first, each as ``file:dotted.name``.
        defaults: Settings for stages that say nothing of their own.
        stages: Settings per stage.
    """

    name: str
    notebooks: str = "notebooks"
    params: str = "params"
    runs: str = "runs"
    code: tuple[str, ...] = ("src", ".")
    lock: str | None = None
    tracking_uri: str = "sqlite:///mlflow.db"
    headline: tuple[str, ...] = ()
    defaults: StageSettings = field(default_factory=StageSettings)
    stages: Mapping[str, StageSettings] = field(default_factory=dict)

    def stage(self, name: str) -> StageSettings:
        """The settings of the stage of this name."""
        return self.stages.get(name, self.defaults)


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
            if (folder / _PYPROJECT).is_file():
                document = _load_toml((folder / _PYPROJECT).read_bytes())
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


def parse_settings(table: Mapping[str, Any], name: str) -> Settings:
    """Settings from the table ``[tool.stagebook]``.

    Args:
        table: The parsed table.
        name: The project's name, where the table gives none.

    Raises:
        StagebookError: An unknown key or a value of the wrong kind; all of them at once.
    """
    problems: list[Problem] = []
    own = {f.name for f in fields(Settings)} - {"defaults", "stages"}
    stage_keys = {f.name for f in fields(StageSettings)}
    values = _known(table, own | stage_keys | {"stages"}, "tool.stagebook", problems)
    shared = {key: values[key] for key in values if key in stage_keys}
    defaults = _stage_settings(shared, StageSettings(), "tool.stagebook", problems)
    stages = {}
    for stage, entries in _tables(values.get("stages", {}), problems):
        where = f"tool.stagebook.stages.{stage}"
        known = _known(entries, stage_keys, where, problems)
        stages[stage] = _stage_settings(known, defaults, where, problems)
    kept: dict[str, Any] = {"name": name}
    for key in sorted(own & values.keys()):
        kept[key] = _project_value(key, values[key], problems)
    if problems:
        raise StagebookError(*problems)
    return Settings(**kept, defaults=defaults, stages=stages)


def parse_duration(text: str | float) -> float:
    """Seconds in ``90``, ``"90 s"``, ``"10 min"`` or ``"2 h"``; ValueError otherwise."""
    return _quantity(text, _UNITS)


def parse_size(text: str | float) -> int:
    """Bytes in ``"800 MB"``, ``"4 GB"``, ``"4 GiB"`` or a bare number; ValueError otherwise."""
    return int(_quantity(text, _BYTES))


def _quantity(text: str | float, units: Mapping[str, int]) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d*)?(?:e[+-]?\d+)?) *([A-Za-z]*)", str(text).strip())
    factor = {"": 1, **units}.get(found[2], 0) if found else 0
    number = float(found[1]) * factor if found else 0.0
    if not 0 < number < math.inf:
        raise ValueError(f"{text!r} is no positive number with a unit of {', '.join(units)}")
    return number


def _load_toml(text: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r"at line (\d+)", str(error))
        where = Where(_PYPROJECT, line=int(line[1]) if line else None)
        raise StagebookError(Problem("bad-toml", f"It is no TOML: {error}.", where=where)) from None


def _known(
    table: Mapping[str, Any], keys: set[str], where: str, problems: list[Problem]
) -> Mapping[str, Any]:
    problems.extend(
        Problem(
            "unknown-setting",
            f"[{where}] has an unknown key `{key}`.",
            did_you_mean(key, keys, f"Known: {', '.join(sorted(keys))}."),
            Where(_PYPROJECT),
        )
        for key in sorted(table.keys() - keys)
    )
    return {key: table[key] for key in table if key in keys}


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A table of another tool's file; empty where it is none, which is for that tool to say."""
    table = document.get(key)
    return table if isinstance(table, dict) else {}


def _tables(stages: Any, problems: list[Problem]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The tables below ``[tool.stagebook.stages]``."""
    named = stages.items() if isinstance(stages, dict) else [("<stage>", stages)]
    for stage, entries in named:
        if isinstance(entries, dict):
            yield stage, entries
        else:
            what = f"[tool.stagebook] stages.{stage}"
            problems.append(_bad_value(what, TypeError(f"{entries!r} is no table of settings")))


def _stage_settings(
    table: Mapping[str, Any], defaults: StageSettings, where: str, problems: list[Problem]
) -> StageSettings:
    readers = {
        "threads": _positive_int,
        "time_limit": parse_duration,
        "memory_limit": parse_size,
        "kernel": _text,
        "distributions": _texts,
    }
    kept: dict[str, Any] = {}
    for key, value in table.items():
        try:
            kept[key] = readers[key](value)
        except (TypeError, ValueError) as error:
            problems.append(_bad_value(f"[{where}] {key}", error))
    return replace(defaults, **kept)


def _project_value(key: str, value: Any, problems: list[Problem]) -> Any:
    readers = {"code": _folders, "headline": _texts, **dict.fromkeys(_FOLDERS, _folder)}
    try:
        return readers.get(key, _text)(value)
    except (TypeError, ValueError) as error:
        problems.append(_bad_value(f"[tool.stagebook] {key}", error))
        return None


def _bad_value(what: str, error: Exception) -> Problem:
    return Problem("bad-setting", f"{what}: {error}.", where=Where(_PYPROJECT))


def _positive_int(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(f"{value!r} is no whole number above zero")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list of texts")
    return tuple(_text(item) for item in value)


def _folder(value: Any) -> str:
    if (path := _inside(value)) == ".":
        raise ValueError("it cannot be the root itself")
    return path


def _folders(value: Any) -> tuple[str, ...]:
    return tuple(map(_inside, _texts(value)))


def _inside(value: Any) -> str:
    path = PurePosixPath(_text(value))
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError(f"{value!r} is not below the project's root")
    return path.as_posix()
