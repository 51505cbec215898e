"""One more run of a locked stage: cold, in a sandbox that has the locked inputs."""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stagebook.execution import declarations, execution, job, journal, locks, start
from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.job import Job
from stagebook.execution.markers import POSITION
from stagebook.execution.outcome import Ending
from stagebook.execution.probe import observations
from stagebook.execution.probe.conditions import RunConditions
from stagebook.execution.probe.observations import Question
from stagebook.execution.progress import Progress
from stagebook.execution.sandbox import EXECUTIONS, Sandbox
from stagebook.execution.signals import Stop
from stagebook.notebook import source, source_changes
from stagebook.notebook.source_changes import CodeChange, SourceText
from stagebook.pipeline import notebooks, params_file
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.locked_contents import LockedContents
from stagebook.pipeline.params_file import ParamsFile
from stagebook.pipeline.plan import explained
from stagebook.pipeline.plan.explained import Sources
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.stage import is_source, source_path
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project

LOCKED = "locked"
_SHOWN = 3

Prepare = Callable[[Job, tuple[HashedPath, ...], Sandbox], None]
"""Called with the job, its inputs and its sandbox before the first cell runs."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """The result of one more run.

    Attributes:
        ending: How it ended.
        folder: Its folder, which has the locked outputs and inputs, and the sandbox.
        files: The folder with its outputs.
        outputs: The hash of each output; None for a missing one.
        questions: What its cells asked for, each with the cell's position in the notebook.
        variables: The digests of the variables after each cell, by the cell's position.
        counts: The execution count of each cell, by the cell's position.
        executed: The text of the executed notebook; empty if there is none.
    """

    ending: Ending
    folder: Path
    files: Path
    outputs: Mapping[str, str | None]
    questions: tuple[Question, ...] = ()
    variables: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    counts: Mapping[int, int] = field(default_factory=dict)
    executed: str = ""


@dataclass(frozen=True, slots=True)
class LockedStage:
    """A stage of ``dvc.lock`` that can be run again.

    Attributes:
        project: The project.
        entry: The stage.
        name: The name of the notebook's stage.
        contents: Where the contents are.
        prepare: Called before the first cell runs.
        stop: Whether a stop is requested.
        progress: Is called as a run proceeds.
        any_packages: Whether other versions of packages than the locked ones are accepted.
    """

    project: Project
    entry: LockEntry
    name: str
    contents: LockedContents
    prepare: Prepare
    stop: Stop
    progress: Progress
    any_packages: bool = False

    @contextlib.contextmanager
    def repeated(self, conditions: RunConditions) -> Iterator[Repetition]:
        """One more run; its folder exists as long as the block.

        Args:
            conditions: The conditions of the run.

        Raises:
            StagebookError: It cannot start.
        """
        name = f"{job.new_id(self.name)}-again"
        folder = self.project.state / EXECUTIONS / name
        with locks.occupy(folder):
            try:
                yield self._run(folder, conditions)
            finally:
                Sandbox.of(DeclaredFiles(self.project.root), folder, (), ()).clear()

    def _run(self, folder: Path, conditions: RunConditions) -> Repetition:
        ready = self._job(folder)
        locked = {dep.path: dep for dep in self.entry.deps}
        # in the order of a build, which a package keeps
        inputs = tuple(locked[path] for path in ready.signature.inputs if path in locked)
        sandbox = Sandbox.of(ready.files, folder, ready.signature.inputs, ready.signature.outputs)
        sandbox.lay_code(ready.snapshot.files, ready.snapshot.folders)
        sandbox = sandbox.lay()
        self.prepare(ready, inputs, sandbox)
        note = self.progress.note
        with start.started(self.project, ready, sandbox, note, conditions) as kernel:
            unstarted = execution.unstarted(ready)
            executed = execution.execute(
                unstarted, self.project, sandbox, kernel, self.progress, self.stop
            )
        placed = (dataclasses.replace(item, path=ready.files.input(item.path)) for item in inputs)
        ending = declarations.check(executed.ending, sandbox, ready, placed)
        return self._result(ending, sandbox)

    def _job(self, folder: Path) -> Job:
        contents = f"{folder.relative_to(self.project.root).as_posix()}/{LOCKED}"
        self._lay(folder / LOCKED)
        files = DeclaredFiles(self.project.root, contents=contents)
        ready = job.prepare(self.project, self.name, {}, files, self._params())
        self._require_source(ready)
        return dataclasses.replace(ready, id=folder.name)

    def _require_source(self, ready: Job) -> None:
        """Checks that the present code is the locked one.

        Raises:
            StagebookError: It has changed since.
        """
        path = source_path(self.name)
        locked = next((dep.md5 for dep in self.entry.deps if dep.path == path), None)
        present = SourceText.of(ready.source, ready.notebook, ready.snapshot.files)
        if locked is None or locked == explained.md5_of(source.render(ready.source)):
            return
        then = Sources(self.project.root, self.contents.files.cache).find(
            self.name, locked, ready.notebook.path
        )
        changes = source_changes.between(then, present) if then else ()
        if (
            self.any_packages
            and changes
            and {item.kind for item in changes} == {CodeChange.VERSION}
        ):
            return
        words = ", ".join(change.words for change in changes[:_SHOWN])
        words = f": {words}" if words else ""
        raise StagebookError(
            Problem(
                "source-differs",
                f"The code or the environment is not the locked one{words}.",
                "Build the stage first, with `dvc repro`; or check out the commit that it was "
                "built from.",
                ready.where,
            )
        )

    def _lay(self, target: Path) -> None:
        """Lays the locked inputs out.

        Raises:
            StagebookError: A content is in no place.
        """
        missing = [
            dep.path
            for dep in self.entry.deps
            if not is_source(dep.path) and not self.contents.lay(dep, target / dep.path)
        ]
        if missing:
            raise StagebookError(*map(missing_content, missing))

    def _params(self) -> ParamsFile:
        """The locked values, as the stage's params file would have them."""
        notebook = notebooks.path_of(self.project, self.name)
        places = params_file.places(notebook, self.project)
        locked = self.entry.params or {}  # also those of stages before, if it packages a model
        values = ((place, locked.get(place)) for place in places)
        found = [ParamsFile(place, own, {}) for place, own in values if isinstance(own, dict)]
        return found[0] if found else ParamsFile(places[0], {}, {})

    def _result(self, ending: Ending, sandbox: Sandbox) -> Repetition:
        hashes = ProjectFiles(sandbox.files, self.contents.files.cache, {})
        entries = journal.read(sandbox.journal)
        text = sandbox.executed.read_text(encoding="utf-8") if sandbox.executed.exists() else ""
        counts = _positions(text)
        return Repetition(
            ending,
            sandbox.folder,
            sandbox.files,
            {out.path: hashes.md5(out.path) for out in self.entry.outs},
            tuple(
                dataclasses.replace(item, cell=counts.get(item.cell or 0))
                for item in observations.questions(entries)
                if item.cell is not None
            ),
            {
                counts[count]: digests
                for count, digests in observations.variables(entries).items()
                if count in counts
            },
            {position: count for count, position in counts.items()},
            text,
        )


def missing_content(path: str) -> Problem:
    """The problem of a locked content that the repository does not have."""
    return Problem(
        "content-missing",
        f"The content of `{path}` that dvc.lock names is in neither DVC's cache nor the project.",
        "Get it from the DVC remote: dvc fetch",
        Where("dvc.lock"),
    )


def _positions(text: str) -> dict[int, int]:
    """The position of each cell in the notebook by its execution count."""
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, RecursionError):
        return {}
    return {
        cell["execution_count"]: cell["metadata"][POSITION]
        for cell in cells
        if cell.get("execution_count") and POSITION in cell["metadata"]
    }
