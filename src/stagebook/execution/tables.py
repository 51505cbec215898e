"""The tables of one job: inspected before its kernel starts and after it has ended."""

import contextlib
import dataclasses
import functools
import signal
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from stagebook.data.inspection import Inspection, InspectionCache
from stagebook.data.inspector import Inspector
from stagebook.data.subject import Subject
from stagebook.data.tables.formats import is_table
from stagebook.execution.execution import Execution
from stagebook.execution.job import Job
from stagebook.execution.outcome import Ending, Outcome, of_stop
from stagebook.execution.signals import Stop
from stagebook.execution.start import code_folders
from stagebook.execution.warm import piped
from stagebook.pipeline.dvc import HashedPath
from stagebook.project.errors import Problem, Where
from stagebook.project.project import Project

_CACHE = "cache/inspections"


class Tables:
    """Inspects the tables of one job; tables with known content are not inspected again.

    The process that inspects is started when the first table asks for it.
    """

    def __init__(self, project: Project, job: Job, stop: Stop) -> None:
        self._project, self._root, self._job, self._stop = project, project.root, job, stop
        self._folders = code_folders(project, job)
        self._known = InspectionCache(project.state / _CACHE)
        self._inspector: Inspector | None = None

    def prepare(self) -> None:
        """Starts the process for the outputs that are to come, so that it is ready in time."""
        outputs = [subject for subject in self._job.subjects if not subject.reads]
        if any(is_table(path, self._root) for output in outputs for path in output.paths):
            self._start()

    def inputs(self, ready: Execution, hashes: Iterable[HashedPath]) -> Execution:
        """A job with the inspections of its inputs; it ends here if one of them is refused."""
        by_path = {file.path: file.md5 for file in hashes}
        return self._judged(ready, tuple(self._inspections(True, self._root, by_path)))

    def outputs(self, execution: Execution, files: Path) -> Execution:
        """An execution with the inspections of its outputs, still in the sandbox."""
        if not execution.ending.done:
            return execution
        return self._judged(execution, tuple(self._inspections(False, files, {})))

    def _judged(self, execution: Execution, inspections: tuple[Inspection, ...]) -> Execution:
        """The execution with inspections; it fails if a table is refused or a stop is requested."""
        if self._stop.requested:
            path = self._job.notebook.path
            return execution.ended(of_stop(self._stop.reason, None, path, None), inspections)
        refused = [inspection for inspection in inspections if inspection.refusals]
        problems = tuple(problem for inspection in refused for problem in inspection.refusals)
        if not problems:
            return execution.ended(execution.ending, inspections)
        fault = any(inspection.at_fault for inspection in refused)
        outcome = Outcome.FAILED if fault else Outcome.REFUSED
        return execution.ended(Ending(outcome, problems), inspections)

    def remember(self, execution: Execution, outputs: Iterable[HashedPath]) -> None:
        """Remembers the inspections of the outputs by the hash of their content.

        Args:
            execution: The execution.
            outputs: The outputs with their hashes in the project; empty if they were not moved.
        """
        by_path = {self._job.files.declared(file.path): file.md5 for file in outputs}
        for table in execution.tables:
            if by_path.keys() >= set(table.subject.paths):
                self._known.put(table, [by_path[path] for path in table.subject.paths])

    def _inspections(self, reads: bool, root: Path, md5: Mapping[str, str]) -> Iterator[Inspection]:
        for subject in self._job.subjects:
            if subject.reads is not reads:
                continue
            paths = tuple(map(self._job.files.input, subject.paths)) if reads else subject.paths
            if not all(is_table(path, root) for path in paths):
                if subject.contract:
                    yield Inspection(subject, problems=(_no_table(subject),), at_fault=True)
                continue
            hashes = [md5[path] for path in paths if path in md5]
            remembered = self._known.get(subject, hashes) if hashes else None
            inspection = remembered or self._inspect(
                root, dataclasses.replace(subject, paths=paths)
            )
            if inspection:
                inspection = dataclasses.replace(
                    self._job.masks.hide_all(inspection), subject=subject
                )
                if hashes and not remembered:
                    self._known.put(inspection, hashes)
                if not _is_folder_of_tables(inspection):
                    yield inspection

    def _inspect(self, root: Path, subject: Subject) -> Inspection | None:
        threads = self._job.settings.threads
        return self._start().inspect(root, subject, threads, lambda: self._stop.requested)

    def _start(self) -> Inspector:
        if self._inspector is None:
            contracts = any(subject.contract for subject in self._job.subjects)
            starter = functools.partial(
                piped.start,
                self._project,
                folder=str(self._root),
                ending=signal.SIGKILL.value,
                hides=True,
            )
            self._inspector = Inspector.start(starter, self._folders, contracts=contracts)
        return self._inspector

    def close(self) -> None:
        """Ends the process."""
        if self._inspector:
            self._inspector.dismiss()


@contextlib.contextmanager
def of(project: Project, job: Job, stop: Stop) -> Iterator[Tables]:
    """The tables of a job; the process that inspects them ends with the block."""
    tables = Tables(project, job, stop)
    try:
        yield tables
    finally:
        tables.close()


def _is_folder_of_tables(inspection: Inspection) -> bool:
    """Whether a folder without a contract has tables that differ, such as a package of a model."""
    codes = {problem.code for problem in inspection.problems}
    return not inspection.subject.contract and codes == {"parts-differ"}


def _no_table(subject: Subject) -> Problem:
    return Problem(
        "not-a-table",
        f"`{subject.name}` has the contract {subject.contract}, "
        "but is not a table that Stagebook can read.",
        "Contracts are for Parquet, CSV, Feather and JSON Lines, and for folders of Parquet.",
        Where(subject.paths[0]),
    )
