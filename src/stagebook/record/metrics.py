"""The values in metrics files, by dotted name."""

import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stagebook.execution.outcome import Ending, Outcome
from stagebook.pipeline import yaml_text
from stagebook.project.errors import Problem, StagebookError, Where

_DIGITS = 4000
_BITS = round(_DIGITS * math.log2(10))
"""Python refuses to print a whole number of more than 4,300 digits."""

SUFFIXES = (".json", ".yaml", ".yml", ".toml")
"""Suffixes of metrics files."""


def check(ending: Ending, folder: Path, paths: tuple[str, ...]) -> tuple[Ending, dict[str, Any]]:
    """The values in the metrics files of a successful execution; an invalid file makes it fail.

    Args:
        ending: How the execution ended.
        folder: The folder that the paths are relative to.
        paths: The metrics files.
    """
    if not ending.done:
        return ending, {}
    try:
        return ending, read(folder, paths)
    except StagebookError as error:
        return Ending(Outcome.FAILED, error.problems), {}


def read(folder: Path, paths: tuple[str, ...]) -> dict[str, Any]:
    """Every value in some metrics files.

    Args:
        folder: The folder that the paths are relative to.
        paths: The files; if there are several, names start with the file's.

    Raises:
        StagebookError: A file is not valid JSON, YAML or TOML, or not a mapping.
    """
    values: dict[str, Any] = {}
    for path in paths:
        entries = _load(folder, path).items()
        values.update((named(path, name, len(paths)), value) for name, value in entries)
    return values


def named(path: str, name: str, files: int) -> str:
    """The name of a metric among those of all metrics files of a stage.

    Args:
        path: Its file.
        name: Its dotted name there.
        files: How many metrics files the stage has.
    """
    return f"{Path(path).stem}.{name}" if files > 1 else name


def _load(folder: Path, path: str) -> Mapping[str, Any]:
    try:
        text = (folder / path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _bad(path, f"It is not UTF-8 text: {error}.") from None
    except OSError as error:
        raise _bad(path, f"It cannot be read: {error.strerror}.") from None
    return parse(text, path)


def parse(text: str, path: str) -> dict[str, Any]:
    """Every value in the text of a metrics file, by dotted name.

    Args:
        text: The text.
        path: The file, whose suffix determines the format.

    Raises:
        StagebookError: It is not valid JSON, YAML or TOML, or not a mapping.
    """
    if (conflict := yaml_text.merge_conflict(text, path)) is not None:
        raise StagebookError(conflict)
    try:
        document = _parse(text, path)
        values = dict(_flat(document)) if isinstance(document, dict) else None
    except RecursionError:
        raise _bad(path, "The file is nested too deeply.") from None
    except ValueError as error:
        kind = Path(path).suffix.lstrip(".").upper() or "JSON"
        raise _bad(path, f"It is not valid {kind}: {error}.") from None
    if values is None:
        raise _bad(path, "It is not a mapping of names to values.")
    return values


def _parse(text: str, path: str) -> Any:
    if path.endswith((".yaml", ".yml")):
        return yaml_text.load(text, path, plain=True)
    return tomllib.loads(text) if path.endswith(".toml") else json.loads(text)


def _bad(path: str, message: str) -> StagebookError:
    hint = 'Write it like this: json.dump({"auc": 0.71}, file)'
    return StagebookError(Problem("bad-metrics", message, hint, Where(path)))


def number(value: Any) -> float | None:
    """A value as a comparable number; None if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    return None if math.isnan(converted) else converted


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _flat(item, f"{name}.{position}")
    else:
        if isinstance(value, int) and value.bit_length() > _BITS:
            raise ValueError(f"{name} is a number with more than {_DIGITS} digits")
        plain = value is None or isinstance(value, bool | int | float | str)
        yield name, value if plain else str(value)
