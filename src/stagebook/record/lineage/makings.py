"""A making, as a record tells of it or, where there is none, as ``dvc.lock`` does."""

import hashlib
import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from stagebook.masks import MASK
from stagebook.pipeline.lock import Entry
from stagebook.pipeline.stage import source_path
from stagebook.project import STATE
from stagebook.record.git import Committed
from stagebook.record.history import Values
from stagebook.record.lineage.graph import Artefact, Making

Files = frozenset[tuple[bool, str, str]]
"""What was read and written: whether it was written, path and hash of each."""

_SOURCES = f"{STATE}/sources/"


def of_record(
    record: Values,
    commits: Iterable[Committed],
    *,
    here: bool,
    delivery: Mapping[str, Any] | None = None,
) -> Making:
    """The making that a record tells of.

    Args:
        record: The record.
        commits: The commits whose ``dvc.lock`` hold what it wrote.
        here: Whether the record is in this project.
        delivery: Where its run is in MLflow.
    """
    volatile, git = record["volatile"], record.get("git")
    return Making(
        id=volatile["id"],
        stage=record["stage"],
        executed="here" if here else "elsewhere",
        inputs=_artefacts(record["inputs"]),
        outputs=_artefacts(record["outputs"]),
        started=volatile.get("started", ""),
        details={
            "record": volatile["id"],
            "notebook": record["notebook"],
            "outcome": record["outcome"],
            "build": record["build"],
            "seconds": volatile.get("seconds"),
            "command": None,
            "git": git,
            "commits": _plain(commits),
            "parameters": record["parameters"],
            "source": record["source"],
            "environment": record["environment"],
            "metrics": record["metrics"],
            "mlflow": delivery,
        },
    )


def of_entry(
    entry: Entry, commits: tuple[Committed, ...], notebook: str | None, source: str | None
) -> Making:
    """The making that only ``dvc.lock`` tells of.

    Args:
        entry: The stage's entry.
        commits: The commits that brought it.
        notebook: Path of the stage's notebook, where it has one.
        source: SHA-256 of its source, where that is known.
    """
    return Making(
        id=f"lock-{digest(entry)[:16]}",
        stage=entry.stage,
        executed="elsewhere" if is_ours(entry) else "unrecorded",
        inputs=tuple(Artefact(one.path, one.md5) for one in entry.deps if not _is_source(one.path)),
        outputs=tuple(Artefact(one.path, one.md5) for one in entry.outs),
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


def with_history(making: Making, lost: Container[str] | None) -> Making:
    """A making that says whether its commit is in git's history; None where there is no git."""
    git = making.details["git"]
    if not git:
        return making
    told = {**git, "in_history": None if lost is None else git["commit"] not in lost}
    return replace(making, details={**making.details, "git": told})


def is_ours(entry: Entry) -> bool:
    """Whether the stage runs a notebook, so that its execution leaves a record somewhere."""
    return entry.cmd.startswith("stagebook run ")


def digest(entry: Entry) -> str:
    """SHA-256 over what an entry says."""
    said = [entry.stage, entry.cmd, sorted(files_of_entry(entry)), entry.params]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def source_of(entry: Entry) -> str | None:
    """DVC's hash of the source that an entry was made from."""
    own = source_path(entry.stage)
    return next((one.md5 for one in entry.deps if one.path == own), None)


def packages(entry: Entry) -> bool:
    """Whether a stage packages a model: it depends on all that the model is made of.

    These are sources, values and files of other stages too, which its notebook never reads.
    """
    own = source_path(entry.stage)
    return any(_is_source(one.path) and one.path != own for one in entry.deps)


def files_of_entry(entry: Entry) -> Files:
    """What a stage read and wrote, but for its source, which is code."""
    sides = ((False, entry.deps), (True, entry.outs))
    return frozenset(
        (wrote, one.path, one.md5)
        for wrote, listed in sides
        for one in listed
        if wrote or not _is_source(one.path)
    )


def files_of_record(record: Values) -> Files:
    """What an execution read and wrote."""
    sides = ((False, record["inputs"]), (True, record["outputs"]))
    return frozenset((wrote, one["path"], one["md5"]) for wrote, listed in sides for one in listed)


def fits(record: Values, entry: Entry, source: str | None) -> bool:
    """Whether a record is of the execution that an entry was written after.

    Args:
        record: The record.
        entry: The entry.
        source: SHA-256 of the source that the entry names, where that is known.
    """
    values = {one["name"]: one["value"] for one in record["parameters"]}
    return (
        same_files(record, entry)
        and source in (None, record["source"])
        and all(
            name not in values or _fits(values[name], value)
            for file in own_params(entry).values()
            for name, value in file.items()
        )
    )


def same_files(record: Values, entry: Entry) -> bool:
    """Whether an execution read and wrote what an entry says, or a part of what it depends on."""
    if record["stage"] != entry.stage:
        return False
    recorded, locked = files_of_record(record), files_of_entry(entry)
    if not packages(entry):
        return recorded == locked
    more = locked - recorded
    return recorded <= locked and not any(wrote for wrote, *_ in more)


def own_params(entry: Entry) -> Mapping[str, Mapping[str, Any]]:
    """The values that are the stage's own; a stage that packages a model depends on others'."""
    found = entry.params or {}
    if not packages(entry):
        return {file: one for file, one in found.items() if isinstance(one, Mapping)}
    return {file: one for file, one in found.items() if PurePosixPath(file).stem == entry.stage}


def _fits(recorded: Any, locked: Any) -> bool:
    """Whether a value of JSON and one of YAML are the same, as far as the first is not masked.

    Dates are text in a record.
    """
    if recorded == locked or str(recorded) == str(locked):
        return True
    if MASK not in str(recorded):
        return False
    if isinstance(recorded, Mapping) and isinstance(locked, Mapping):
        recorded, locked = ([*one, *one.values()] for one in (recorded, locked))
    if isinstance(recorded, list) and isinstance(locked, list):
        return len(recorded) == len(locked) and all(map(_fits, recorded, locked))
    shown = ".+".join(map(re.escape, str(recorded).split(MASK)))
    return re.fullmatch(shown, str(locked), re.DOTALL) is not None


def _is_source(path: str) -> bool:
    return path.startswith(_SOURCES)


def _artefacts(files: Iterable[Mapping[str, Any]]) -> tuple[Artefact, ...]:
    return tuple(Artefact(one["path"], one["md5"]) for one in files)


def _plain(commits: Iterable[Committed]) -> list[dict[str, str]]:
    return [{"commit": one.commit, "date": one.date} for one in commits]
