"""The present state of all that stages were built from: hashes, parameters, code."""

import contextlib
import hashlib
import itertools
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stagebook.notebook import source
from stagebook.notebook.distributions import Installed
from stagebook.notebook.source import Source
from stagebook.pipeline import dvc, notebooks, yaml_text
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.notebooks import StageNotebook
from stagebook.pipeline.stage import is_source, source_path, stage_of_source
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.record import metrics

_PARTS = 3
_LARGEST = 10**6
_UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Tree:
    """What the tree has now; what cannot be read is left out.

    Attributes:
        hashes: DVC's hash of each path; None if it does not exist. For source files, the hash
            that they would have if they were written now.
        params: What each params file holds.
        code: What changed in the code of a stage since the source with a hash, in words.
        unreadable: Why a params file, or an output that is not as in ``dvc.lock``, cannot be read.
        is_hashed: Whether DVC could compute the hashes.
    """

    hashes: Mapping[str, str | None] = field(default_factory=dict)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    code: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    is_hashed: bool = True

    @classmethod
    def read(cls, project: Project, entries: Iterable[LockEntry], params: Iterable[str]) -> "Tree":
        """Reads what some stages were built from.

        Args:
            project: The project.
            entries: The stages, as ``dvc.lock`` has them.
            params: The params files that ``dvc.yaml`` names.
        """
        entries = tuple(entries)
        files = [item.path for entry in entries for item in (*entry.deps, *entry.outs)]
        recorded = {dep.path: dep.md5 for entry in entries for dep in entry.deps}
        sources = _Sources.of(
            project, {path: recorded[path] for path in recorded if is_source(path)}
        )
        named = [*params, *(file for entry in entries for file in entry.params or {})]
        hashes = _hashes(project.root, files)
        values, unreadable = _params(project.root, named)
        changed = [
            out.path
            for entry in entries
            for out in entry.outs
            if (hashes or {}).get(out.path) not in (None, out.md5)
        ]
        return cls(
            {**(hashes or {}), **sources.hashes},
            values,
            sources.changes,
            {**unreadable, **dict(_conflicts(project.root, changed))},
            hashes is not None,
        )


def _hashes(root: Path, paths: Iterable[str]) -> dict[str, str | None] | None:
    """DVC's hashes, through its state: a file that has not changed is not read again."""
    files = [path for path in dict.fromkeys(paths) if not is_source(path)]
    present = [path for path in files if (root / path).exists()]
    absent: dict[str, str | None] = dict.fromkeys(path for path in files if path not in present)
    try:
        return {**absent, **{file.path: file.md5 for file in dvc.hash_paths(root, present)}}
    except (StagebookError, OSError):
        return None


def _params(
    root: Path, files: Iterable[str]
) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
    """What params files hold, and why others cannot be read; those in Python are left out."""
    params: dict[str, Mapping[str, Any]] = {}
    unreadable: dict[str, str] = {}
    for file in dict.fromkeys(files):
        try:
            values = _parsed((root / file).read_text(encoding="utf-8"), file)
        except FileNotFoundError:
            values = {}
        except StagebookError as error:
            values, unreadable[file] = None, error.problems[0].message
        except (OSError, ValueError, RecursionError) as error:
            values, unreadable[file] = None, str(error)
        if isinstance(values, Mapping):
            params[file] = values
    return params, unreadable


def _conflicts(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The metrics files with the markers of a merge conflict."""
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            file = root / path
            if path.endswith(metrics.SUFFIXES) and file.stat().st_size < _LARGEST:
                conflict = yaml_text.merge_conflict(file.read_text(encoding="utf-8"), path)
                if conflict is not None and conflict.where is not None:
                    yield path, f"merge conflict in line {conflict.where.line}"


def _parsed(text: str, file: str) -> Any:
    if file.endswith(".toml"):
        return tomllib.loads(text)
    if file.endswith(".json"):
        return json.loads(text)
    if file.endswith((".yaml", ".yml")):
        return yaml_text.load(text, file, plain=True) or {}
    return None


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of stages as they are now.

    Attributes:
        hashes: By the path of the source file.
        changes: What changed since a recorded source, by stage and hash of that source.
    """

    hashes: dict[str, str | None]
    changes: dict[tuple[str, str], tuple[str, ...]]

    @classmethod
    def of(cls, project: Project, recorded: Mapping[str, str]) -> "_Sources":
        """Computes sources from the notebooks, and not from files that a build wrote."""
        sources = cls({}, {})
        installed = Installed.scan() if recorded else None
        cache = Cache.of(project.root)
        stages = {stage_of_source(path): path for path in recorded}
        for stage, notebook in notebooks.read_each(project, stages).items():
            path = source_path(stage)
            then = recorded[path]
            text = _source(project, notebook, installed)
            if text is None:
                sources.hashes[path] = _UNREADABLE
                sources.changes[stage, then] = ("its notebook cannot be read",)
                continue
            sources.hashes[path] = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            if sources.hashes[path] != then:
                content = cache.read(then)
                before = content.decode("utf-8", "replace") if content is not None else None
                sources.changes[stage, then] = _changes(before, text)
        return sources


def _source(
    project: Project, notebook: StageNotebook | StagebookError, installed: Installed | None
) -> str | None:
    if isinstance(notebook, StagebookError) or installed is None:
        return None
    try:
        return source.render(Source.of(notebook.notebook, project, installed))
    except StagebookError:
        return None


def _changes(before: str | None, now: str) -> tuple[str, ...]:
    """What differs between two sources, in words; empty if the first is missing."""
    if before is None:
        return ()
    then, today = _parts(before), _parts(now)
    words = [
        _word(name, then.get(name), today.get(name))
        for name in {**then, **today}
        if then.get(name) != today.get(name)
    ]
    more = [f"{len(words) - _PARTS} more"] if len(words) > _PARTS else []
    return (*words[:_PARTS], *more)


def _word(name: str, then: str | None, now: str | None) -> str:
    kind, _, subject = name.partition(" ")
    if kind in ("module", "cells"):
        return subject or kind
    absent = "a release" if kind == "revision" else "not installed"
    return f"{subject or kind} {then or absent} → {now or absent}"


def _parts(text: str) -> dict[str, str]:
    """The facts in the head of a rendered source, and its cells."""
    lines = text.splitlines()
    head = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    facts: dict[str, str] = {"cells": "\n".join(lines[len(head) :])}
    for line in head[1:]:
        kind, _, rest = line.removeprefix("# ").partition(" ")
        first, _, second = rest.partition(" ")
        if kind == "module":
            facts[f"module {second}"] = first
        else:
            facts[f"{kind} {first}" if second else kind] = second or first
    return facts
