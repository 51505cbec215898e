"""The front page: what was built, from what, how good it is, and where everything is."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stagebook.history.log import LogEntry
from stagebook.history.project_status import (
    DataFile,
    HeadlineMetric,
    ProjectStatus,
    StageState,
    StageStatus,
)
from stagebook.history.verdict import evidence, gate_grade
from stagebook.project.text import plain
from stagebook.report import frame as frames
from stagebook.report import log_words, metric_words, self_contained
from stagebook.report.article.highlights import Highlights
from stagebook.report.colophon import size
from stagebook.report.frame import Frame
from stagebook.report.lineage_words import short
from stagebook.report.metric_words import MetricChange
from stagebook.report.site import overall, pipeline_picture, places, problems, provenance, sideways
from stagebook.report.site.line import MARKS, ListLine
from stagebook.report.site.parts import MadeParts


@dataclass(frozen=True, slots=True)
class HeadlineFigure:
    """A headline metric.

    Attributes:
        name: Its name.
        file: Where it is from, if another has its name.
        value: The value.
        changes: Each what it is compared with, the change, and its class.
        failures: The bounds that it breaks.
        origin: The build that it is from; empty if no record says.
        stale: Why it is stale; empty where it is current.
    """

    name: str
    file: str
    value: str
    changes: tuple[tuple[str, str, str], ...]
    failures: tuple[str, ...] = ()
    origin: str = ""
    stale: str = ""


@dataclass(frozen=True, slots=True)
class Highlight:
    """What a notebook names as its result.

    Attributes:
        stage: The stage.
        title: The notebook's heading.
        page: Path of its page.
        named: The paragraph and the figure.
    """

    stage: str
    title: str
    page: str
    named: Highlights


def render(
    status: ProjectStatus,
    frame: Frame,
    made: MadeParts,
    compared: Collection[str] = (),
    highlights: Sequence[Highlight] = (),
) -> str:
    """The front page.

    Args:
        status: The project.
        frame: The page's frame.
        made: The pages that were made beside the others, each with its line.
        compared: Stages that have a page with their build before beside the last one.
        highlights: What notebooks name as their results, in the order of the stages.
    """
    picture = pipeline_picture.draw(status, frame)
    sides = (made.models, made.drifts, made.monitors)
    models, drifts, monitors = (tuple(part.line for part in side) for side in sides)
    grade, reasons = overall.verdict(status, drifts, models)
    return frames.render(
        "site/front.html",
        replace(frame, interactive=False),  # what notebooks name as results are not scripts
        status.project,
        style=self_contained.source("site/front.css") + sideways.cue(picture),
        foreign=True,
        summary=provenance.summary(status),
        evidence=evidence(status).name.lower(),
        description=plain(status.description, 600),
        verdict=overall.WORDS[grade],
        reasons=reasons,
        mark=MARKS[grade],
        notes=[plain(note, 300) for note in status.notes],
        figures=[_figure(metric, status) for metric in status.headlines],
        results=[highlight for highlight in highlights if highlight.named.result],
        headline=next(
            (highlight for highlight in reversed(highlights) if highlight.named.figure), None
        ),
        gates=list(_gates(status)),
        picture=picture,
        stages=[_stage(stage, compared) for stage in status.stages],
        contracts=tuple(contracts(status)),
        held=status.held_contracts,
        drifts=drifts,
        models=models,
        monitors=monitors,
        files=[_file(file) for file in status.files],
        history=places.HISTORY if status.builds else "",
    )


def contracts(status: ProjectStatus) -> Iterator[ListLine]:
    """The contracts that do not hold, a line each."""
    for stage in status.stages:
        for table in stage.broken_tables:
            name = ", ".join(map(plain, table.paths))
            words = tuple(plain(problems.short(failure), 200) for failure in table.failures)
            yield ListLine(name, places.notebook(stage.name), "refused", "bad", words)


def _figure(item: HeadlineMetric, status: ProjectStatus) -> HeadlineFigure:
    verdict = status.verdict(item.file, item.name)
    better = verdict.gate.higher_is_better if verdict else None
    before = "since the last build here" if item.edited else "since the build before"
    sides = ((before, item.before), (f"against {plain(status.against)}", item.base))
    changes = [
        (label, metric_words.change(item.value, then))
        for label, then in sides
        if not item.trouble and not item.stale
    ]
    shown = tuple(
        (*_change_words(label, metric), mark(metric, better))
        for label, metric in changes
        if metric.words
    )
    failures = verdict.failures if verdict and not item.trouble else ()
    value = item.trouble or metric_words.shown(item.value)
    twins = sum(other.name == item.name for other in status.headlines)
    file = plain(item.file) if twins > 1 else ""
    origin, stale = provenance.origin(item.stage), provenance.stale(item.stale)
    return HeadlineFigure(plain(item.name), file, value, shown, failures, origin, stale)


def _change_words(label: str, change: MetricChange) -> tuple[str, str]:
    """What a value is compared with, and the change, such as ``0.7`` ``in the build before``."""
    if not change.other:
        return label, change.words
    return label.replace("since", "in", 1).replace("against", "in", 1), change.other


def mark(change: MetricChange, higher_is_better: bool | None) -> str:
    """The class that a change is shown in: whether it is for the better, where that is known."""
    if change.up is None or higher_is_better is None:
        return ""
    return "good" if change.up is higher_is_better else "bad"


def _gates(status: ProjectStatus) -> Iterator[ListLine]:
    """Each gate as a sentence: what the metric is, what is required of it, and whether it is."""
    names = Counter(verdict.gate.name for verdict in status.verdicts)
    page = places.HISTORY if status.builds else ""
    for verdict in sorted(status.verdicts, key=lambda verdict: verdict.holds):
        gate = verdict.gate
        where = f" in {plain(gate.file)}" if names[gate.name] > 1 else ""
        value = f"{metric_words.shown(verdict.value)}, " if verdict.value is not None else ""
        required = f"required: {metric_words.bounds(gate, status.against)}"
        then = f"{metric_words.shown(verdict.base)} in {plain(status.against)}"
        compared = [then] if gate.compares and verdict.base is not None else []
        stale = [f"stale: {provenance.stale(verdict.stale)}"] if verdict.stale else []
        yield ListLine(
            f"{plain(gate.name)}{where}",
            page,
            f"{value}{metric_words.verdict(verdict)}",
            MARKS[gate_grade(verdict)],
            (required, *compared, *map(plain, (*verdict.notes, *stale))),
        )


def _stage(stage: StageStatus, compared: Collection[str]) -> ListLine:
    page = places.notebook(stage.name) if stage.node.notebook else ""
    mark = "bad" if stage.state is StageState.FAILED else "quiet"
    words = changed(stage.row) if stage.row is not None else ()
    if stage.stale:
        words = (f"stale: {provenance.stale(stage.stale)}", *words)
    more = places.compare(stage.name) if stage.name in compared else ""
    return ListLine(stage.name, page, stage.word, mark, (plain(stage.title), *words), more)


def changed(row: LogEntry) -> tuple[str, ...]:
    """What changed since the build before, and whether that one failed."""
    words = tuple(log_words.changed(row))
    if row.before is None or row.before.done:
        return words
    outcome = row.before.outcome
    how = "" if outcome == "failed" else f": {plain(outcome, 60)}"
    return (*words, f"the attempt before failed{how}")


def _file(file: DataFile) -> Mapping[str, Any]:
    return {
        "path": plain(file.path),
        "page": places.data(file.path),
        "rows": file.rows,
        "size": size(file.hashed.size) if file.hashed and file.hashed.size is not None else "",
        "md5": short(file.hashed.md5) if file.hashed else "",
        "maker": plain(file.maker) if file.maker else "",
        "maker_page": places.notebook(file.maker) if file.maker else "",
    }
