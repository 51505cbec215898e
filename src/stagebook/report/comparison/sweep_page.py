"""The page of a sweep: one figure of each of many executions, and their values in a table."""

from dataclasses import dataclass

from stagebook.history.past_notebooks import PastNotebooks
from stagebook.history.sweep import Sweep, SweepRow
from stagebook.project.text import counted, plain
from stagebook.report import frame as frames
from stagebook.report import self_contained
from stagebook.report.article import cells, executed, pictures
from stagebook.report.article.executed import ExecutedNotebook
from stagebook.report.article.outputs import OutputWriter
from stagebook.report.comparison import words
from stagebook.report.frame import Frame

_CAPTION = 4
"""Metrics below a figure."""

_SHARED = 8
"""Shared values of each kind that are shown without a click."""

_ROOM = 40_000_000
"""Characters of all figures of a page."""


@dataclass(frozen=True, slots=True)
class SweepCard:
    """One execution in the gallery.

    Attributes:
        anchor: Where a link to it goes.
        name: Its id.
        short: The end of it.
        caption: When it was, and what it was.
        parameters: Names and values of those that differ.
        metrics: Names and values of the first ones that differ.
        figure: The figure's HTML; empty if it is missing.
        reason: Why the figure is missing.
        mark: The mark of an execution of other code than the newest; empty for others.
    """

    anchor: str
    name: str
    short: str
    caption: str
    parameters: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, str], ...]
    figure: str
    reason: str
    mark: str = ""


def render(sweep: Sweep, notebooks: PastNotebooks, figure: int, frame: Frame) -> str:
    """The page of a sweep.

    Args:
        sweep: The sweep.
        notebooks: Where the executed notebooks are.
        figure: Which figure of each, counted from 1.
        frame: The page's frame.
    """
    cards, room, commit = [], _ROOM, not words.one_commit(sweep)
    for place, trial in enumerate(sweep.rows, start=1):
        shown, reason = _figure(trial, notebooks, figure)
        room -= len(shown)
        if room < 0:
            shown, reason = "", "The figure is not shown: the page is full."
        caption = words.execution(trial.record, commit=commit)
        cards.append(_card(place, trial, caption, sweep.metrics[:_CAPTION], (shown, reason)))
    style = self_contained.source("site/article.css") + self_contained.source("site/compare.css")
    page = frames.render(
        "site/sweep.html",
        frame,
        f"{plain(sweep.stage)}: {counted(len(cards), 'execution')}",
        style=style,
        foreign=True,
        figure=figure,
        order=words.order(sweep),
        marked=words.code_marked(sweep),
        shared=[
            (title, values[:_SHARED], values[_SHARED:]) for title, values in words.shared(sweep)
        ],
        parameters=[plain(parameter) for parameter in sweep.parameters],
        metrics=[plain(metric) for metric in sweep.metrics],
        table=[_values(row, sweep) for row in sweep.rows],
        cards=cards,
    )
    return executed.without_unseen(page)


def _card(
    place: int, trial: SweepRow, caption: str, metrics: tuple[str, ...], figure: tuple[str, str]
) -> SweepCard:
    return SweepCard(
        f"execution-{place}",
        plain(trial.name),
        words.end(trial.name),
        caption,
        tuple((plain(name), words.exact(item)) for name, item in trial.parameters.items()),
        tuple(
            (plain(name), words.value(trial.metrics[name]))
            for name in metrics
            if name in trial.metrics
        ),
        *figure,
        words.MARK if trial.other_code else "",
    )


def _values(trial: SweepRow, sweep: Sweep) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cells of a row: values of parameters, and of metrics."""
    return (
        tuple(words.exact(trial.parameters.get(name)) for name in sweep.parameters),
        tuple(words.value(trial.metrics.get(name)) for name in sweep.metrics),
    )


def _figure(trial: SweepRow, notebooks: PastNotebooks, number: int) -> tuple[str, str]:
    """A figure of an execution, or why it is missing."""
    notebook = notebooks.of(trial.record)
    if notebook.text is None:
        return "", words.shortened(notebook.reason, trial.record)
    read = executed.parse(notebook.text)
    if not read.cells:
        return "", " ".join(read.notes)
    shown = _pictures(read, OutputWriter(f"the execution {words.end(trial.name)}"), number)
    if len(shown) < number:
        return "", f"It has {counted(len(shown), 'figure')}." if shown else "It has no figure."
    return shown[-1], ""


def _pictures(read: ExecutedNotebook, writer: OutputWriter, most: int) -> list[str]:
    """The first figures of a notebook, those that a reader is to see."""
    shown: list[str] = []
    for cell in read.cells:
        if cells.is_left_out(cell) or "remove-output" in cells.tags_of(cell):
            continue
        for output in cell.outputs:
            if len(shown) < most and any(kind in output.data for kind in pictures.TYPES):
                written = writer.write(cell, output)
                shown += [written.html] if written and written.kind == "figure" else []
    return shown
