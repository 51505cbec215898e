"""What a build of many stages reports: each stage as it begins and ends, and the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from stagebook.pipeline.schedule import PlannedStage, PlanState, StageCost
from stagebook.project.errors import Problem


class BuildProgress(Protocol):
    """Is called as a build proceeds."""

    def planned(self, stages: Sequence[PlannedStage], costs: Mapping[str, StageCost]) -> None:
        """The stages of the build, in DVC's order, and what each took before."""

    def began(self, stage: PlannedStage) -> None:
        """The command of a stage starts."""

    def line(self, name: str, text: str) -> None:
        """A stage that runs beside others printed a line."""

    def note(self, text: str) -> None:
        """Something keeps the build waiting."""

    def ended(self, stage: "BuiltStage") -> None:
        """A stage ended, or is not started."""

    def tick(self) -> float | None:
        """Some time has passed; returns the seconds until the next call, None for no limit."""

    def output(self) -> IO[str] | None:
        """Where the commands that run alone print; None for standard output."""


@dataclass(frozen=True, slots=True)
class BuiltStage:
    """What a build did with one stage.

    Attributes:
        name: DVC's name of it.
        state: How it ended.
        seconds: How long its command took.
        code: The exit code of its command; None if none ran.
        problems: Why DVC could not run it or take its outputs, or which stage it waited for.
    """

    name: str
    state: PlanState
    seconds: float = 0.0
    code: int | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class StagesBuild:
    """The result of ``stagebook repro``.

    Attributes:
        stages: The stages, in DVC's order.
        exit_code: The exit code of the command.
        undelivered: Why MLflow does not have all records yet; empty if it has them.
    """

    stages: tuple[BuiltStage, ...]
    exit_code: int
    undelivered: str = ""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a build runs.

    Attributes:
        targets: Stages to build with what they need; all if empty.
        jobs: How many stages may run at once.
        memory: Bytes that they may need together; None for the available memory.
        keep_going: Whether stages that do not depend on a failed one still start.
        forced: Whether every stage runs, also one that has not changed.
    """

    targets: tuple[str, ...] = ()
    jobs: int = 1
    memory: int | None = None
    keep_going: bool = False
    forced: bool = False
