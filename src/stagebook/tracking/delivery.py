"""Delivers the outbox to MLflow: one run per execution, as often as it takes, never twice."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import requests

from stagebook.execution.outcome import FULL_DISK
from stagebook.history.build import Build
from stagebook.project.project import Project, without_credentials
from stagebook.record import reading
from stagebook.record.reading import DamagedRecordError
from stagebook.record.record import Record
from stagebook.record.spool import EXECUTED, PROFILES, RECORD, STORE, Spool
from stagebook.tracking import build_run, dataset, headline, models, projection, run
from stagebook.tracking.confirmation import confirm
from stagebook.tracking.refusal import Refusal, RefusedError, root_cause
from stagebook.tracking.tracker import PARENT_TAG, RECORD_TAG, Tracker
from stagebook.tracking.upload import Upload, send_json

# MLflow logs each new table with a time stamp, which helps nobody here.
logging.getLogger("mlflow").setLevel(logging.WARNING)

_DOWN = (ConnectionError, TimeoutError, requests.ConnectionError, requests.Timeout)


@dataclass(frozen=True, slots=True)
class _Parcel:
    """One record in the outbox, with what belongs to it.

    Attributes:
        folder: Its folder in the outbox.
        record: The record.
    """

    folder: Path
    record: Record

    @property
    def repro(self) -> str | None:
        """The build that it was part of."""
        return self.record.volatile.repro


@dataclass(frozen=True, slots=True)
class _Batch:
    """One delivery of all that is in the outbox.

    Attributes:
        project: The project.
        spool: Its spool.
        tracker: Its tracker.
        delivered: Ids of the executions that were delivered.
        refused: The records that were refused.
    """

    project: Project
    spool: Spool
    tracker: Tracker
    delivered: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def deliver(project: Project) -> list[str]:
    """Delivers every record in the outbox.

    Returns:
        Ids of the executions that were delivered by this call.

    Raises:
        RefusedError: MLflow refuses some records; it has all others.
        Exception: Any other error of MLflow; what was not delivered stays in the outbox.
    """
    spool = Spool(project.state)
    parcels, _ = _pending(spool)
    # before anything can hang: dvc.lock is as the build left it now
    builds = build_run.note(project, spool, [parcel.record for parcel in parcels])
    if not spool.pending():
        return []
    os.chdir(project.root)  # a new SQLite store puts its artifacts into ./mlruns
    # MLflow prints addresses of runs, which would mix with our own output.
    with spool.delivering(), contextlib.redirect_stdout(sys.stderr):
        parcels, damaged = _pending(spool)  # another courier may have delivered some meanwhile
        batch = _Batch(project, spool, Tracker.open(project), refused=damaged)
        for repro, group in _by_build(parcels):
            _deliver_build(batch, builds.get(repro or ""), group)
        batch.tracker.sweep(spool.run_of)
    if batch.refused:
        raise RefusedError(tuple(batch.refused))
    return batch.delivered


def _pending(spool: Spool) -> tuple[list[_Parcel], list[Refusal]]:
    """The parcels that wait, oldest first, and the records that cannot be read."""
    parcels, damaged = [], []
    for folder in spool.pending():
        try:
            record = reading.read(folder / RECORD)
            if record.id != folder.name:
                raise DamagedRecordError("it belongs to another execution")
            parcels.append(_Parcel(folder, record))
        except FileNotFoundError:  # delivered meanwhile
            continue
        except DamagedRecordError as error:
            damaged.append(Refusal(folder.name, f"the record is damaged: {root_cause(error)}"))
    return parcels, damaged


def _by_build(parcels: Iterable[_Parcel]) -> Iterator[tuple[str | None, list[_Parcel]]]:
    """Records by the build that they were part of, oldest first."""
    groups: dict[str | None, list[_Parcel]] = {}
    for parcel in parcels:
        groups.setdefault(parcel.repro, []).append(parcel)
    yield from groups.items()


def _deliver_build(batch: _Batch, build: Build | None, parcels: list[_Parcel]) -> None:
    """Delivers what belongs to one build, or, without one, what was executed by itself.

    The last record stays in the outbox until the build's run is complete, so that a delivery
    that was killed before is repeated.
    """
    *before, last = parcels
    parent, run_id = None, None
    with _noting_refusal(batch, last):
        parent = build_run.begin(batch.tracker, build) if build else None
    if build and not parent:
        return
    for parcel in before:
        with _noting_refusal(batch, parcel):
            _remove_delivered(batch, parcel, _deliver_one(batch, parcel, parent))
    with _noting_refusal(batch, last):
        run_id = _deliver_one(batch, last, parent)
        _mark(batch, last, run_id)
    with _noting_refusal(batch, last):
        if build and parent:
            shown = headline.of(batch.project, batch.spool, build)
            build_run.update(batch.tracker, parent, build, last.record, batch.spool, shown)
        if run_id:
            _remove_delivered(batch, last, run_id)


@contextlib.contextmanager
def _noting_refusal(batch: _Batch, parcel: _Parcel) -> Iterator[None]:
    """Notes the error of a record and goes on with the others, unless the tracker is down."""
    try:
        yield
    except Exception as error:
        if _is_down(error):
            raise
        batch.refused.append(Refusal(parcel.folder.name, root_cause(error)))


def _is_down(error: BaseException | None) -> bool:
    """Whether an error would occur for every other record as well."""
    while error is not None:
        if isinstance(error, _DOWN) or (isinstance(error, OSError) and error.errno in FULL_DISK):
            return True
        # every driver's error for a locked, full or missing database (PEP 249)
        if type(error).__name__ == "OperationalError":
            return True
        error = error.__cause__ or error.__context__
    return False


def _mark(batch: _Batch, parcel: _Parcel, run_id: str) -> None:
    uri = without_credentials(batch.project.tracking_uri)
    where = {"tracking_uri": uri, "run_id": run_id, "experiment_id": batch.tracker.experiment}
    batch.spool.mark_delivered(parcel.folder.name, where)


def _remove_delivered(batch: _Batch, parcel: _Parcel, run_id: str) -> None:
    _mark(batch, parcel, run_id)
    batch.spool.discard(parcel.folder)
    batch.delivered.append(parcel.folder.name)


def _deliver_one(batch: _Batch, parcel: _Parcel, parent: str | None) -> str:
    folder, record, client = parcel.folder, parcel.record, batch.tracker.client
    parent_tags = {PARENT_TAG: parent} if parent else {}
    run_id = batch.tracker.run(
        RECORD_TAG, record.id, run.name(record), run.start(record), parent_tags
    )
    params, tags, metrics = run.params(record), run.tags(record), run.metrics(record)
    projection.log_all(client, run_id, params, tags, metrics)
    inputs = dataset.inputs(record, folder / PROFILES)
    if inputs:
        client.log_inputs(run_id, inputs)
    upload = Upload.to_run(client, run_id)
    for path in (*sorted(folder.glob(f"{EXECUTED}.*")), folder / RECORD):
        upload.add(path)
    upload.add(folder / PROFILES, PROFILES)
    upload.send()
    if verdicts := [asdict(table) for table in record.tables if table.contract]:
        send_json(client, run_id, "contracts.json", {"tables": verdicts})
    if (folder / STORE).exists():
        declared = {parameter.key: parameter.value for parameter in params}
        stage = projection.StageRun(run_id, run.status(record), run.description(record), declared)
        projection.project(folder, batch.tracker, batch.project.settings.name, stage)
    models.carry_outputs(client, batch.project.root, record, run_id, batch.tracker.experiment)
    status = run.status(record)
    client.set_terminated(run_id, status, run.end(record))
    confirm(
        client,
        run_id,
        params=params,
        tags=tags,
        metrics=metrics,
        datasets=len(inputs),
        status=status,
    )
    return run_id
