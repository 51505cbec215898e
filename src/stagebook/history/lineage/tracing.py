"""One trace: opens the ledger, resolves the query and walks the graph."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from stagebook.history import remote
from stagebook.history.history import History
from stagebook.history.lineage import trace_queries, walk
from stagebook.history.lineage.graph import Activity, Trace, TraceQuery
from stagebook.history.lineage.ledger import Ledger
from stagebook.history.past_locks import PastLocks
from stagebook.pipeline import git
from stagebook.pipeline.dvc_file import LOCK
from stagebook.pipeline.lock import Lock
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.project import Project


def trace(
    project: Project,
    what: str,
    folder: Path,
    *,
    at: str | None,
    down: bool,
    ask: remote.Ask = remote.ask_nobody,
) -> Trace:
    """All that something came from, or all that was made from it.

    Args:
        project: The project.
        what: A path, a hash, the id of an execution or of a run, a registered model.
        folder: The person's current folder, for paths.
        at: The commit whose ``dvc.lock`` counts, as git names it; None for the one in the tree.
        down: Whether to go to what was made from it.
        ask: Asks the tracker for what is not known here.

    Raises:
        StagebookError: It is unknown, or ambiguous.
    """
    with opened(project, at) as ledger:
        query, initial = _resolve(ledger, what, folder, ask)
        return walk.trace(ledger, query, initial, down=down)


@contextlib.contextmanager
def opened(project: Project, at: str | None) -> Iterator[Ledger]:
    """All that is known of a project's files.

    Args:
        project: The project.
        at: The commit whose ``dvc.lock`` counts, as git names it; None for the one in the tree.

    Raises:
        StagebookError: The commit does not exist, or it has no ``dvc.lock``.
    """
    with History.open(project.state) as history:
        locks = PastLocks(project.root, history.index)
        failure = locks.refresh()
        commit = git.require_commit(project.root, at) if at is not None else None
        at_hand = locks.in_tree() if commit is None else _of_commit(locks, commit)
        yield Ledger(project, history, locks, at_hand, commit, failure)


def _of_commit(locks: PastLocks, commit: str) -> Lock:
    lock = locks.at(commit)
    if not lock.entries:
        message = f"Commit {commit[:10]} has no {LOCK}."
        raise StagebookError(Problem("no-lock", message, f"Give a commit that has a {LOCK}."))
    return lock


def _resolve(
    ledger: Ledger, what: str, folder: Path, ask: remote.Ask
) -> tuple[TraceQuery, tuple[Activity, ...]]:
    query = None
    if not what.startswith("models:/"):
        query = trace_queries.by_path(ledger, what, folder) or trace_queries.by_hash(ledger, what)
    if query is None:
        return _in_mlflow(ledger, what, ask)
    records = [record for name in query.makings if (record := ledger.history.record(name))]
    return query, tuple(ledger.of_record(item) for item in records)


def _in_mlflow(
    ledger: Ledger, what: str, ask: remote.Ask
) -> tuple[TraceQuery, tuple[Activity, ...]]:
    """What MLflow knows by this name; it is asked only if it may have such a name."""
    kind = "run" if remote.is_run(what) else "model"
    if kind == "model" and not remote.is_model(what):
        raise trace_queries.unknown(ledger, what)
    remote_record = remote.find(ledger.project, what, ask)
    here = ledger.history.record(remote_record.name) if remote_record.name else None
    record = here or remote_record.record
    if record is None:
        raise trace_queries.unknown(
            ledger, what, remote_record.reason or "This project has no record of that run or model."
        )
    making = ledger.of_record(record, here=here is not None)
    return TraceQuery(what, kind), (making,)
