"""Records as executions leave them, written into a state folder without running anything."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from folders import git

from stagebook.record import reading
from stagebook.record.record import Record


def record(name: str, stage: str = "make", **values: Any) -> dict[str, Any]:
    """A record of an execution that was done; ``inputs`` and ``outputs`` map paths to hashes."""
    made: dict[str, Any] = {
        "format": 2,
        "stage": stage,
        "notebook": f"notebooks/{stage}.ipynb",
        "title": None,
        "outcome": "done",
        "build": True,
        "problems": [],
        "source": "5" * 64,
        "code": {"cells": ["c" * 64], "modules": {}},
        "parameters": [],
        "inputs": {},
        "outputs": {},
        "tables": [],
        "metrics": {},
        "environment": {"python": "3.11.7", "threads": 1, "distributions": {}},
        "git": None,
        "volatile": {"id": name, "started": "", "seconds": 1.0, "host": "", "repro": None},
    }
    made["volatile"]["repro"] = values.pop("repro", None)
    made.update(values)
    return {
        **made,
        "inputs": hashed(made["inputs"]),
        "outputs": hashed(made["outputs"]),
    }


def recorded(name: str, stage: str = "make", **values: Any) -> Record:
    """The same as code reads it."""
    return parsed(record(name, stage, **values))


def parsed(values: Mapping[str, Any]) -> Record:
    return reading.parse(json.dumps(values))


def execution(
    name: str,
    stage: str,
    repro: str,
    stages: Mapping[str, tuple[list[str], list[str]]],
    **values: Any,
) -> dict[str, Any]:
    """The record of a stage of a ``project``, with what it reads and writes."""
    reads, writes = ({path: md5(path) for path in side} for side in stages[stage])
    files = {"inputs": reads, "outputs": writes}
    return record(f"{name}-{stage}", stage, repro=repro, **{**files, **values})


def parameters(**values: Any) -> list[dict[str, Any]]:
    """Parameters in a record, with values from the params file."""
    return [
        {"name": name, "value": value, "origin": "file", "default": None}
        for name, value in values.items()
    ]


def hashed(files: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"path": path, "md5": md5, "size": 1, "files": None} for path, md5 in files.items()]


def put(state: Path, values: Mapping[str, Any]) -> Path:
    """Writes a record to where the spool keeps it."""
    file = state / "records" / f"{values['volatile']['id']}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values), encoding="utf-8")
    return file


def project(
    root: Path, stages: Mapping[str, tuple[list[str], list[str]]], *, more: str = ""
) -> Path:
    """Writes the files of a project as a build leaves them.

    Args:
        root: Its folder.
        stages: What each reads and writes; the hash of a file is made of its path.
        more: Lines of its settings.
    """
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(f'[project]\nname = "late"\n\n[tool.stagebook]\n{more}')
    yaml = {"stages": {name: _stage(name, *files) for name, files in stages.items()}}
    (root / "dvc.yaml").write_text(json.dumps(yaml))
    lock = {
        "schema": "2.0",
        "stages": {name: _locked(name, *files) for name, files in stages.items()},
    }
    (root / "dvc.lock").write_text(json.dumps(lock))
    for _, writes in stages.values():
        for path in (one for one in writes if not one.startswith("metrics/")):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
    return root


def _stage(name: str, reads: list[str], writes: list[str]) -> dict[str, Any]:
    metrics = [path for path in writes if path.startswith("metrics/")]
    return {
        "cmd": f"stagebook run {name}",
        "deps": [f".stagebook/sources/{name}.py", *reads],
        "outs": [path for path in writes if path not in metrics],
        "metrics": metrics,
        "meta": {"stagebook": f"notebooks/{name}.ipynb"},
    }


def _locked(name: str, reads: list[str], writes: list[str]) -> dict[str, Any]:
    sides = (("deps", reads), ("outs", writes))
    return {"cmd": f"stagebook run {name}"} | {
        key: [{"path": path, "hash": "md5", "md5": md5(path), "size": 1} for path in paths]
        for key, paths in sides
    }


def committed(root: Path, *paths: str) -> None:
    """Commits a folder, or some paths in it, to the branch ``main`` of a new repository."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", *(paths or ["."]))
    git(root, "commit", "-q", "-m", "base")


def md5(text: str) -> str:
    """The hash that a file of this name has."""
    return hashlib.md5(text.encode(errors="replace")).hexdigest()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def names(records: tuple[Record, ...]) -> list[str]:
    return [record.id for record in records]
