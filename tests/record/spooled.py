"""Records as executions leave them, written into a state folder without running anything."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


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


def hashed(files: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"path": path, "md5": md5, "size": 1, "files": None} for path, md5 in files.items()]


def put(state: Path, values: Mapping[str, Any]) -> Path:
    """Writes a record to where the spool keeps it."""
    file = state / "records" / f"{values['volatile']['id']}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values), encoding="utf-8")
    return file


def names(records: tuple[Mapping[str, Any], ...]) -> list[str]:
    return [one["volatile"]["id"] for one in records]
