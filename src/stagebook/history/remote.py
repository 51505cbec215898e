"""Queries to the tracker about executions that are not here, and the types of its answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from stagebook.project.project import Project
from stagebook.record.record import Record
from stagebook.record.spool import Spool

_RUN = re.compile(r"[0-9a-f]{32}")
MODEL = re.compile(r"(?:models:/)?(?P<name>[^/@]+)(?:/(?P<version>\d+)|@(?P<alias>[^/@]+))")
"""The name of a version of a registered model."""
LOGGED = re.compile(r"models:/(?P<id>m-[0-9a-f]{32})")
"""The address of a model that a run logged."""


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """What the tracker knows.

    Attributes:
        name: Id of the execution.
        record: Its record, as the tracker has it; None if the tracker was not asked.
        reason: Why there is no record.
    """

    name: str | None = None
    record: Record | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file, or why it is missing.

    Attributes:
        content: What is in it; None if it is missing.
        reason: Why it is missing, in a sentence.
        answers: Whether the tracker answered at all.
    """

    content: bytes | None
    reason: str = ""
    answers: bool = True


Ask = Callable[[Project, str], RemoteRecord]
"""Asks the tracker for the record behind the id of a run, or behind a model."""

Fetch = Callable[[Project, str, str, int], Artifact]
"""Fetches a file from the tracker: the project, the run, the file's name, and its largest size."""


def ask_nobody(project: Project, what: str) -> RemoteRecord:
    """The answer if no tracker is asked."""
    return RemoteRecord(reason="MLflow is not queried.")


def is_run(what: str) -> bool:
    """Whether a text may be the id of a run."""
    return bool(_RUN.fullmatch(what))


def is_model(what: str) -> bool:
    """Whether a text may name a version of a registered model."""
    return bool(MODEL.fullmatch(what) or LOGGED.fullmatch(what))


def delivered(spool: Spool, run: str) -> str | None:
    """Id of the execution that was delivered as this run; None if that is not known here."""
    encoded = run.encode()
    for file in spool.delivered.glob("*.json"):
        if encoded in file.read_bytes() and spool.run_of(file.stem) == run:
            return file.stem
    return None


def find(project: Project, what: str, ask: Ask) -> RemoteRecord:
    """The execution behind the id of a run, or behind a model; the tracker is asked last."""
    name = delivered(Spool(project.state), what) if is_run(what) else None
    return RemoteRecord(name) if name else ask(project, what)
