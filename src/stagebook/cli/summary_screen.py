"""The lines that end a build: what was built, how good it is, and where to look."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from stagebook.cli.printed import Screen
from stagebook.history.measured import moment
from stagebook.history.project_status import StageState
from stagebook.history.verdict import ReasonKind
from stagebook.project.extras import UI
from stagebook.project.text import plain

if TYPE_CHECKING:
    from stagebook.history.project_status import HeadlineMetric, StageStatus
    from stagebook.history.summary import Summary
    from stagebook.history.verdict import Reason

_out = Screen()
_FAILURES = {
    ReasonKind.COULD_NOT_START: "{} could not start",
    ReasonKind.CONTRACT_BROKEN: "{} breaks its contract",
    ReasonKind.GATE_FAILED: "the gate of {} failed",
}
"""The failures that the line of stages does not show."""


def show(summary: "Summary") -> None:
    """Prints a summary."""
    status = summary.status
    stages = ", ".join(_stage(stage, summary) for stage in status.notebooks)
    commit = f" at commit {summary.commit[:10]}" if summary.commit else ""
    place = commit if summary.executed_here else " elsewhere"
    dirty = " with uncommitted changes" if summary.is_dirty else ""
    _out.print(f"[bold]built[/]  {escape(status.project)}{place}{dirty}: {escape(stages)}")
    for stage in summary.stale:
        words = "; ".join(cause.words for cause in stage.stale)
        _out.print(f"[bold yellow]stale[/]  {escape(stage.name)}: {escape(words)}")
    if summary.never_built:
        _out.print(f"[bold yellow]never built[/]  {escape(', '.join(summary.never_built))}")
    for failure in _failures(summary.verdict.reasons):
        _out.print(f"[bold red]failed[/] {escape(failure)}")
    score = ", ".join(map(_score, status.headlines))
    _out.print(f"[bold]score[/]  {escape(score or 'no headline metric is set in pyproject.toml')}")
    _out.print(f"[bold]look[/]   {escape(' · '.join(_places(summary)))}")


def as_json(summary: "Summary") -> dict[str, Any]:
    """A summary for programs."""
    status = summary.status
    return {
        "name": status.project,
        "verdict": summary.verdict.grade.value,
        "stages": {
            stage.name: stage.record.as_json() if stage.record and stage.record.id else None
            for stage in status.notebooks
        },
        "states": {stage.name: stage.word for stage in status.notebooks},
        "headline": {metric.name: metric.value for metric in status.headlines},
        "stale": {
            stage.name: [cause.as_json() for cause in stage.stale] for stage in summary.stale
        },
        "never_built": list(summary.never_built),
        "dirty": summary.is_dirty,
        "runs": summary.runs,
        "site": summary.site or None,
        "tracking_uri": summary.tracking_uri,
        "address": summary.address,
    }


def _stage(stage: "StageStatus", summary: "Summary") -> str:
    """A stage, with its state if it is not as it should be."""
    if stage.state not in (StageState.EXECUTED, StageState.UNCHANGED):
        return f"{stage.name} ({stage.word})"
    if stage.stale:
        return f"{stage.name} (stale)"
    if stage in summary.executed_here or not summary.executed_here:
        return stage.name
    return f"{stage.name} (not built here)"


def _failures(reasons: "tuple[Reason, ...]") -> Iterator[str]:
    for reason in reasons:
        if words := _FAILURES.get(reason.kind):
            yield words.format(plain(reason.subject))


def _places(summary: "Summary") -> Iterator[str]:
    """The places of a build's pages; a page that nothing wrote here is left out."""
    is_here = bool(summary.executed_here)
    if summary.site:
        yield summary.site
    if is_here:
        yield f"{summary.runs}/*.html and {summary.runs}/*.ipynb"
    elif not summary.site:
        yield "write the site with: stagebook report"
    if is_here and not summary.is_served:
        first = f" (first: {UI.install_command})" if UI.missing else ""
        yield f"mlflow ui --backend-store-uri {shlex.quote(summary.tracking_uri)}{first}"
    if is_here or summary.is_served:
        yield summary.address


def _score(metric: "HeadlineMetric") -> str:
    """A metric, and if it is stale, the build that it is from."""
    if metric.value is None and metric.stale:
        return f"{metric.name} has no value ({metric.stale[0].words})"
    text = f"{metric.name} {_number(metric.value)}"
    if not metric.stale:
        return text
    record = metric.stage.record if metric.stage else None
    when = f" of {moment(record.id)} UTC" if record and record.id else ""
    return f"{text} (stale, from a build{when})"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
