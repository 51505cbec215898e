"""What a run touched outside its project: hosts and files, each with the cell that did it."""

# Texts of cells are not yet paths, so they are compared as texts.
# ruff: noqa: PTH111, PTH113, PTH117

import datetime
import json
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from stagebook.execution import connections, journal, outside
from stagebook.execution.job import Job
from stagebook.execution.journal import Entry
from stagebook.execution.markers import POSITION
from stagebook.execution.mentions import DENIED, QUOTED, texts_in
from stagebook.execution.outcome import Ending, Outcome
from stagebook.execution.path_checks import PathSet
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.surroundings import Surroundings
from stagebook.project.errors import Problem, Where
from stagebook.project.settings.stage_names import table_name

NETWORK, READ, WRITE, NAMED = "network", "read", "write", "named"
_KINDS = {
    connections.CONNECTED: NETWORK,
    outside.LOOKED_UP: NETWORK,
    outside.READ: READ,
    outside.WROTE: WRITE,
}
_MANY = 3


@dataclass(frozen=True, slots=True)
class Contact:
    """A host or a file outside the project that a run touched.

    Attributes:
        kind: ``network``, ``read`` or ``write``; ``named`` for a file that the code names, which
            native code may have read unseen.
        target: The host, with its port if it is known, or the absolute path of the file.
        cell: Position of the first cell that did it; None for the cell of injected parameters.
    """

    kind: str
    target: str
    cell: int | None = None


def read(sandbox: Sandbox, job: Job, ending: Ending) -> tuple[Contact, ...]:
    """What a run touched outside its project, in order; each target once.

    Args:
        sandbox: The sandbox of the run.
        job: The job.
        ending: How the execution ended.
    """
    entries = [entry for entry in journal.entries(sandbox.journal) if entry.kind in _KINDS]
    starts = _starts(sandbox.executed) if entries else []
    found: dict[tuple[str, str], Contact] = {}
    for contact in (*_noted(entries, starts), *_refused(sandbox, job, ending)):
        found.setdefault((contact.kind, contact.target), contact)
    seen = {contact.target for contact in found.values()}
    named = (contact for contact in _named(sandbox, job) if contact.target not in seen)
    return (*found.values(), *dict.fromkeys(named))


def problems(contacts: Iterable[Contact], job: Job) -> Iterator[Problem]:
    """The problems with what a strict stage touched; none if the stage is not strict.

    Args:
        contacts: What it touched.
        job: The job.
    """
    if not job.settings.strict:
        return
    ignored = (NAMED, NETWORK) if job.settings.network else (NAMED,)
    counted = [item for item in contacts if item.kind not in ignored]
    ordered = sorted(counted, key=lambda item: (item.cell or 0, item.kind))
    for (cell, kind), group in groupby(ordered, key=lambda item: (item.cell, item.kind)):
        yield _problem(kind, [item.target for item in group], Where(job.notebook.path, cell), job)


def _problem(kind: str, targets: list[str], where: Where, job: Job) -> Problem:
    more = f" and {len(targets) - _MANY} more" if len(targets) > _MANY else ""
    named = ", ".join(f"`{target}`" for target in targets[:_MANY]) + more
    if kind == NETWORK:
        hint = (
            f"Let a stage without a network read a file that is an input, or add to pyproject.toml "
            f"under {table_name(job.stage)}:  network = true"
        )
        message = f"The notebook uses the network, which the stage does not declare: {named}."
        return Problem("undeclared-network", message, hint, where)
    if kind == READ:
        hint = "Copy the file into the project and declare it as an input, with a line like: "
        line = f'{_name(targets[0])}: In = "data/{Path(targets[0]).name}"'
        message = f"The notebook reads a file outside the project: {named}."
        return Problem("outside-read", message, hint + line, where)
    message = f"The notebook writes a file outside the project: {named}."
    hint = "Write it to an output that the parameters cell declares, or use `tempfile`."
    return Problem("outside-write", message, hint, where)


def _name(path: str) -> str:
    name = "".join(char if char.isalnum() else "_" for char in Path(path).stem).strip("_").lower()
    return name if name.isidentifier() else "data"


def _noted(entries: Iterable[Entry], starts: list[tuple[float, int]]) -> Iterator[Contact]:
    for entry in entries:
        place = bisect_right(starts, entry.at, key=lambda start: start[0])
        cell = starts[place - 1][1] if place else None
        yield Contact(_KINDS[entry.kind], entry.path, cell)


def _named(sandbox: Sandbox, job: Job) -> Iterator[Contact]:
    """The files outside the project whose paths are literals of the code, or parameters."""
    known = _known(sandbox, job)
    cells = [(cell.position, texts_in(cell.text)) for cell in job.notebook.code_cells]
    values = (value for value in job.values.values() if isinstance(value, str))
    named: dict[str, int | None] = {}
    for position, texts in (*cells, (None, values)):
        for text in texts:
            path = os.path.normpath(os.path.expanduser(text)) if text[:1] in ("/", "~") else ""
            is_file = bool(path) and "\0" not in path and os.path.isfile(path)
            if is_file and not any(map(known.hold, (path, os.path.realpath(path)))):
                named.setdefault(path, position)
    yield from (Contact(NAMED, path, position) for path, position in named.items())


def _known(sandbox: Sandbox, job: Job) -> PathSet:
    """The project and the environment."""
    own = Surroundings.of(job.settings, sandbox.root)
    return PathSet((str(sandbox.root), *own.readable, *own.writable))


def _refused(sandbox: Sandbox, job: Job, ending: Ending) -> Iterator[Contact]:
    """The files in the error of a strict stage that the system refused to native code."""
    if not job.settings.strict or ending.outcome is not Outcome.FAILED:
        return
    text = " ".join(problem.message for problem in ending.problems)
    if not DENIED.search(text):
        return
    known = _known(sandbox, job)
    for path in dict.fromkeys(QUOTED.findall(text)):
        if os.path.isabs(path) and not known.hold(os.path.normpath(path)):
            kind = READ if Path(path).exists() else WRITE
            yield Contact(kind, os.path.normpath(path), ending.cell)


def _starts(executed: Path) -> list[tuple[float, int]]:
    """When each cell started, with its position, in the order of their starts."""
    try:
        cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, RecursionError, KeyError):
        return []
    return sorted(filter(None, (_start(cell.get("metadata", {})) for cell in cells)))


def _start(metadata: dict[str, Any]) -> tuple[float, int] | None:
    text, position = metadata.get("papermill", {}).get("start_time"), metadata.get(POSITION)
    if not text or position is None:
        return None
    start = datetime.datetime.fromisoformat(text)
    return start.replace(tzinfo=start.tzinfo or datetime.UTC).timestamp(), int(position)
