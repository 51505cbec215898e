"""The evidence of an execution for MLflow: record, pages, profiles, and the kernel's logs."""

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from stagebook.data.inspection import Inspection
from stagebook.execution import landing, written_files
from stagebook.execution.sandbox import Sandbox
from stagebook.project.files import write_whole
from stagebook.project.masks import Masks
from stagebook.record import cover
from stagebook.record.record import Record
from stagebook.record.spool import EXECUTED, FILES, PROFILES, STORE, write_record


def gather(
    sandbox: Sandbox,
    record: Record,
    pages: Iterable[Path],
    tables: Iterable[Inspection],
    masks: Masks,
) -> None:
    """Collects everything about an execution in the sandbox's evidence folder.

    Args:
        sandbox: The sandbox of the execution.
        record: Its record.
        pages: The executed notebook and its page, if they could be written.
        tables: The inspections of its tables.
        masks: The secrets to hide in the notebook's logs for MLflow.
    """
    for page in pages:
        _copy(page, sandbox.evidence / f"{EXECUTED}{page.suffix}")
    written_files.drop_special_artifacts(sandbox)
    cover.drop_broken(sandbox.tracker_store)
    cover.hide_in_store(sandbox.tracker_store, masks)
    cover.hide_in_files(sandbox.tracker_files, masks)
    for source, name in ((sandbox.tracker_store, STORE), (sandbox.tracker_files, FILES)):
        if source.exists():
            source.rename(sandbox.evidence / name)
    for table in tables:
        if table.profile:
            from stagebook.data.profiles import profile

            place = sandbox.evidence / PROFILES / f"{table.subject.name}.json"
            with contextlib.suppress(OSError):  # on a full disk the record is more important
                write_whole(place, profile.render(table.profile))
    write_record(record, sandbox.evidence)


def save(sandbox: Sandbox, record: Record) -> None:
    """Reduces the evidence to the record, since the disk has no room for more.

    It replaces the record from the start, which has about the same size.
    """
    sandbox.clear_files()
    for path in (sandbox.tracker_store, sandbox.executed, *sandbox.evidence.glob(f"{EXECUTED}.*")):
        with contextlib.suppress(OSError):
            landing.remove(path)
    with contextlib.suppress(OSError):
        write_record(record, sandbox.evidence)


def _copy(page: Path, target: Path) -> None:
    try:
        shutil.copyfile(page, target)
    except OSError:  # a link takes no room on a full disk
        target.unlink(missing_ok=True)
        target.hardlink_to(page)
