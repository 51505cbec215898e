"""A hand-written stage that runs again in a scratch folder, which has its locked files."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.execution.verification.repetition import missing_content
from stagebook.pipeline import locked_contents
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.locked_contents import LockedContents
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import write_whole

_HIDDEN = frozenset({"DVC_STAGE", "DVC_ROOT", "PYTHONPATH"})


@dataclass(frozen=True, slots=True)
class ScratchRun:
    """The result of a hand-written stage in a scratch folder.

    Attributes:
        folder: The scratch folder, which looks like the project's root.
        outputs: The hash of each output; None for a missing one.
    """

    folder: Path
    outputs: dict[str, str | None]


@contextlib.contextmanager
def repeated(node: Node, entry: LockEntry, contents: LockedContents) -> Iterator[ScratchRun]:
    """Runs a hand-written stage; its folder exists as long as the block.

    Args:
        node: The stage of ``dvc.yaml``.
        entry: The stage of ``dvc.lock``, whose command and files count.
        contents: Where the contents are.

    Raises:
        StagebookError: A content is missing, or the command fails in a folder that has nothing
            but the stage's dependencies.
    """
    with tempfile.TemporaryDirectory(prefix="stagebook-verify-") as name:
        folder = Path(name) / "project"
        folder.mkdir()
        _lay(entry, contents, folder)
        for out in entry.outs:
            (folder / out.path).parent.mkdir(parents=True, exist_ok=True)
        _execute(node, entry, folder)
        hashes = ProjectFiles(folder, contents.files.cache, {})
        yield ScratchRun(folder, {out.path: hashes.md5(out.path) for out in entry.outs})


def _lay(entry: LockEntry, contents: LockedContents, folder: Path) -> None:
    missing = [dep.path for dep in entry.deps if not contents.lay(dep, folder / dep.path)]
    if missing:
        raise StagebookError(*map(missing_content, missing))
    locked_contents.make_own(folder)
    for file, values in (entry.params or {}).items():
        if (folder / file).exists():
            continue
        if not file.endswith((".yaml", ".yml", ".json")) or not isinstance(values, Mapping):
            raise StagebookError(_unwritable(file))
        # JSON is also valid YAML
        write_whole(folder / file, json.dumps(_nested(values)), exact=True)


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name, with ``model.depth`` as ``depth`` in ``model``, as DVC reads it."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = str(name).split(".")
        place = nested
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return nested


def _unwritable(file: str) -> Problem:
    return Problem(
        "command-not-repeated",
        f"dvc.lock has values of `{file}`, which can be written again only as YAML or JSON.",
        "Use a params file in YAML.",
        Where(file),
    )


def _execute(node: Node, entry: LockEntry, folder: Path) -> None:
    place = folder / node.folder
    place.mkdir(parents=True, exist_ok=True)
    variables = {key: value for key, value in os.environ.items() if key not in _HIDDEN}
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shell = os.environ.get("SHELL") or shutil.which("sh") or "/bin/sh"
    process = subprocess.run(
        [shell, "-c", entry.cmd],
        cwd=place,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if process.returncode:
        lines = [line for line in (process.stderr or process.stdout).splitlines() if line.strip()]
        message = f"The command of `{node.name}` ended with {process.returncode}"
        problem = Problem(
            "command-not-repeated",
            f"{message}: {lines[-1].strip()}." if lines else f"{message}.",
            "It ran in a folder with only the locked dependencies of the stage. Add the files "
            "that it reads to `deps` in dvc.yaml, then build: dvc repro",
            Where("dvc.yaml"),
        )
        raise StagebookError(problem)
