"""What differs between an execution and the previous one of its stage."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from stagebook.record.record import Record

Pair = tuple[Any, Any]
"""A value before and now; None if it is missing."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed from one execution of a stage to the next.

    Attributes:
        parameters: The values that differ, by name.
        cells: How many code cells are new or changed.
        modules: The local modules that differ, as Python names them.
        code: Whether the code differs at all; older records do not say where.
        data: Paths of the inputs that differ.
        packages: The versions that differ, by distribution, including Python itself.
        metrics: Each metric that is a number, by name: its value in the last execution that was
            done, and now.
    """

    parameters: Mapping[str, Pair]
    cells: int
    modules: tuple[str, ...]
    code: bool
    data: tuple[str, ...]
    packages: Mapping[str, Pair]
    metrics: Mapping[str, Pair]

    @classmethod
    def between(cls, before: Record | None, now: Record, measured: Record | None) -> "Changes":
        """What changed from a record to a later one; nothing without an earlier one.

        Args:
            before: The earlier record; None if it is missing.
            now: The later record.
            measured: The last earlier record that was done, to compare metrics with.
        """
        then = before if before is not None else now
        cells, modules, code = _code(then, now)
        packages = _differing(_packages(then), _packages(now))
        old = _numbers(measured) if measured is not None else {}
        return cls(
            parameters=_differing(then.values, now.values),
            cells=cells,
            modules=modules,
            code=code,
            data=tuple(_differing(_inputs(then), _inputs(now))),
            packages=packages,
            metrics={name: (old.get(name), value) for name, value in _numbers(now).items()},
        )

    def as_json(self) -> dict[str, Any]:
        """These changes as plain values."""
        return {
            "parameters": _pairs(self.parameters),
            "code": {"changed": self.code, "cells": self.cells, "modules": list(self.modules)},
            "data": list(self.data),
            "packages": _pairs(self.packages),
            "metrics": _pairs(self.metrics),
        }


def _code(then: Record, now: Record) -> tuple[int, tuple[str, ...], bool]:
    old, new = then.code, now.code
    if old is None or new is None:  # an older format has no more details
        return 0, (), then.source != now.source
    cells = (Counter(new.cells) - Counter(old.cells)).total()
    removed = (Counter(old.cells) - Counter(new.cells)).total()
    order = old.cells != new.cells
    modules = tuple(_module(path) for path in _differing(old.modules, new.modules))
    changed = max(cells, removed, int(order))
    return changed, modules, bool(changed or modules)


def _module(path: str) -> str:
    """Python's name of a module, from its path below a folder of code."""
    parts = PurePosixPath(path).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _inputs(record: Record) -> dict[str, Any]:
    return {file.path: file.md5 for file in record.inputs}


def _packages(record: Record) -> dict[str, Any]:
    environment = record.environment
    return {"Python": environment.python or None, **environment.distributions}


def _numbers(record: Record) -> dict[str, Any]:
    return {name: item for name, item in record.metrics.items() if isinstance(item, (int, float))}


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Pair]:
    names: Iterable[str] = dict.fromkeys((*now, *then))
    return {name: pair for name, pair in _paired(names, then, now) if pair[0] != pair[1]}


def _paired(
    names: Iterable[str], then: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[tuple[str, Pair]]:
    for name in names:
        yield name, (then.get(name), now.get(name))


def _pairs(pairs: Mapping[str, Pair]) -> dict[str, dict[str, Any]]:
    return {name: {"before": before, "now": now} for name, (before, now) in pairs.items()}
