"""The plan of the next build: each stage, what DVC will do with it, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from stagebook.project.errors import Problem


class PlanState(Enum):
    """What the next ``dvc repro`` does with a stage."""

    FRESH = "fresh"
    STALE = "stale"
    RESTORED = "restored"
    AFTER = "after"
    RUNNING = "running"
    ALWAYS = "always"

    @property
    def is_stale(self) -> bool:
        """Whether something changed since the stage was built."""
        return self in (PlanState.STALE, PlanState.RESTORED, PlanState.RUNNING)


class Change(Enum):
    """What changed since a stage was built."""

    NEVER_BUILT = "never built"
    COMMAND = "command"
    CELL = "cell"
    MODULE = "module"
    VERSION = "version"
    SETTING = "setting"
    CODE = "code"
    PARAMETER = "parameter"
    INPUT = "input"
    INPUT_MISSING = "input missing"
    OUTPUT = "output"
    OUTPUT_MISSING = "output missing"
    UNREADABLE = "unreadable"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class StaleReason:
    """One reason for which a stage is stale.

    Attributes:
        change: What kind of thing changed.
        subject: The cell, module, parameter, distribution, path or stage.
        words: The change in a few words.
        before: What it was: a value, a version or a hash; None if that is not known.
        now: What it is now.
        file: The file to look at; empty if there is none.
        lines: The lines of code that differ, each after ``-`` or ``+``.
    """

    change: Change
    subject: str
    words: str
    before: str | None = None
    now: str | None = None
    file: str = ""
    lines: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """This reason as plain values."""
        return {
            "change": self.change.value,
            "subject": self.subject,
            "words": self.words,
            "before": self.before,
            "now": self.now,
            "file": self.file or None,
            "lines": list(self.lines),
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stage took when it was last built.

    Attributes:
        seconds: How long it took.
        memory: Peak memory of its kernel in bytes; None if that is not known.
    """

    seconds: float
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage of the plan.

    Attributes:
        name: DVC's name of it.
        state: What the next ``dvc repro`` does with it.
        reasons: The reasons for which it is stale.
        after: The stages that it waits for, if it runs only if their outputs change.
        before: All stages whose outputs it reads.
        frozen: Whether DVC leaves it as it is, whatever changes.
        notebook: The path of its notebook; empty for another stage.
        cost: What it took when it was last built; None if that is not known.
    """

    name: str
    state: PlanState
    reasons: tuple[StaleReason, ...] = ()
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    frozen: bool = False
    notebook: str = ""
    cost: Cost | None = None

    @property
    def is_edited(self) -> bool:
        """Whether DVC leaves it as it is, but notes the new hash of an output in ``dvc.lock``."""
        return self.frozen and bool(self.reasons)

    @property
    def runs(self) -> bool:
        """Whether a build needs time for it, as far as that is known."""
        return self.state in (PlanState.STALE, PlanState.AFTER, PlanState.RUNNING)

    def as_json(self) -> dict[str, Any]:
        """This stage as plain values."""
        return {
            "stage": self.name,
            "state": self.state.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "after": list(self.after),
            "before": list(self.before),
            "frozen": self.frozen,
            "notebook": self.notebook or None,
            "seconds": self.cost.seconds if self.cost else None,
            "memory": self.cost.memory if self.cost else None,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What is stale, and why.

    Attributes:
        stages: The stages, each after those whose outputs it reads.
        problems: What keeps the next build from starting, or from being planned in full.
        since: The commits that were compared; empty for the last build and the present files.
        removed: The stages that only the earlier commit has.
    """

    stages: tuple[StagePlan, ...]
    problems: tuple[Problem, ...] = ()
    since: str = ""
    removed: tuple[str, ...] = ()

    @property
    def stale(self) -> tuple[str, ...]:
        """The stages that changed since they were built, and those that wait for one of them.

        A frozen stage whose output was edited counts: DVC changes ``dvc.lock``.

        A stage that waits only for stages that run in every build is not stale: it would be so
        after each build. Of two commits, all stages that differ count.
        """
        names: dict[str, None] = {}
        for stage in self.stages:
            waits = stage.state is PlanState.AFTER
            if (
                stage.state.is_stale
                or stage.is_edited
                or (waits and (self.since or not names.keys().isdisjoint(stage.after)))
            ):
                names[stage.name] = None
        return tuple(names)

    @property
    def is_stale(self) -> bool:
        """Whether some stage is stale."""
        return bool(self.stale)

    @property
    def running(self) -> tuple[str, ...]:
        """The stages that a build runs at this moment."""
        return tuple(stage.name for stage in self.stages if stage.state is PlanState.RUNNING)

    @property
    def total(self) -> "TotalCost":
        """What the stages that run took when they were last built."""
        return TotalCost.of(stage for stage in self.stages if stage.runs)

    def with_costs(self, costs: Mapping[str, Cost]) -> "Plan":
        """This plan, with what stages took when they were last built."""
        stages = (replace(stage, cost=costs.get(stage.name)) for stage in self.stages)
        return replace(self, stages=tuple(stages))

    def as_json(self) -> dict[str, Any]:
        """This plan as plain values."""
        return {
            "stale": self.is_stale,
            "running": list(self.running),
            "since": self.since or None,
            "removed": list(self.removed),
            "stages": [stage.as_json() for stage in self.stages],
            "total": self.total.as_json(),
            "problems": [problem.as_json() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class TotalCost:
    """What some stages took together when they were last built.

    Attributes:
        seconds: How long the known ones took together.
        memory: The largest peak memory in bytes; None if none is known.
        unknown: The stages whose time is not known.
    """

    seconds: float = 0.0
    memory: int | None = None
    unknown: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, stages: Iterable[StagePlan]) -> "TotalCost":
        """What some stages took together."""
        stages = tuple(stages)
        known = [stage.cost for stage in stages if stage.cost is not None]
        memory = [cost.memory for cost in known if cost.memory is not None]
        return cls(
            sum(cost.seconds for cost in known),
            max(memory, default=None),
            tuple(stage.name for stage in stages if stage.cost is None),
        )

    def as_json(self) -> dict[str, Any]:
        """This total as plain values."""
        return {"seconds": self.seconds, "memory": self.memory, "unknown": list(self.unknown)}
