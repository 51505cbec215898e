"""One trace: what is known is opened, what is meant is told, and the walk begins."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from stagebook.errors import Problem, StagebookError
from stagebook.pipeline import lock
from stagebook.pipeline.dvc_file import LOCK
from stagebook.pipeline.lock import Lock
from stagebook.project import Project
from stagebook.record import git
from stagebook.record.history import History
from stagebook.record.lineage import asked, walk
from stagebook.record.lineage.graph import Asked, Making, Trace
from stagebook.record.lineage.ledger import Ledger
from stagebook.record.lineage.locks import Locks
from stagebook.record.spool import Spool
from stagebook.record.tracking import inquiry


def trace(project: Project, what: str, folder: Path, *, at: str | None, down: bool) -> Trace:
    """All that something came from, or all that was made from it.

    Args:
        project: The project.
        what: A path, a hash, the id of an execution or of a run, a registered model.
        folder: Where the person is, for paths.
        at: The commit whose ``dvc.lock`` counts, in git's words; None for the one in the tree.
        down: Whether to go to what was made from it.

    Raises:
        StagebookError: Nothing is known of it, or it may be more than one thing.
    """
    with opened(project, at) as ledger:
        found, begun = _meant(ledger, what, folder)
        return walk.trace(ledger, found, begun, down=down)


@contextlib.contextmanager
def opened(project: Project, at: str | None) -> Iterator[Ledger]:
    """All that is known of a project's files.

    Args:
        project: The project.
        at: The commit whose ``dvc.lock`` counts, in git's words; None for the one in the tree.

    Raises:
        StagebookError: There is no such commit, or it has no ``dvc.lock``.
    """
    with History.open(project.state) as history:
        locks = Locks(project.root, history.index)
        locks.refresh()
        commit = git.require_commit(project.root, at) if at is not None else None
        text = _text(project.root, commit)
        yield Ledger(project, history, locks, locks.read(text) if text else Lock({}), commit)


def _text(root: Path, commit: str | None) -> str:
    if commit is None:
        return lock.text(root)
    found = dict(git.blobs(root, [f"{commit}:./{LOCK}"]))
    if not found:
        message = f"There is no {LOCK} in commit {commit[:10]}."
        raise StagebookError(Problem("no-lock", message, "Give a commit that has one."))
    return next(iter(found.values()))


def _meant(ledger: Ledger, what: str, folder: Path) -> tuple[Asked, tuple[Making, ...]]:
    found = None
    if not what.startswith("models:/"):
        found = asked.by_path(ledger, what, folder) or asked.by_hash(ledger, what)
    if found is None:
        return _in_mlflow(ledger, what)
    records = [record for name in found.makings if (record := ledger.history.record(name))]
    return found, tuple(ledger.of_record(one) for one in records)


def _in_mlflow(ledger: Ledger, what: str) -> tuple[Asked, tuple[Making, ...]]:
    """What MLflow knows by this name; it is asked only if the name may be one of its own."""
    kind = "run" if inquiry.is_run(what) else "model"
    if kind == "model" and not inquiry.is_model(what):
        raise asked.unknown(ledger, what)
    name = inquiry.delivered(Spool(ledger.project.state), what) if kind == "run" else None
    found = inquiry.Found(name) if name else inquiry.ask(ledger.project, what)
    here = ledger.history.record(found.name) if found.name else None
    record = here or found.record
    if record is None:
        raise asked.unknown(ledger, what, found.reason or "Its record is not in this project.")
    making = ledger.of_record(record, here=here is not None)
    return Asked(what, kind), (making,)
