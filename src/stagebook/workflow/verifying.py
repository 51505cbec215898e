"""The verb that runs locked stages again and compares their outputs."""

import datetime
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stagebook.execution import leftovers, signals
from stagebook.execution.job import Job
from stagebook.execution.probe.conditions import RunConditions
from stagebook.execution.progress import Progress
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.signals import Stop
from stagebook.execution.verification import causes, outputs, shell
from stagebook.execution.verification.outputs import OutputComparison, Reproduction
from stagebook.execution.verification.repetition import LockedStage, Repetition, missing_content
from stagebook.execution.verification.result import StageVerification, verdict_of
from stagebook.history.history import History
from stagebook.history.past_notebooks import PastNotebooks
from stagebook.notebook import cell_outputs
from stagebook.notebook.cell_outputs import CellOutputDifference
from stagebook.pipeline import dvc, lock, nodes, notebooks
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.locked_contents import LockedContents
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.plan import selection
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.stage import SITE, SOURCES
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.masks import Masks
from stagebook.project.project import Project
from stagebook.record.record import Record
from stagebook.record.verified import VerifiedExecution
from stagebook.tracking import verified
from stagebook.workflow.executing import write_materials

_BEFORE = "verified"


@dataclass(frozen=True, slots=True)
class Verifying:
    """The verification of a project.

    Attributes:
        project: The project.
        stages: The stages to run again.
        locked: All stages of ``dvc.lock``.
        contents: Where contents are.
        explains: Whether stages that differ run further times, to find the cause.
        any_packages: Whether other versions of packages than the locked ones are accepted.
    """

    project: Project
    stages: tuple[Node, ...]
    locked: lock.Lock
    contents: LockedContents
    explains: bool
    any_packages: bool = False

    @classmethod
    def of(
        cls,
        project: Project,
        targets: Iterable[str],
        *,
        explains: bool,
        any_packages: bool = False,
    ) -> "Verifying":
        """The verification of some stages, or of all.

        Args:
            project: The project.
            targets: Names of stages, their notebooks or outputs; all stages without any.
            explains: Whether stages that differ run further times, to find the cause.
            any_packages: Whether other versions of packages than the locked ones are accepted.

        Raises:
            StagebookError: No stage has the name, or ``dvc.yaml`` or ``dvc.lock`` is invalid.
        """
        dvc.require_repository(project.root)
        every = nodes.read(project.root)
        names = [notebooks.stage_named(project, target) for target in targets]
        chosen = {node.name for name in names for node in selection.named(every, name)}
        own = (SITE, SOURCES)
        stages = tuple(
            node
            for node in every
            if (node.name in chosen if names else node.name not in own and node.mark not in own)
        )
        contents = LockedContents(ProjectFiles.of(project.root, project.state))
        locked = lock.read(project.root)
        return cls(project, stages, locked, contents, explains, any_packages)

    def results(self, progress: Callable[[str], Any]) -> Iterator[StageVerification]:
        """Runs each stage again.

        Args:
            progress: Returns a context with the progress display of a stage.
        """
        leftovers.sweep_sockets()
        with signals.listen() as stop:
            for node in self.stages:
                with progress(node.name) as display:
                    result = Masks.here().hide_all(self._verified(node, stop, display))
                if stop.requested:
                    break
                self.keep(result)
                yield result
        if stop.reason is not None:
            signal.raise_signal(stop.reason)  # the command ends as by the signal itself

    def keep(self, result: StageVerification) -> None:
        """Keeps the verdict beside the record of the locked execution, if a run ended.

        Args:
            result: The verified stage.
        """
        record = self._record(result.stage) if result.stage in self.locked.entries else None
        ran = result.verdict is not Reproduction.CANNOT_RUN and not self.any_packages
        if record is not None and ran:
            found = tuple(cause.text for cause in result.causes)
            moment = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
            name = Path(record.id).name
            VerifiedExecution(name, result.verdict.value, found, moment).put(self.project.state)

    def tag(self, results: Iterable[StageVerification]) -> str:
        """Tags the runs in MLflow of the locked executions with the verdicts.

        Args:
            results: The verified stages.

        Returns:
            Why a run has no tag; empty if each has.
        """
        verdicts = {
            Path(record.id).name: result.verdict.value
            for result in results
            if result.verdict is not Reproduction.CANNOT_RUN
            and (record := self._record(result.stage))
        }
        return verified.tag_runs(self.project, verdicts)

    def _verified(self, node: Node, stop: Stop, progress: Progress) -> StageVerification:
        entry = self.locked.entries.get(node.name)
        try:
            if entry is None:
                raise StagebookError(_unlocked(node.name))
            if entry.legacy:
                raise StagebookError(_legacy(node.name))
            if node.notebook:
                return self._notebook(node, entry, stop, progress)
            return self._command(node, entry)
        except StagebookError as error:
            problems = error.problems
        return StageVerification(node.name, Reproduction.CANNOT_RUN, problems=problems)

    def _command(self, node: Node, entry: LockEntry) -> StageVerification:
        with shell.repeated(node, entry, self.contents) as run:
            found = self._compared(node.name, entry, run.folder.parent, run.folder, run.outputs)
        return StageVerification(node.name, verdict_of(found), found)

    def _notebook(
        self, node: Node, entry: LockEntry, stop: Stop, progress: Progress
    ) -> StageVerification:
        def prepare(job: Job, inputs: tuple[HashedPath, ...], sandbox: Sandbox) -> None:
            write_materials(self.project, job, inputs, sandbox)

        stage = LockedStage(
            self.project,
            entry,
            node.name,
            self.contents,
            prepare,
            stop,
            progress,
            self.any_packages,
        )
        with stage.repeated(RunConditions()) as run:
            if not run.ending.done:
                return StageVerification(
                    node.name, Reproduction.CANNOT_RUN, problems=run.ending.problems
                )
            found = self._compared(node.name, entry, run.folder, run.files, run.outputs)
        cells = self._cells(node.name, run)
        result = StageVerification(node.name, verdict_of(found, cells), found, cells)
        if self.explains and found and not stop.requested:
            result = replace(result, causes=causes.find(stage, run))
        return result

    def _compared(
        self,
        stage: str,
        entry: LockEntry,
        folder: Path,
        files: Path,
        hashes: dict[str, str | None] | Any,
    ) -> tuple[OutputComparison, ...]:
        """The outputs that differ from the locked ones.

        Args:
            stage: The stage.
            entry: The locked stage.
            folder: A folder around the new outputs, in which the locked ones may be laid.
            files: The folder with the new outputs.
            hashes: The hash of each new output.
        """
        found = []
        for out in entry.outs:
            if hashes[out.path] == out.md5:
                continue
            if hashes[out.path] is None:
                words = ("it was not written",)
                found.append(OutputComparison(out.path, Reproduction.DIFFERENT, words))
            elif not self.contents.lay(out, folder / _BEFORE / out.path):
                words = (missing_content(out.path).message,)
                found.append(OutputComparison(out.path, Reproduction.DIFFERENT, words))
            else:
                now = (files / out.path).relative_to(folder).as_posix()
                tolerance = self.project.settings.stage(stage).tolerance
                before = f"{_BEFORE}/{out.path}"
                found.append(outputs.compare(folder, out.path, before, now, tolerance))
        return tuple(found)

    def _record(self, stage: str) -> Record | None:
        """The record of the execution that wrote the locked outputs; None if it is not here."""
        if not (self.project.state / "records").is_dir():
            return None
        with History.open(self.project.state) as history:
            record = history.last_builds([stage]).get(stage)
        locked = {out.path: out.md5 for out in self.locked.entries[stage].outs}
        written = {file.path: file.md5 for file in record.outputs} if record else None
        return record if written == locked else None

    def _cells(self, stage: str, run: Repetition) -> tuple[CellOutputDifference, ...]:
        """The cells whose outputs differ from those of the locked execution, if it is kept."""
        record = self._record(stage)
        earlier = PastNotebooks(self.project).of(record).text if record else None
        return cell_outputs.compare(earlier, run.executed) if earlier else ()


def exit_code(results: Iterable[StageVerification]) -> Exit:
    """0 if every locked result was reached again; 16 otherwise."""
    return Exit.DONE if all(result.holds for result in results) else Exit.NOT_REPRODUCED


def _unlocked(stage: str) -> Problem:
    message = f"`{stage}` is not in dvc.lock, so there is nothing to compare a run with."
    return Problem("not-locked", message, f"Build it: dvc repro {stage}", Where("dvc.lock"))


def _legacy(stage: str) -> Problem:
    message = f"The hashes of `{stage}` in dvc.lock are those of DVC 2."
    hint = f"Renew them: dvc commit --force {stage}"
    return Problem("legacy-lock", message, hint, Where("dvc.lock"))
