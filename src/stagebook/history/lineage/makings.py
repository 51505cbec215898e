"""A making, from its record or, without a record, from ``dvc.lock``."""

import hashlib
import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import PurePosixPath
from typing import Any

from stagebook.history.lineage.graph import Activity, Entity
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git import Committed
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.stage import is_source, source_path
from stagebook.project.masks import MASK
from stagebook.project.settings.stage_names import stage_name
from stagebook.record.record import Record

Files = frozenset[tuple[bool, str, str]]
"""What was read and written: whether it was written, path and hash of each."""


def of_record(
    record: Record,
    commits: Iterable[Committed],
    *,
    here: bool,
    delivery: Mapping[str, Any] | None = None,
) -> Activity:
    """The making of a record.

    Args:
        record: The record.
        commits: The commits whose ``dvc.lock`` hold what it wrote.
        here: Whether the record is in this project.
        delivery: Where its run is in MLflow.
    """
    return Activity(
        id=record.id,
        stage=record.stage,
        executed="here" if here else "elsewhere",
        inputs=_entities(record.inputs),
        outputs=_entities(record.outputs),
        started=record.volatile.started,
        details={
            "record": record.id,
            "notebook": record.notebook,
            "outcome": record.outcome,
            "build": record.build,
            "seconds": record.volatile.seconds,
            "command": None,
            "git": asdict(record.git) if record.git else None,
            "commits": _plain(commits),
            "parameters": [asdict(parameter) for parameter in record.parameters],
            "source": record.source,
            "environment": asdict(record.environment),
            "metrics": record.metrics,
            "mlflow": delivery,
        },
    )


def of_entry(
    entry: LockEntry, commits: tuple[Committed, ...], notebook: str | None, source: str | None
) -> Activity:
    """The making of an entry in ``dvc.lock`` that has no record.

    Args:
        entry: The stage's entry.
        commits: The commits that brought it.
        notebook: Path of the stage's notebook, if it has one.
        source: SHA-256 of its source, if it is known.
    """
    return Activity(
        id=f"lock-{digest(entry)[:16]}",
        stage=entry.stage,
        executed="elsewhere" if is_ours(entry) else "unrecorded",
        inputs=_entities(file for file in entry.deps if not is_source(file.path)),
        outputs=_entities(entry.outs),
        started=commits[-1].date if commits else "",
        details={
            "record": None,
            "notebook": notebook,
            "outcome": None,
            "build": True,
            "seconds": None,
            "command": entry.cmd,
            "git": None,
            "commits": _plain(commits),
            "parameters": [
                {"name": name, "value": value, "origin": file, "default": None}
                for file, values in own_params(entry).items()
                for name, value in values.items()
            ],
            "source": source,
            "environment": None,
            "metrics": {},
            "mlflow": None,
        },
    )


def with_history(making: Activity, unreachable: Container[str] | None) -> Activity:
    """The making, with whether its commit is in git's history; None if that is unknown."""
    git = making.details["git"]
    if not git:
        return making
    extended = {
        **git,
        "in_history": None if unreachable is None else git["commit"] not in unreachable,
    }
    return replace(making, details={**making.details, "git": extended})


def is_ours(entry: LockEntry) -> bool:
    """Whether the stage runs a notebook, so that its execution leaves a record somewhere."""
    return entry.cmd.startswith("stagebook run ")


def digest(entry: LockEntry) -> str:
    """SHA-256 over what an entry says."""
    parts = [entry.stage, entry.cmd, sorted(files_of_entry(entry)), entry.params]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def source_of(entry: LockEntry) -> str | None:
    """DVC's hash of the source that an entry was made from."""
    own = source_path(entry.stage)
    return next((file.md5 for file in entry.deps if file.path == own), None)


def packages(entry: LockEntry) -> bool:
    """Whether a stage packages a model: it depends on all that the model is made of.

    That includes sources, values and files of other stages, which its notebook never reads.
    """
    own = source_path(entry.stage)
    return any(is_source(file.path) and file.path != own for file in entry.deps)


def files_of_entry(entry: LockEntry) -> Files:
    """What a stage read and wrote, but for its source, which is code."""
    sides = ((False, entry.deps), (True, entry.outs))
    return frozenset(
        (wrote, file.path, file.md5)
        for wrote, listed in sides
        for file in listed
        if wrote or not is_source(file.path)
    )


def files_of_record(record: Record) -> Files:
    """What an execution read and wrote."""
    sides = ((False, record.inputs), (True, record.outputs))
    return frozenset((wrote, file.path, file.md5) for wrote, files in sides for file in files)


def fits(record: Record, entry: LockEntry, source: str | None) -> bool:
    """Whether a record is of the execution that an entry was written after.

    Args:
        record: The record.
        entry: The entry.
        source: SHA-256 of the source that the entry names, if it is known.
    """
    values = record.values
    return (
        same_files(record, entry)
        and source in (None, record.source)
        and all(
            name not in values or _fits(values[name], value)
            for file in own_params(entry).values()
            for name, value in file.items()
        )
    )


def same_files(record: Record, entry: LockEntry) -> bool:
    """Whether an execution read and wrote what an entry says, or a part of what it depends on."""
    if record.stage != entry.stage:
        return False
    recorded, locked = files_of_record(record), files_of_entry(entry)
    if not packages(entry):
        return recorded == locked
    more = locked - recorded
    return recorded <= locked and not any(wrote for wrote, *_ in more)


def own_params(entry: LockEntry) -> Mapping[str, Mapping[str, Any]]:
    """The stage's own values; a stage that packages a model also depends on those of others."""
    params = entry.params or {}
    if not packages(entry):
        return {file: item for file, item in params.items() if isinstance(item, Mapping)}
    return {
        file: values
        for file, values in params.items()
        if stage_name(PurePosixPath(file).stem) == entry.stage
    }


def _fits(recorded: Any, locked: Any) -> bool:
    """Whether a value of JSON and one of YAML are the same, except for masked parts.

    Dates are text in a record.
    """
    if recorded == locked or str(recorded) == str(locked):
        return True
    if MASK not in str(recorded):
        return MASK in str(locked) and _fits(locked, recorded)
    if isinstance(recorded, Mapping) and isinstance(locked, Mapping):
        recorded, locked = ([*item, *item.values()] for item in (recorded, locked))
    if isinstance(recorded, list) and isinstance(locked, list):
        return len(recorded) == len(locked) and all(map(_fits, recorded, locked))
    shown = ".+".join(map(re.escape, str(recorded).split(MASK)))
    return re.fullmatch(shown, str(locked), re.DOTALL) is not None


def _entities(files: Iterable[HashedPath]) -> tuple[Entity, ...]:
    return tuple(Entity(file.path, file.md5) for file in files)


def _plain(commits: Iterable[Committed]) -> list[dict[str, str]]:
    return [{"commit": file.commit, "date": file.date} for file in commits]
