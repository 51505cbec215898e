"""The pipeline as a graph of names: pure data, without access to the disk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

from stagebook.pipeline.stage import Stage
from stagebook.project.errors import Problem, StagebookError, Where


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All our stages, in an order in which each comes after what it needs.

    Attributes:
        stages: The stages.
    """

    stages: tuple[Stage, ...]

    @classmethod
    def of(cls, stages: Iterable[Stage], written: Mapping[str, str]) -> "Pipeline":
        """A valid pipeline.

        Args:
            stages: Our stages, each name once.
            written: Paths that hand-written stages write, each with its stage's name.

        Raises:
            StagebookError: Two stages write one path, or stages need each other in a cycle.
        """
        stages = tuple(stages)
        problems = list(_claimed_twice(stages, written))
        if problems:
            raise StagebookError(*problems)
        return cls(_with_materials(_sorted(stages)))

    def stage(self, name: str) -> Stage:
        """The stage with this name; raises a KeyError if it does not exist."""
        return {stage.name: stage for stage in self.stages}[name]

    def before(self, name: str) -> tuple[Stage, ...]:
        """The stages that a stage needs, and that these need, in order."""
        return _before(self.stage(name), self.stages)

    def producer(self, path: str) -> Stage | None:
        """The stage that writes a path, or a folder that holds it."""
        for stage in self.stages:
            if any(_within(path, out) for out in stage.writes):
                return stage
        return None

    def by_outputs(self, outputs: Iterable[str]) -> Stage | None:
        """The stage that writes all these paths; None if no single stage does."""
        stages = {stage.name: stage for path in outputs if (stage := self.producer(path))}
        return next(iter(stages.values())) if len(stages) == 1 else None


def _within(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _claimed_twice(stages: tuple[Stage, ...], written: Mapping[str, str]) -> Iterable[Problem]:
    claims = [(path, name, f"stage {name}") for path, name in written.items()]
    for stage in stages:
        for path in stage.writes:
            for other, _, owner in claims:
                if _within(path, other) or _within(other, path):
                    yield Problem(
                        "claimed-twice",
                        f"`{path}` is also written by {owner}"
                        + (f", as `{other}`." if other != path else "."),
                        "Give one of them another path.",
                        Where(stage.notebook or "dvc.yaml"),
                    )
            claims.append((path, stage.name, stage.notebook or f"stage {stage.name}"))


def _with_materials(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The stages; those that package a model also depend on all stages before them."""
    return tuple(
        stage.after(_before(stage, stages)) if stage.packages else stage for stage in stages
    )


def _before(stage: Stage, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    needed = {stage.name}
    for other in reversed(stages):  # each comes after what it needs
        if any(_needs(item, other) for item in stages if item.name in needed and item is not other):
            needed.add(other.name)
    return tuple(item for item in stages if item.name in needed - {stage.name})


def _needs(stage: Stage, other: Stage) -> bool:
    return any(_within(dep, out) or _within(out, dep) for dep in stage.deps for out in other.writes)


def _sorted(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    by_name = {stage.name: stage for stage in stages}
    needs = {
        stage.name: sorted(
            other.name for other in stages if other is not stage and _needs(stage, other)
        )
        for stage in sorted(stages, key=lambda item: item.name)
    }
    try:
        return tuple(by_name[name] for name in TopologicalSorter(needs).static_order())
    except CycleError as error:
        names = list(reversed(error.args[1]))
        links = " → ".join(names)
        first = by_name[names[0]]
        raise StagebookError(
            Problem(
                "cycle",
                f"These stages depend on each other in a cycle: {links}.",
                "Remove one of the inputs, or let another notebook write it.",
                Where(first.notebook or "dvc.yaml"),
            )
        ) from None
