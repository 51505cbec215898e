"""The build with independent stages side by side: ``stagebook repro``."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from stagebook.execution import locks
from stagebook.execution.processes import CommandEnd, Processes
from stagebook.execution.signals import Stop, listen
from stagebook.history.history import History
from stagebook.pipeline import lock, notebooks
from stagebook.pipeline.reproduction import Reproduction
from stagebook.pipeline.schedule import PlannedStage, PlanState, Schedule, StageCost, StageKind
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.project import Project
from stagebook.workflow.delivering import LATER, Deliveries
from stagebook.workflow.stages_build import BuildOptions, BuildProgress, BuiltStage, StagesBuild

_CGROUP = Path("/sys/fs/cgroup")
_WRITING_SHARE = 20
"""While stages run, writing ``dvc.lock`` takes at most one second of so many."""


def build(project: Project, options: BuildOptions, progress: BuildProgress) -> StagesBuild:
    """Builds stages as ``dvc repro`` does, independent ones side by side.

    Args:
        project: The project; its root is the working folder.
        options: How the build runs.
        progress: Is called as the build proceeds.

    Raises:
        StagebookError: It cannot start.
    """
    targets = [notebooks.stage_named(project, name) for name in options.targets]
    lock.read(project.root)  # a merge conflict in it is said with its line
    with (
        _alone(project),
        listen() as stop,
        Reproduction.open(project.root, targets, forced=options.forced) as reproduction,
        Processes.open() as processes,
    ):
        costs = _costs(project, reproduction.plan)
        memory = options.memory or project.settings.memory or _available_memory()
        schedule = Schedule(reproduction.plan, options.jobs, memory, costs, options.keep_going)
        progress.planned(reproduction.plan, costs)
        deliveries = Deliveries(project)
        return _Builder(reproduction, processes, schedule, progress, stop, deliveries).build()


@dataclass(slots=True)
class _Builder:
    """One build as it proceeds."""

    reproduction: Reproduction
    processes: Processes
    schedule: Schedule
    progress: BuildProgress
    stop: Stop
    deliveries: Deliveries
    stages: dict[str, BuiltStage] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    forwarded: int = 0
    exit_code: int = 0
    locked: float = 0.0
    lock_seconds: float = 0.0
    is_told: bool = False

    def build(self) -> StagesBuild:
        self.reproduction.waits = self._waits
        by_name = {stage.name: stage for stage in self.schedule.stages}
        try:
            while self._start_all() or self.started:
                self._heed()
                for event in self.processes.wait(self.progress.tick()):
                    if isinstance(event, CommandEnd):
                        self._finish(by_name[event.name], event.code)
                    else:
                        self.progress.line(event.name, event.text)
                if time.monotonic() - self.locked > _WRITING_SHARE * self.lock_seconds:
                    self._write_lock(self.schedule.settled)
        finally:
            self._write_lock(stage.name for stage in self.schedule.stages)
        unstarted = (
            BuiltStage(name, state)
            for name, state in self.schedule.states.items()
            if name not in self.stages
        )
        self.stages.update((stage.name, stage) for stage in unstarted)
        return StagesBuild(
            tuple(self.stages[stage.name] for stage in self.schedule.stages),
            self._code(),
            self.deliveries.end(),
        )

    def _start_all(self) -> bool:
        """Starts what can start; whether anything runs."""
        if not self.stop.requested and self.schedule.next():
            try:
                with self.reproduction.hold(wait=bool(self.stages)):
                    while not self.stop.requested and (stage := self.schedule.next()):
                        self._begin(stage)
            except StagebookError:
                if not self.stop.requested:
                    raise
        return bool(self.started)

    def _write_lock(self, names: Iterable[str]) -> None:
        """Writes stages into ``dvc.lock``, as far as their order is certain while others run."""
        began = time.monotonic()
        try:
            if self.reproduction.write_lock(names):
                self.locked = time.monotonic()
                self.lock_seconds = self.locked - began
        except StagebookError:
            if not self.stop.requested:  # the next build takes these stages from the run cache
                raise

    def _begin(self, stage: PlannedStage) -> None:
        try:
            state = self.reproduction.begin(stage.name)
            if state is not PlanState.RUNNING:
                self._settle(BuiltStage(stage.name, state))
                return
            self.schedule.states[stage.name] = state
            if stage.kind is StageKind.COMMAND or stage.reads_lock:
                self._write_lock(self.schedule.settled)
            self.started[stage.name] = time.monotonic()
            self.progress.began(stage)
            self.processes.start(
                stage.name,
                self.reproduction.command(stage.name, LATER),
                apart=stage.kind is StageKind.NOTEBOOK,
                output=self.progress.output(),
            )
        except (StagebookError, OSError) as error:
            self._fail(stage, None, error, self._elapsed(stage.name))
            with contextlib.suppress(StagebookError, OSError):
                self.reproduction.abandon(stage.name)

    def _finish(self, stage: PlannedStage, code: int) -> None:
        seconds = self._elapsed(stage.name)
        if stage.kind is StageKind.NOTEBOOK:
            self.deliveries.note()
        try:
            if code:
                self.reproduction.abandon(stage.name)
                self._fail(stage, code, None, seconds)
                return
            self.reproduction.finish(stage.name)
            self._settle(BuiltStage(stage.name, PlanState.BUILT, seconds, code))
        except (StagebookError, OSError) as error:
            self._fail(stage, code, error, seconds)

    def _fail(
        self,
        stage: PlannedStage,
        code: int | None,
        error: StagebookError | OSError | None,
        seconds: float,
    ) -> None:
        problems, own = _problems(error)
        if not self.exit_code:
            has_code = stage.ours and code is not None and code > 0
            self.exit_code = own or (code if has_code and code else Exit.FAILED)
        self._settle(BuiltStage(stage.name, PlanState.FAILED, seconds, code, problems))

    def _settle(self, built: BuiltStage) -> None:
        skipped = self.schedule.settle(built.name, built.state)
        for item in (built, *(BuiltStage(name, PlanState.SKIPPED) for name in skipped)):
            self.stages[item.name] = item
            self.progress.ended(item)

    def _elapsed(self, name: str) -> float:
        started = self.started.pop(name, None)
        return time.monotonic() - started if started is not None else 0.0

    def _waits(self) -> bool:
        """Whether to wait on while another process holds DVC's lock: until a signal comes."""
        if not self.is_told:
            self.progress.note("Another DVC process works in this repository; the build waits.")
            self.is_told = True
        self._heed()
        return not self.stop.requested

    def _heed(self) -> None:
        """Passes a signal on to the commands; kills them at the second one."""
        number = self.stop.reason
        if number is None or self.forwarded == self.stop.signals:
            return
        self.schedule.closed = True
        again = self.stop.signals > 1
        from_terminal = number is signal.SIGINT and os.isatty(0) and not again
        self.processes.forward(signal.SIGKILL if again else number, from_terminal=from_terminal)
        self.forwarded = self.stop.signals

    def _code(self) -> int:
        if self.stop.reason is None:
            return self.exit_code
        return Exit.INTERRUPTED if self.stop.reason is signal.SIGINT else Exit.TERMINATED


def _problems(error: StagebookError | OSError | None) -> tuple[tuple[Problem, ...], int]:
    """The problems of an error, and its exit code; 0 if there is no error."""
    if error is None:
        return (), 0
    if isinstance(error, StagebookError):
        return error.problems, error.exit_code
    from stagebook.execution import outcome

    ending = outcome.of_full_disk(error, None)
    return ending.problems, ending.outcome.exit_code


def _costs(project: Project, plan: Sequence[PlannedStage]) -> dict[str, StageCost]:
    """What each notebook took when it was last built here."""
    labels = {stage.label: stage.name for stage in plan if stage.kind is StageKind.NOTEBOOK}
    with History.open(project.state) as history:
        records = history.last_builds(labels)
    return {
        labels[label]: StageCost(
            record.volatile.seconds,
            max((cell.memory or 0 for cell in record.volatile.cells), default=0),
        )
        for label, record in records.items()
    }


def _available_memory() -> int:
    """Bytes that new processes can use, within the limit of this process's control group."""
    available = psutil.virtual_memory().available
    try:
        limit, used = ((_CGROUP / f"memory.{name}").read_text() for name in ("max", "current"))
        return min(available, max(int(limit) - int(used), 0))
    except (OSError, ValueError):  # another system, or the limit is `max`
        return available


@contextlib.contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Refuses a second build of the same project."""
    with locks.try_to_hold(project.state / "repro.lock") as held:
        if not held:
            problem = Problem(
                "build-runs",
                "Another `stagebook repro` builds this project.",
                "Wait until it has ended, then build again.",
            )
            raise StagebookError(problem, exit_code=Exit.ENVIRONMENT)
        yield
