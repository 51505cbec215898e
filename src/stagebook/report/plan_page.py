"""A plan as a page of HTML that loads nothing: the drawn graph, and the reasons of each stage."""

from collections.abc import Iterator
from dataclasses import dataclass

from stagebook.pipeline.plan.plan import Plan, PlanState, StagePlan
from stagebook.project.text import plain
from stagebook.report import graph_picture, plan_words, self_contained
from stagebook.report.graph_picture import Box, Link, cut

_LETTERS = 24
_WORDS = {
    PlanState.FRESH: "fresh",
    PlanState.STALE: "stale",
    PlanState.RESTORED: "restored",
    PlanState.AFTER: "after others",
    PlanState.RUNNING: "runs now",
    PlanState.ALWAYS: "always runs",
}
_PAST = {PlanState.FRESH: "the same", PlanState.STALE: "changed"}


@dataclass(frozen=True, slots=True)
class StageCard:
    """What the page says about one stage.

    Attributes:
        anchor: Its place on the page.
        name: Its name.
        state: The name of its state, for the style.
        words: What happens to it.
        cost: What it took when it was last built; empty if it does not run.
        reasons: The reasons, each with the lines that differ.
    """

    anchor: str
    name: str
    state: str
    words: str
    cost: str
    reasons: tuple[tuple[str, tuple[str, ...]], ...]


def render_page(plan: Plan, project: str) -> str:
    """The page of a plan.

    Args:
        plan: The plan.
        project: The project's name.
    """
    stages = plan_words.shown(plan)
    anchors = {stage.name: f"stage-{place}" for place, stage in enumerate(stages, start=1)}
    picture = graph_picture.draw(_boxes(plan, anchors), _links(stages), "plan")
    cards = [_card(stage, anchors[stage.name], plan) for stage in stages]
    return self_contained.render(
        "plan.html",
        self_contained.source("graph.css") + self_contained.source("plan.css"),
        title=f"{plain(project)}: {'changes' if plan.since else 'plan'}",
        total=plan_words.total(plan),
        time=plan_words.time(plan),
        picture=picture,
        problems=[(str(item.where or ""), item.message, item.hint) for item in plan.problems],
        cards=[card for card in cards if card.state != "fresh" or card.reasons],
        fresh=[card for card in cards if card.state == "fresh" and not card.reasons],
        fresh_title="The same" if plan.since else "Fresh",
        removed=plan_words.listed(plan.removed),
    )


def _boxes(plan: Plan, anchors: dict[str, str]) -> Iterator[Box]:
    for stage in plan_words.shown(plan):
        word = (_PAST if plan.since else {}).get(stage.state, _WORDS[stage.state])
        takes = plan_words.seconds(stage.cost.seconds) if stage.runs and stage.cost else ""
        below = f"{word}, {takes}" if takes and not plan.since else word
        title = f"{plain(stage.name)}: {plan_words.state(stage, is_past=bool(plan.since))}"
        lines = (cut(plain(stage.name), _LETTERS), below)
        kind = f"stage {stage.state.value}"
        yield Box(stage.name, f"#{anchors[stage.name]}", kind, title, lines, stage=True)


def _links(stages: tuple[StagePlan, ...]) -> Iterator[Link]:
    """The arrows; one that follows from two others is left out, so that the graph is readable."""
    names = {stage.name for stage in stages}
    before = {stage.name: names.intersection(stage.before) for stage in stages}
    behind: dict[str, set[str]] = {}  # all stages before a stage, near and far
    for stage in stages:
        behind[stage.name] = set(before[stage.name])
        for other in before[stage.name]:
            behind[stage.name] |= behind.get(other, set())
    for stage in stages:
        far = {item for other in before[stage.name] for item in behind.get(other, ())}
        for other in sorted(before[stage.name] - far):
            yield other, stage.name


def _card(stage: StagePlan, anchor: str, plan: Plan) -> StageCard:
    shows_cost = stage.runs and not plan.since
    return StageCard(
        anchor,
        plain(stage.name),
        stage.state.value,
        plan_words.state(stage, is_past=bool(plan.since)),
        (plan_words.cost(stage.cost) if stage.cost else "time unknown") if shows_cost else "",
        plan_words.reasons(stage),
    )
