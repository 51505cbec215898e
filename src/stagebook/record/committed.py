"""What a commit itself has of its stages, for where no execution of them is remembered.

That is ``dvc.lock`` with hashes and values, and the metrics files. It tells nothing of cells and
packages by themselves: DVC knows both by one hash, that of the stage's source.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stagebook.errors import StagebookError
from stagebook.masks import Masks
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.dvc import Hashed
from stagebook.pipeline.dvc_file import FILE
from stagebook.pipeline.lock import Entry, Lock
from stagebook.pipeline.stage import SITE, SOURCES
from stagebook.record import git, graph, metrics
from stagebook.record.history import Values
from stagebook.record.lineage import makings

Side = Values | None
_COMMON = ("parameters", "inputs", "outputs", "metrics", "source", "code", "environment")


def read(root: Path, commit: str, lock: Lock) -> dict[str, Values]:
    """What a commit has of each stage, in the shape of a record.

    Args:
        root: The project's root.
        commit: Hash of the commit.
        lock: Its ``dvc.lock``.
    """
    entries = [one for one in lock.entries.values() if one.stage not in (SOURCES, SITE)]
    files = _metric_files(root, commit)
    texts = _texts(root, commit, entries, files)
    masks = Masks.of(os.environ)
    return {
        one.stage: masks.hide_all(_told(one, commit, _measured(files.get(one.stage, ()), texts)))
        for one in entries
    }


def is_locked(record: Values) -> bool:
    """Whether it is no record of an execution, but what a commit has."""
    return bool(record.get("locked"))


def held(records: tuple[Side, Side], locked: tuple[Side, Side]) -> tuple[Side, Side]:
    """What is held against each other of one stage: records, or what both sides know without one.

    Args:
        records: The record of each side; None where there is none.
        locked: What a commit has of the stage; None where a side is none, or has no such stage.
    """
    if all(records) or not any(one for one, own in zip(locked, records, strict=True) if not own):
        return records
    before, now = (own or one for own, one in zip(records, locked, strict=True))
    if before is None or now is None:
        return before, now
    if all(locked):
        pairs = zip((before, now), locked, strict=True)
        before, now = ({**own, **{key: (one or {})[key] for key in _COMMON}} for own, one in pairs)
    else:
        before, now = _known_of_both(before, now)
    if before["metrics"] is None or now["metrics"] is None:  # not known is not gone
        before, now = ({**one, "metrics": {}} for one in (before, now))
    return before, now


def _known_of_both(before: Values, now: Values) -> tuple[Values, Values]:
    """An execution beside what a commit has: that has no defaults, and another hash of the code."""
    names = [{one["name"] for one in side["parameters"]} for side in (before, now)]
    both = names[0] & names[1]
    one, other = (
        {
            **side,
            "code": None,
            "source": "",
            "environment": {},
            "parameters": [each for each in side["parameters"] if each["name"] in both],
        }
        for side in (before, now)
    )
    return one, other


def _told(entry: Entry, commit: str, measured: Values | None) -> Values:
    values = [
        {"name": name, "value": value}
        for file in makings.own_params(entry).values()
        for name, value in file.items()
    ]
    files = makings.files_of_entry(entry)
    source = makings.source_of(entry) or entry.cmd
    return {
        "locked": True,
        "stage": entry.stage,
        "outcome": "done",
        "build": True,
        "source": source,
        "code": None,
        "parameters": values,
        "inputs": [_plain(one) for one in entry.deps if (False, one.path, one.md5) in files],
        "outputs": [_plain(one) for one in entry.outs],
        "metrics": measured,
        "environment": {},
        "git": {"commit": commit, "dirty": False},
        "volatile": {"id": f"lock-{makings.digest(entry)[:16]}-{source[:8]}"},
    }


def _plain(one: Hashed) -> dict[str, Any]:
    return {"path": one.path, "md5": one.md5}


def _metric_files(root: Path, commit: str) -> dict[str, tuple[str, ...]]:
    """The metrics files of each stage, by the commit's ``dvc.yaml``."""
    try:
        nodes = [one for _, text in _blobs(root, commit, FILE) for one in graph.parse(text)]
    except StagebookError:
        return {}
    return {one.name: one.metrics for one in nodes}


def _blobs(root: Path, commit: str, path: str) -> Iterator[tuple[str, str]]:
    return git.blobs(root, [f"{commit}:./{path}"])


def _texts(
    root: Path, commit: str, entries: Iterable[Entry], files: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """The texts of metrics files by path, as the commit has them, else as DVC's cache does."""
    paths = [path for listed in files.values() for path in listed]
    found = git.texts(root, [f"{commit}:./{path}" for path in paths])
    texts = {name.partition(":./")[2]: text for name, text in found.items()}
    cache = Cache.of(root)
    for one in (out for entry in entries for out in entry.outs if out.path in paths):
        content = None if one.path in texts else cache.read(one.md5)
        if content is not None:
            texts[one.path] = content.decode("utf-8", "replace")
    return texts


def _measured(files: tuple[str, ...], texts: Mapping[str, str]) -> Values | None:
    """The metrics of a stage, named as in records; None if a file of them cannot be read."""
    values: dict[str, Any] = {}
    try:
        for path in files:
            found = metrics.parse(texts[path], path)
            values |= {metrics.named(path, name, len(files)): one for name, one in found.items()}
    except (KeyError, StagebookError):
        return None
    return values
