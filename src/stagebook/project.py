"""The project: its root folder and its settings, read from ``[tool.stagebook]``."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
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
    def find(cls, start: Path) -> "Project":
        """The project that holds the folder ``start``.

        Raises:
            StagebookError: No parent folder has a ``pyproject.toml`` with a table
                ``[tool.stagebook]``, or that table is wrong.
        """
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / _PYPROJECT).is_file():
                text = (folder / _PYPROJECT).read_text(encoding="utf-8")
                document = _load_toml(text)
                table = document.get("tool", {}).get("stagebook")
                if isinstance(table, dict):
                    name = document.get("project", {}).get("name", folder.name)
                    return cls(folder, parse_settings(table, str(name)))
        raise StagebookError(
            Problem(
                "no-project",
                f"There is no Stagebook project in {start} or above it.",
                "In the project's root, add a line `[tool.stagebook]` to pyproject.toml, "
                "then run `stagebook sync`.",
            )
        )


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
    defaults = _stage_settings(shared, "tool.stagebook", problems)
    stages = {}
    for stage, entries in values.get("stages", {}).items():
        where = f"tool.stagebook.stages.{stage}"
        stages[stage] = _stage_settings(
            {**shared, **_known(entries, stage_keys, where, problems)}, where, problems
        )
    kept: dict[str, Any] = {"name": name}
    for key in own & values.keys():
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
    number, unit = text, ""
    if isinstance(text, str):
        number, _, unit = text.strip().partition(" ")
    factor = {"": 1, **units}.get(unit)
    if factor is None or isinstance(number, bool) or not float(number) > 0:
        raise ValueError(f"{text!r} is no positive number with a unit of {', '.join(units)}")
    return float(number) * factor


def _load_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
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


def _stage_settings(table: Mapping[str, Any], where: str, problems: list[Problem]) -> StageSettings:
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
    return StageSettings(**kept)


def _project_value(key: str, value: Any, problems: list[Problem]) -> Any:
    try:
        many = key in ("code", "headline")
        return _texts(value) if many else _text(value)
    except TypeError as error:
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
