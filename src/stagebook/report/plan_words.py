"""A plan in words: for the terminal and for the page."""

import itertools
from collections import Counter
from collections.abc import Sequence

from stagebook.pipeline.plan.plan import (
    Change,
    Cost,
    Plan,
    PlanState,
    StagePlan,
    StaleReason,
    TotalCost,
)
from stagebook.pipeline.stage import SOURCES
from stagebook.project.text import plain

_MOST = 3
_MINUTE, _HOUR = 60, 3600
_TENTHS = 10  # seconds up to which tenths are shown


def shown(plan: Plan) -> tuple[StagePlan, ...]:
    """The stages that a person asks about: without the one that writes the sources."""
    return tuple(
        stage
        for stage in plan.stages
        if stage.name != SOURCES or stage.state not in (PlanState.ALWAYS, PlanState.FRESH)
    )


def state(stage: StagePlan, *, is_past: bool = False) -> str:
    """What happens to a stage, in a few words.

    Args:
        stage: The stage.
        is_past: Whether commits are compared, so that nothing is going to run.
    """
    match stage.state:
        case PlanState.AFTER if is_past:
            return f"after {listed(stage.after)}"
        case PlanState.AFTER:
            return f"runs if the output of {listed(stage.after)} changes"
        case PlanState.RESTORED:
            return "stale, restored from the run cache"
        case PlanState.ALWAYS:
            return "runs in every build"
        case PlanState.RUNNING:
            return "runs now"
        case PlanState.STALE if is_past:
            return "changed"
        case PlanState.FRESH if is_past:
            return "the same"
        case PlanState.FRESH if stage.is_edited:
            return "frozen; DVC writes the new output to dvc.lock"
        case PlanState.FRESH if stage.frozen:
            return "frozen"
        case _:
            return str(stage.state.value)


def reasons(stage: StagePlan) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The reasons for which a stage is stale, each with the lines that differ.

    The outputs that are missing share one reason, and so does the code of other stages.
    """
    own = [reason for reason in stage.reasons if reason.change is not Change.AFTER]
    shown: list[tuple[str, tuple[str, ...]]] = []
    for kind, group in itertools.groupby(own, lambda reason: _group(stage, reason)):
        members = list(group)
        if kind and len(members) > 1:
            names = listed([reason.subject for reason in members])
            shown.append((kind.format(names), ()))
        else:
            shown.extend((plain(reason.words), reason.lines) for reason in members)
    return tuple(shown)


def _group(stage: StagePlan, reason: StaleReason) -> str:
    """The words that similar reasons share; empty for a reason of its own."""
    if reason.words.startswith("output missing: "):
        return "outputs missing: {}"
    if reason.words.startswith("output changed: "):
        return "outputs changed: {}"
    if reason.change is Change.CODE and reason.subject != stage.name and not reason.lines:
        return "code of {} changed"
    return ""


def cost(cost: Cost | TotalCost) -> str:
    """Time and memory, such as ``12.3 s, 410 MB``."""
    memory = f", {size(cost.memory)}" if cost.memory is not None else ""
    return f"{seconds(cost.seconds)}{memory}"


def seconds(value: float) -> str:
    """A time, such as ``12.3 s``."""
    if value < _TENTHS:
        return f"{value:.1f} s"
    if value < _MINUTE:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), _MINUTE)
    if value < _HOUR:
        return f"{minutes} min {rest} s"
    return f"{minutes // _MINUTE} h {minutes % _MINUTE} min"


def size(value: int) -> str:
    """A memory size, such as ``410 MB``."""
    return f"{value / 1e9:.1f} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"


def total(plan: Plan) -> str:
    """The whole plan in one sentence."""
    stages = shown(plan)
    if plan.since:
        return f"{len(plan.stale)} of {counted(len(stages))} changed ({plan.since})."
    numbers = Counter(stage.state for stage in stages if not stage.is_edited)
    edited = sum(stage.is_edited for stage in stages)
    if not edited and not numbers.keys() - {PlanState.FRESH}:
        return f"{counted(len(stages)).capitalize()}: all fresh." if stages else "No stage."
    always = "runs" if numbers[PlanState.ALWAYS] == 1 else "run"
    words = {
        PlanState.RUNNING: "run now",
        PlanState.STALE: "to run",
        PlanState.RESTORED: "to restore",
        PlanState.AFTER: "to run if inputs change",
        PlanState.ALWAYS: f"{always} in every build",
        PlanState.FRESH: "fresh",
    }
    parts = [f"{numbers[kind]} {text}" for kind, text in words.items() if numbers[kind]]
    return ", ".join([*parts, *([f"{edited} frozen with a new output"] if edited else [])])


def time(plan: Plan) -> str:
    """What the stages that run took when they were last built; empty if none runs."""
    costs = plan.total
    stages = [stage for stage in plan.stages if stage.runs]
    if not stages or plan.since:
        return ""
    if len(costs.unknown) == len(stages):
        return "time unknown"
    unknown = f", unknown for {listed(costs.unknown)}" if costs.unknown else ""
    return f"last time {cost(costs)}{unknown}"


def counted(number: int) -> str:
    """A number of stages."""
    return "1 stage" if number == 1 else f"{number} stages"


def listed(names: Sequence[str]) -> str:
    """Some names, the first ones of many."""
    shown = [plain(name) for name in names]
    if len(shown) > _MOST + 1:
        return f"{', '.join(shown[:_MOST])} and {len(shown) - _MOST} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""
