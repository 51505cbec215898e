"""Writes a project with any number of realistic records."""

import hashlib
import json
import random
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

STAGES = ("ingest", "clean", "features", "train", "evaluate")
MODULES = 12
DISTRIBUTIONS = 100


def hashed(*parts: object) -> str:
    return hashlib.md5(repr(parts).encode()).hexdigest()


def lay_out(root: Path, count: int) -> str:
    """Writes a project with one chain of stages, built many times with different values.

    Every other build has the outputs of the first one; the last build has others.

    Returns:
        The path of the last stage's output.
    """
    (root / "pyproject.toml").write_text('[project]\nname = "many"\n\n[tool.stagebook]\n')
    (root / ".dvc").mkdir()
    last: dict[str, dict[str, Any]] = {}
    for made in _records(count):
        file = root / ".stagebook" / "records" / f"{made['volatile']['id']}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(made, indent=1), encoding="utf-8")
        last[made["stage"]] = made
    (root / "dvc.lock").write_text(_lock(last))
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return "data/evaluate.parquet"


def _records(count: int) -> Iterator[dict[str, Any]]:
    choose = random.Random(0)
    raw = hashed("raw")
    upstream: dict[int, str] = {}
    environment = {
        "python": "3.11.7",
        "platform": "Linux",
        "machine": "x86_64",
        "threads": 2,
        "distributions": {f"distribution-{one}": f"1.{one}.0" for one in range(DISTRIBUTIONS)},
    }
    for number in range(count):
        place = number % len(STAGES)
        stage, build = STAGES[place], number // len(STAGES)
        before = {f"data/{STAGES[place - 1]}.parquet": upstream[place - 1]} if place else {}
        value = choose.random()
        content = hashed(stage, build if build % 2 else 0)
        upstream[place] = content
        name = f"20260101T{number:012d}-{stage}-{number:08x}"
        yield {
            "format": 2,
            "stage": stage,
            "notebook": f"notebooks/{stage}.ipynb",
            "title": stage,
            "outcome": "done",
            "build": True,
            "problems": [],
            "source": hashlib.sha256(stage.encode()).hexdigest(),
            "code": {
                "cells": [hashed(stage, one) * 2 for one in range(20)],
                "modules": {f"src/lib/module_{one}.py": hashed(one) * 2 for one in range(MODULES)},
            },
            "parameters": [
                {"name": f"p{one}", "value": value, "origin": "params file", "default": 0.5}
                for one in range(10)
            ],
            "inputs": _files(before or {"data/raw.csv": raw}),
            "outputs": _files(
                {f"data/{stage}.parquet": content, f"metrics/{stage}.json": hashed(value)}
            ),
            "tables": [],
            "metrics": {f"metric.{one}": value + one for one in range(20)},
            "environment": environment,
            "git": None,
            "volatile": {
                "id": name,
                "started": "2026-01-01T00:00:00.000+00:00",
                "seconds": 1.0,
                "host": "laptop",
                "repro": f"repro-{build}",
                "cells": [
                    {"position": one, "seconds": 0.1, "status": "completed"} for one in range(20)
                ],
            },
        }


def _files(hashes: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"path": path, "md5": md5, "size": 1, "files": None} for path, md5 in hashes.items()]


def _lock(last: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["schema: '2.0'", "stages:"]
    for stage, made in last.items():
        lines += [f"  {stage}:", f"    cmd: stagebook run {stage}"]
        for key, files in (("deps", made["inputs"]), ("outs", made["outputs"])):
            lines.append(f"    {key}:")
            for one in files:
                lines += [f"    - path: {one['path']}", "      hash: md5"]
                lines += [f"      md5: {one['md5']}", "      size: 1"]
    return "\n".join(lines) + "\n"
