"""What a commit itself has of its stages, used where their executions have no record.

These are the hashes and values in ``dvc.lock``, and the metrics files. Single cells and packages
are not known: DVC has one hash for both, that of the stage's source.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stagebook.history.lineage import makings
from stagebook.pipeline import git_contents
from stagebook.pipeline import nodes as graph
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.dvc_file import FILE
from stagebook.pipeline.git import Git
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.pipeline.stage import SITE, SOURCES
from stagebook.project.errors import StagebookError
from stagebook.project.masks import Masks
from stagebook.record import metrics
from stagebook.record.record import Record, RecordedEnvironment, RecordedParameter, Volatile

Side = Record | None
_COMMON = ("parameters", "inputs", "outputs", "metrics", "source", "code", "environment")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedStage(Record):
    """What a commit has of a stage, in the shape of a record.

    Attributes:
        is_measured: Whether every metrics file of the stage could be read.
    """

    is_measured: bool = True


def read(root: Path, commit: str, lock: Lock) -> dict[str, Record]:
    """What a commit has of each stage, in the shape of a record.

    Args:
        root: The project's root.
        commit: Hash of the commit.
        lock: Its ``dvc.lock``.
    """
    entries = [
        lock_entry
        for lock_entry in lock.entries.values()
        if lock_entry.stage not in (SOURCES, SITE)
    ]
    files = _metric_files(root, commit)
    texts = _texts(root, commit, entries, files)
    masks = Masks.of(os.environ)
    return {
        entry.stage: _committed(entry, commit, _measured(files.get(entry.stage, ()), texts), masks)
        for entry in entries
    }


def is_locked(record: Record) -> bool:
    """Whether it was read from a commit, and is not the record of an execution."""
    return isinstance(record, CommittedStage)


def comparable(records: tuple[Side, Side], locked: tuple[Side, Side]) -> tuple[Side, Side]:
    """Both sides of one stage to compare: their records, or what both know without a record.

    Args:
        records: The record of each side; None if it is missing.
        locked: What a commit has of the stage; None if a side is not a commit, or lacks the stage.
    """
    if all(records) or not any(item for item, own in zip(locked, records, strict=True) if not own):
        return records
    before, now = (own or item for own, item in zip(records, locked, strict=True))
    if before is None or now is None:
        return before, now
    if all(locked):
        pairs = zip((before, now), locked, strict=True)
        before, now = (replace(own, **_common(side)) for own, side in pairs if side is not None)
        sources = locked
    else:
        sources = before, now
        before, now = _known_of_both(before, now)
    if not all(map(_is_measured, sources)):  # an unknown metric is not a removed one
        before, now = (replace(record, metrics={}) for record in (before, now))
    return before, now


def _common(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _COMMON}


def _is_measured(record: Side) -> bool:
    """Whether all metrics are known."""
    return not isinstance(record, CommittedStage) or record.is_measured


def _known_of_both(before: Record, now: Record) -> tuple[Record, Record]:
    """What both an execution and a commit know: a commit has no defaults, and another code hash."""
    both = before.values.keys() & now.values.keys()
    first, second = (
        replace(
            record,
            code=None,
            source="",
            environment=RecordedEnvironment(),
            parameters=tuple(
                parameter for parameter in record.parameters if parameter.name in both
            ),
        )
        for record in (before, now)
    )
    return first, second


def _committed(
    entry: LockEntry, commit: str, measured: Mapping[str, Any] | None, masks: Masks
) -> CommittedStage:
    files = makings.files_of_entry(entry)
    source = makings.source_of(entry) or entry.cmd
    stage = CommittedStage(
        stage=entry.stage,
        notebook="",
        title=None,
        outcome="done",
        problems=(),
        source=source,
        code=None,
        parameters=tuple(
            RecordedParameter(name, masks.hide_all(value))
            for file in makings.own_params(entry).values()
            for name, value in file.items()
        ),
        inputs=tuple(file for file in entry.deps if (False, file.path, file.md5) in files),
        outputs=entry.outs,
        tables=(),
        metrics=masks.hide_all(measured or {}),
        environment=RecordedEnvironment(),
        git=Git(commit),
        volatile=Volatile(f"lock-{makings.digest(entry)[:16]}-{source[:8]}"),
        is_measured=measured is not None,
    )
    return masks.hide_all(stage)


def _metric_files(root: Path, commit: str) -> dict[str, tuple[str, ...]]:
    """The metrics files of each stage, by the commit's ``dvc.yaml``."""
    try:
        nodes = [node for _, text in _blobs(root, commit, FILE) for node in graph.parse(text)]
    except StagebookError:
        return {}
    return {node.name: node.metrics for node in nodes}


def _blobs(root: Path, commit: str, path: str) -> Iterator[tuple[str, str]]:
    return git_contents.blobs(root, [f"{commit}:./{path}"])


def _texts(
    root: Path, commit: str, entries: Iterable[LockEntry], files: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """The texts of metrics files by path, as the commit has them, else as DVC's cache does."""
    paths = [path for listed in files.values() for path in listed]
    by_name = git_contents.texts(root, [f"{commit}:./{path}" for path in paths])
    texts = {name.partition(":./")[2]: text for name, text in by_name.items()}
    cache = Cache.of(root)
    for file in (out for entry in entries for out in entry.outs if out.path in paths):
        content = None if file.path in texts else cache.read(file.md5)
        if content is not None:
            texts[file.path] = content.decode("utf-8", "replace")
    return texts


def _measured(files: tuple[str, ...], texts: Mapping[str, str]) -> dict[str, Any] | None:
    """The metrics of a stage, named as in records; None if one of its files cannot be read."""
    values: dict[str, Any] = {}
    try:
        for path in files:
            parsed = metrics.parse(texts[path], path)
            values |= {metrics.named(path, name, len(files)): item for name, item in parsed.items()}
    except (KeyError, StagebookError):
        return None
    return values
