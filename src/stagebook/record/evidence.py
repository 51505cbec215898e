"""What is kept of an execution until MLflow has it: record, pages, and what the kernel logged."""

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from stagebook.contracts.inspection import Inspection
from stagebook.contracts.profiles import profile
from stagebook.execution.sandbox import Sandbox
from stagebook.files import write_whole
from stagebook.masks import Masks
from stagebook.record import cover
from stagebook.record.record import Record
from stagebook.record.spool import EXECUTED, FILES, PROFILES, STORE, write_record


def gather(
    box: Sandbox,
    record: Record,
    pages: Iterable[Path],
    tables: Iterable[Inspection],
    masks: Masks,
) -> None:
    """Brings everything that is to be remembered together in the sandbox's evidence folder.

    Args:
        box: The sandbox of the execution.
        record: Its record.
        pages: The executed notebook and its page, where they could be written.
        tables: What was found out about its tables.
        masks: What is hidden in what the notebook logged to MLflow.
    """
    for page in pages:
        _copy(page, box.evidence / f"{EXECUTED}{page.suffix}")
    cover.hide_in_store(box.tracker_store, masks)
    cover.hide_in_files(box.tracker_files, masks)
    for source, name in ((box.tracker_store, STORE), (box.tracker_files, FILES)):
        if source.exists():
            source.rename(box.evidence / name)
    for one in tables:
        if one.profile:
            place = box.evidence / PROFILES / f"{one.subject.name}.json"
            with contextlib.suppress(OSError):  # on a full disk the record comes first
                write_whole(place, profile.render(one.profile))
    write_record(record, box.evidence)


def _copy(page: Path, target: Path) -> None:
    try:
        shutil.copyfile(page, target)
    except OSError:  # a link takes no room on a full disk
        target.unlink(missing_ok=True)
        target.hardlink_to(page)
