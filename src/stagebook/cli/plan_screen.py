"""The plan of the next build in the terminal: a line for each stage, and below it the reasons."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from stagebook.cli import screen
from stagebook.cli.printed import Screen
from stagebook.pipeline.plan.plan import PlanState
from stagebook.project.text import plain
from stagebook.report import plan_words as words

if TYPE_CHECKING:
    from stagebook.pipeline.plan.plan import Plan, StagePlan

_REASONS = 5
_LINES = 6
_WIDEST = 28
_MARKS = {
    PlanState.FRESH: ("✓", "green"),
    PlanState.STALE: ("●", "yellow"),
    PlanState.RESTORED: ("↺", "cyan"),
    PlanState.AFTER: ("○", "yellow"),
    PlanState.RUNNING: ("▶", "magenta"),
    PlanState.ALWAYS: ("∞", "blue"),
}
_DIFF = {"-": "red", "+": "green"}
_out = Screen()

Lines = tuple[str, ...]
"""The lines of code that differ."""


def show(plan: "Plan", *, full: bool) -> None:
    """Prints a plan.

    Args:
        plan: The plan.
        full: Whether to print every reason and every changed line.
    """
    screen.problems(plan.problems)
    stages = words.shown(plan)
    width = min(max((len(plain(stage.name)) for stage in stages), default=0), _WIDEST)
    known: set[Lines] = set()
    for stage in stages:
        _out.print(_headline(stage, width, is_past=bool(plan.since)))
        for line in _reasons(stage, known, full=full):
            _print(line, is_cut=not full)
    if plan.removed:
        _out.print(f"Not any more: {words.listed(plan.removed)}", markup=False)
    time = words.time(plan)
    _out.print(Text.assemble((words.total(plan), "bold"), f" · {time}" if time else ""))


def _print(line: Text, *, is_cut: bool) -> None:
    """Prints a line of code or a reason; only a terminal cuts what is too wide for it."""
    if is_cut and _out.is_terminal:
        _out.print(line, soft_wrap=True, overflow="ellipsis", no_wrap=True, crop=True)
    else:
        _out.print(line, soft_wrap=True)


def _headline(stage: "StagePlan", width: int, *, is_past: bool) -> Text:
    mark, style = _MARKS[stage.state]
    is_quiet = stage.state in (PlanState.FRESH, PlanState.ALWAYS)
    text = Text.assemble(
        (f"{mark} ", style),
        (plain(stage.name).ljust(width), "" if is_quiet else "bold"),
        "  ",
        (words.state(stage, is_past=is_past), "dim" if is_quiet else style),
    )
    if stage.runs and not is_past:
        text.append(f" · {words.cost(stage.cost) if stage.cost else 'time unknown'}", "dim")
    return text


def _reasons(stage: "StagePlan", known: set[Lines], *, full: bool) -> Iterator[Text]:
    """The reasons of a stage; lines that a stage above has already shown are left out."""
    reasons = words.reasons(stage)
    for text, lines in reasons if full else reasons[:_REASONS]:
        yield Text(f"    {text}")
        if lines in known and not full:
            continue
        known.add(lines)
        for line in lines if full else lines[:_LINES]:
            yield Text(f"      {plain(line)}", _DIFF[line[0]])
        if not full and len(lines) > _LINES:
            yield Text(f"      … {len(lines) - _LINES} more lines: --full", "dim")
    if not full and len(reasons) > _REASONS:
        yield Text(f"    … {len(reasons) - _REASONS} more reasons: --full", "dim")
