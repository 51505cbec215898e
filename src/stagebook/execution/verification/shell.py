"""A hand-written stage that runs again in a clone, which has its locked files."""

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

from stagebook.execution import landing
from stagebook.execution.verification.repetition import missing_content
from stagebook.pipeline import git, locked_contents, yaml_text
from stagebook.pipeline.git_command import GitError
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
        folder: The project's root in the clone.
        outputs: The hash of each output; None for a missing one.
    """

    folder: Path
    outputs: dict[str, str | None]


@contextlib.contextmanager
def repeated(node: Node, entry: LockEntry, contents: LockedContents) -> Iterator[ScratchRun]:
    """Runs a hand-written stage in a clone of the last commit, with its locked files.

    A command may read files of the project that it does not declare. The clone exists as long as
    the block.

    Args:
        node: The stage of ``dvc.yaml``.
        entry: The stage of ``dvc.lock``, whose command and files count.
        contents: Where the contents are.

    Raises:
        StagebookError: A content is missing, or the command fails.
    """
    with tempfile.TemporaryDirectory(prefix="stagebook-verify-") as name:
        folder = _checked_out(contents.files.root, Path(name) / "project")
        for path in (*(item.path for item in entry.deps), *(item.path for item in entry.outs)):
            landing.remove(folder / path)
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
        _lay(entry, contents, folder)
        _execute(node, entry, folder)
        hashes = ProjectFiles(folder, contents.files.cache, {})
        yield ScratchRun(folder, {out.path: hashes.md5(out.path) for out in entry.outs})


def _lay(entry: LockEntry, contents: LockedContents, folder: Path) -> None:
    missing = [dep.path for dep in entry.deps if not contents.lay(dep, folder / dep.path)]
    if missing:
        raise StagebookError(*map(missing_content, missing))
    for dep in entry.deps:
        locked_contents.make_own(folder / dep.path)
    for file, values in (entry.params or {}).items():
        if file.endswith((".yaml", ".yml", ".json")) and isinstance(values, Mapping):
            # JSON is also valid YAML
            text = json.dumps(_with(_values(folder / file), values))
            write_whole(folder / file, text, exact=True)
        elif not (folder / file).exists():
            raise StagebookError(_unwritable(file))


def _checked_out(root: Path, folder: Path) -> Path:
    """A clone of the last commit; an empty folder without one."""
    with contextlib.suppress(GitError, StagebookError):
        return git.clone(root, "HEAD", folder)
    folder.mkdir(exist_ok=True)
    return folder


def _values(file: Path) -> dict[str, Any]:
    """The values of a params file of the clone; none if it is missing."""
    if not file.is_file():
        return {}
    values = yaml_text.load(file.read_text(encoding="utf-8"), file.name, plain=True)
    return dict(values) if isinstance(values, Mapping) else {}


def _with(nested: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with the locked ones, of which ``model.depth`` is ``depth`` in ``model``."""
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
            "It ran in a clone of the last commit, with the locked dependencies of the stage. Add "
            "the files that it reads to `deps` in dvc.yaml or to git, then build: dvc repro",
            Where("dvc.yaml"),
        )
        raise StagebookError(problem)
