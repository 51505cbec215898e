"""The tables of one job: inspected before its kernel starts and after it has ended."""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from stagebook.contracts.inspection import Inspection, Subject
from stagebook.contracts.inspector import Inspector
from stagebook.contracts.known import Known
from stagebook.contracts.tables.formats import is_table
from stagebook.errors import Problem, Where
from stagebook.execution.execution import Execution
from stagebook.execution.job import Job
from stagebook.execution.outcome import Ending, Outcome, of_stop
from stagebook.execution.signals import Stop
from stagebook.notebook.source import code_folders
from stagebook.pipeline.dvc import Hashed
from stagebook.project import Project

_CACHE = "cache/inspections"


class Tables:
    """Inspects the tables of one job, each content once.

    The process that inspects is started when the first table asks for it.
    """

    def __init__(self, project: Project, job: Job, stop: Stop) -> None:
        self._root, self._job, self._stop = project.root, job, stop
        self._folders = code_folders(job.notebook.path, project)
        self._known = Known(project.state / _CACHE)
        self._inspector: Inspector | None = None

    def prepare(self) -> None:
        """Starts the process for the outputs that are to come, so that it is ready in time."""
        outputs = [one for one in self._job.subjects if not one.reads]
        if any(is_table(path, self._root) for one in outputs for path in one.paths):
            self._start()

    def inputs(self, ready: Execution, hashes: Iterable[Hashed]) -> Execution:
        """A job with what is found out of its inputs; it ends here if one of them is refused."""
        by_path = {one.path: one.md5 for one in hashes}
        return self._judged(ready, tuple(self._inspections(True, self._root, by_path)))

    def outputs(self, done: Execution, files: Path) -> Execution:
        """An execution with what is found out of its outputs, where the notebook has left them."""
        if not done.ending.done:
            return done
        return self._judged(done, tuple(self._inspections(False, files, {})))

    def _judged(self, execution: Execution, found: tuple[Inspection, ...]) -> Execution:
        """Ends otherwise if a table is refused or somebody wanted the run to stop meanwhile."""
        if self._stop.asked:
            path = self._job.notebook.path
            return execution.ended(of_stop(self._stop.reason, None, path, None), found)
        refused = [one for one in found if one.refusals]
        problems = tuple(problem for one in refused for problem in one.refusals)
        if not problems:
            return execution.ended(execution.ending, found)
        fault = any(one.at_fault for one in refused)
        outcome = Outcome.FAILED if fault else Outcome.REFUSED
        return execution.ended(Ending(outcome, problems), found)

    def remember(self, done: Execution, outputs: Iterable[Hashed], place: str) -> None:
        """Remembers what was found out of the outputs by their content.

        Args:
            done: The execution.
            outputs: The outputs with their hashes, where they have landed; none if they have not.
            place: What their paths there start with, before the declared path.
        """
        by_path = {one.path.removeprefix(place): one.md5 for one in outputs}
        for one in done.tables:
            if by_path.keys() >= set(one.subject.paths):
                self._known.put(one, [by_path[path] for path in one.subject.paths])

    def _inspections(self, reads: bool, root: Path, md5: Mapping[str, str]) -> Iterator[Inspection]:
        for subject in self._job.subjects:
            if subject.reads is not reads:
                continue
            if not all(is_table(path, root) for path in subject.paths):
                if subject.contract:
                    yield Inspection(subject, problems=(_no_table(subject),), at_fault=True)
                continue
            hashes = [md5[path] for path in subject.paths if path in md5]
            known = self._known.get(subject, hashes) if hashes else None
            threads = self._job.settings.threads
            found = known or self._start().inspect(root, subject, threads, lambda: self._stop.asked)
            if found:
                found = dataclasses.replace(self._job.masks.hide_all(found), subject=subject)
                if hashes and not known:
                    self._known.put(found, hashes)
                yield found

    def _start(self) -> Inspector:
        if self._inspector is None:
            contracts = any(one.contract for one in self._job.subjects)
            self._inspector = Inspector.start(self._root, self._folders, contracts=contracts)
        return self._inspector

    def close(self) -> None:
        """Ends the process."""
        if self._inspector:
            self._inspector.dismiss()


@contextlib.contextmanager
def of(project: Project, job: Job, stop: Stop) -> Iterator[Tables]:
    """The tables of a job; what inspects them is gone when the block is left."""
    tables = Tables(project, job, stop)
    try:
        yield tables
    finally:
        tables.close()


def _no_table(subject: Subject) -> Problem:
    return Problem(
        "not-a-table",
        f"`{subject.name}` has the contract {subject.contract}, but is no table that is known.",
        "Contracts are for Parquet, CSV, Feather and JSON Lines, and for folders of Parquet.",
        Where(subject.paths[0]),
    )
