"""Which stage of a build starts next: pure data, without access to the disk."""

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile


class StageKind(enum.Enum):
    """How a stage of a build is run.

    Attributes:
        NOTEBOOK: Our command for a notebook, which may run beside others of its kind.
        COMMAND: Any other command, which runs alone and at its place in DVC's order.
        CHECK: No command: a frozen stage, an import, or a file that ``dvc add`` tracks.
    """

    NOTEBOOK = "notebook"
    COMMAND = "command"
    CHECK = "check"


class PlanState(enum.Enum):
    """What a build did with a stage so far."""

    WAITING = "waiting"
    RUNNING = "running"
    BUILT = "built"
    CACHED = "cached"
    FRESH = "fresh"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def settled(self) -> bool:
        """Whether the build will do nothing more with the stage."""
        return self not in (PlanState.WAITING, PlanState.RUNNING)

    @property
    def good(self) -> bool:
        """Whether the outputs of the stage are as they must be."""
        return self in (PlanState.BUILT, PlanState.CACHED, PlanState.FRESH)


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """One stage of a build.

    Attributes:
        name: DVC's name of it.
        kind: How it is run.
        needs: The names of the stages of the build that it needs directly.
        label: What Stagebook calls it: the stage's name without the path of its ``dvc.yaml``.
        ours: Whether its command is Stagebook's.
        reads_lock: Whether it reads ``dvc.lock``, which must have all stages before it.
    """

    name: str
    kind: StageKind
    needs: frozenset[str] = frozenset()
    label: str = ""
    ours: bool = False
    reads_lock: bool = False


@dataclass(frozen=True, slots=True)
class StageCost:
    """What a stage took when it was last executed.

    Attributes:
        seconds: How long it took.
        memory: Peak memory of its kernel in bytes; 0 if unknown.
    """

    seconds: float = 0.0
    memory: int = 0


_UNKNOWN = StageCost()


@dataclass(slots=True)
class Schedule:
    """The stages of a build, and what has happened to each.

    A stage that runs a command of its own, not a notebook, may read or write what it does not
    declare. It starts when all stages before it in DVC's order have ended, and the stages after
    it wait, as in a serial build.

    Attributes:
        stages: The stages in DVC's order: each comes after what it needs.
        jobs: How many may run at once.
        memory: Bytes that the stages which run at once may need together; None for no limit. A
            stage that needs more than this runs alone.
        costs: What each stage took when it was last executed.
        keep_going: Whether stages that do not depend on a failed one still start.
        states: The state of each stage.
        closed: Whether no further stage starts.
    """

    stages: tuple[PlannedStage, ...]
    jobs: int
    memory: int | None = None
    costs: Mapping[str, StageCost] = field(default_factory=dict)
    keep_going: bool = False
    states: dict[str, PlanState] = field(init=False)
    closed: bool = False
    _weights: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """All stages wait."""
        self.states = {stage.name: PlanState.WAITING for stage in self.stages}
        self._weights = _chains(self.stages, self.costs)

    @property
    def running(self) -> tuple[PlannedStage, ...]:
        """The stages that run now."""
        return tuple(item for item in self.stages if self.states[item.name] is PlanState.RUNNING)

    def next(self) -> PlannedStage | None:
        """The stage to look at now; None if one must end first, or nothing is left to do.

        Of several, it is the one with the longest chain of stages that need it.
        """
        running = self.running
        if self.closed or len(running) >= self.jobs:
            return None
        ready = [stage for stage in self._ready() if self._fits(stage, running)]
        return max(ready, key=lambda stage: self._weights[stage.name], default=None)

    def settle(self, name: str, state: PlanState) -> tuple[str, ...]:
        """Notes how a stage ended.

        Args:
            name: The stage.
            state: Its state from now on.

        Returns:
            The stages that are skipped because this one failed.
        """
        self.states[name] = state
        if state is not PlanState.FAILED:
            return ()
        if not self.keep_going:
            self.closed = True
        lost = {name}
        skipped = []
        for stage in self.stages:  # each comes after what it needs
            if not lost.isdisjoint(stage.needs) and self.states[stage.name] is PlanState.WAITING:
                self.states[stage.name] = PlanState.SKIPPED
                lost.add(stage.name)
                skipped.append(stage.name)
        return tuple(skipped)

    @property
    def settled(self) -> tuple[str, ...]:
        """The stages before the first one in DVC's order that has not ended."""
        names = (stage.name for stage in self.stages)
        return tuple(takewhile(lambda name: self.states[name].settled, names))

    def _ready(self) -> Iterator[PlannedStage]:
        """The waiting stages whose needs are there, up to the first that must run alone."""
        all_settled = True
        for stage in self.stages:
            state = self.states[stage.name]
            alone = stage.kind is StageKind.COMMAND and not state.settled
            in_place = all_settled or not (alone or stage.reads_lock)
            needed = (self.states[need] for need in stage.needs)
            if state is PlanState.WAITING and in_place and all(item.good for item in needed):
                yield stage
            if alone:
                return
            all_settled = all_settled and state.settled

    def _fits(self, stage: PlannedStage, running: tuple[PlannedStage, ...]) -> bool:
        if self.memory is None or not running:
            return True
        memory = sum(self.costs.get(item.name, _UNKNOWN).memory for item in (stage, *running))
        return memory <= self.memory


def _chains(stages: Iterable[PlannedStage], costs: Mapping[str, StageCost]) -> dict[str, float]:
    """For each stage, the seconds of the longest chain that starts with it."""
    after: dict[str, float] = {}
    weights: dict[str, float] = {}
    for stage in reversed(tuple(stages)):
        weight = costs.get(stage.name, _UNKNOWN).seconds + after.get(stage.name, 0.0)
        weights[stage.name] = weight
        for need in stage.needs:
            after[need] = max(after.get(need, 0.0), weight)
    return weights
