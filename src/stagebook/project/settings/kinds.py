"""The kinds of values in a table of settings, and the problems with invalid ones."""

import math
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from stagebook.project.errors import Problem, Where, did_you_mean

FILE = "pyproject.toml"
_UNITS = {"s": 1, "sec": 1, "min": 60, "h": 3600}
_BYTES = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}


def known(
    table: Mapping[str, Any], keys: set[str], where: str, problems: list[Problem]
) -> Mapping[str, Any]:
    """The entries of a table with known keys; adds a problem for each other key."""
    problems.extend(
        Problem(
            "unknown-setting",
            f"[{where}] has an unknown key `{key}`.",
            did_you_mean(key, keys, f"Known: {', '.join(sorted(keys))}."),
            Where(FILE),
        )
        for key in sorted(table.keys() - keys)
    )
    return {key: table[key] for key in table if key in keys}


def read(
    table: Mapping[str, Any],
    readers: Mapping[str, Callable[[Any], Any]],
    where: str,
    problems: list[Problem],
) -> dict[str, Any]:
    """The valid values of a table; adds a problem for each other value."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        try:
            values[key] = readers[key](value)
        except (TypeError, ValueError) as error:
            problems.append(bad_value(f"[{where}] {key}", error))
    return values


def bad_value(setting: str, error: Exception) -> Problem:
    """The problem with an invalid value."""
    return Problem("bad-setting", f"{setting}: {error}.", where=Where(FILE))


def parse_duration(text: str | float) -> float:
    """Seconds in ``90``, ``"90 s"``, ``"10 min"`` or ``"2 h"``; ValueError otherwise."""
    return _quantity(text, _UNITS)


def parse_size(text: str | float) -> int:
    """Bytes in ``"800 MB"``, ``"4 GB"``, ``"4 GiB"`` or a bare number; ValueError otherwise."""
    return int(_quantity(text, _BYTES))


def _quantity(text: str | float, units: Mapping[str, int]) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d*)?(?:e[+-]?\d+)?) *([A-Za-z]*)", str(text).strip())
    factor = {"": 1, **units}.get(match[2], 0) if match else 0
    number = float(match[1]) * factor if match else 0.0
    if not 0 < number < math.inf:
        raise ValueError(f"{text!r} is not a positive number with a unit of {', '.join(units)}")
    return number


def positive_int(value: Any) -> int:
    """A whole number above zero."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(f"{value!r} is not a whole number above zero")
    return value


def count(value: Any) -> int:
    """A whole number that is not below zero."""
    return 0 if value == 0 and not isinstance(value, bool) else positive_int(value)


def number(value: Any) -> float:
    """A number that is finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return value


def size(value: Any) -> float:
    """A number that is not below zero."""
    if number(value) < 0:
        raise ValueError(f"{value!r} is below zero")
    return number(value)


def text_or_none(value: Any) -> str:
    """A text, which may be empty."""
    return "" if value == "" else text(value)


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not a text")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list of texts")
    return tuple(text(item) for item in value)


def modules(value: Any) -> tuple[str, ...]:
    """A list of dotted names of modules, each once."""
    names = texts(value)
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"{name!r} is not the dotted name of a module")
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is repeated")
    return names


def truth(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def pairs(value: Any) -> dict[str, str]:
    """A table of paths below the root."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a TOML table of paths")
    return {key: inside(item) for key, item in value.items()}


def folder(value: Any) -> str:
    """The path of a folder below the root."""
    if (path := inside(value)) == ".":
        raise ValueError("the path cannot be the root itself")
    return path


def code_folders(value: Any) -> tuple[str, ...]:
    """Paths that are relative to the root, below it or not, since projects may share code."""
    return tuple(map(relative, texts(value)))


def relative(value: Any) -> str:
    """A path that is relative to the root, below it or not."""
    path = PurePosixPath(text(value))
    if path.is_absolute() or "\\" in value:
        raise ValueError(f"{value!r} is not relative to the project's root")
    return path.as_posix()


def inside(value: Any) -> str:
    """A path that does not leave the root."""
    path = PurePosixPath(text(value))
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError(f"{value!r} is not below the project's root")
    return path.as_posix()
