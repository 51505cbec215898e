"""The front page: what was built, from what, how good it is, and where everything is."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stagebook.record.gates import Verdict
from stagebook.record.log import Row
from stagebook.report import frame as frames
from stagebook.report import log_words, metric_words
from stagebook.report.colophon import size
from stagebook.report.figures import plain
from stagebook.report.frame import Frame
from stagebook.report.lineage_words import short
from stagebook.report.metric_words import Change
from stagebook.report.site import pipeline_picture, places, problems, provenance, sideways
from stagebook.report.site.book import Book, File, Headline, Stage, State
from stagebook.report.site.line import Line


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline metric.

    Attributes:
        name: Its name.
        file: Where it is from.
        value: The value.
        changes: Each what it is measured by, the change, and its class.
        failures: What it does not keep to.
    """

    name: str
    file: str
    value: str
    changes: tuple[tuple[str, str, str], ...]
    failures: tuple[str, ...] = ()


def render(
    book: Book,
    frame: Frame,
    drifts: Sequence[Line],
    models: Sequence[Line],
    compared: Collection[str] = (),
) -> str:
    """The front page.

    Args:
        book: The project.
        frame: The page's frame.
        drifts: A line for each table that is held against a reference.
        models: A line for each packaged model.
        compared: Stages that have a page with their build before beside the last one.
    """
    picture = pipeline_picture.draw(book, frame)
    return frames.render(
        "site/front.html",
        frame,
        book.project,
        style=sideways.cue(picture),
        summary=provenance.summary(book),
        failed=tuple(_failed(book)),
        notes=[plain(one, 300) for one in book.notes],
        figures=[_figure(one, book) for one in book.headlines],
        gates=[_gate(one, book) for one in book.verdicts],
        picture=picture,
        stages=[_stage(one, compared) for one in book.stages],
        contracts=tuple(contracts(book)),
        held=_held(book),
        drifts=drifts,
        models=models,
        files=[_file(one) for one in book.files],
        history=places.HISTORY if book.builds else "",
    )


def _failed(book: Book) -> Iterator[Line]:
    """What the last build could not start, or failed at, with its error in a line."""
    if (one := book.unstarted) is not None:
        told = (plain(str(one.problems[0]), problems.LONGEST),) if one.problems else ()
        yield Line(plain(one.stage), "", "could not start", "bad", told)
    for stage in book.stages:
        if (found := problems.Trouble.of(stage)) is not None:
            state = f"{plain(stage.failed, 60)}{f', cell {plain(found.cell)}' * bool(found.cell)}"
            told = (plain(found.message, problems.LONGEST),) if found.message else ()
            yield Line(plain(stage.name), places.notebook(stage.name), state, "bad", told)


def contracts(book: Book) -> Iterator[Line]:
    """The contracts that do not hold, a line each."""
    for stage in book.stages:
        for table in stage.tables():
            if table.get("contract") and table.get("holds") is False:
                name = ", ".join(map(plain, map(str, table.get("paths", ()))))
                words = tuple(plain(problems.short(one), 200) for one in table.get("failures", ()))
                yield Line(name, places.notebook(stage.name), "refused", "bad", words)


def _held(book: Book) -> int:
    """How many tables keep to their contracts, of those that have one."""
    return len(
        {
            (path, table["contract"])
            for stage in book.stages
            for table in stage.tables()
            if table.get("contract") and table.get("holds")
            for path in table.get("paths", ())
        }
    )


def _figure(one: Headline, book: Book) -> Figure:
    verdict = book.verdict(one.file, one.name)
    better = verdict.gate.higher_is_better if verdict else None
    before = "since the last build here" if one.edited else "since the build before"
    sides = ((before, one.before), (f"against {plain(book.against)}", one.base))
    changes = [
        (what, metric_words.change(one.value, then)) for what, then in sides if not one.trouble
    ]
    told = tuple(
        (*_told(what, found), mark(found, better)) for what, found in changes if found.words
    )
    failures = verdict.failures if verdict and not one.trouble else ()
    value = one.trouble or metric_words.shown(one.value)
    return Figure(plain(one.name), plain(one.file), value, told, failures)


def _told(what: str, change: Change) -> tuple[str, str]:
    """What a value is measured by, and the change: ``0.7`` stood ``in the build before``."""
    if not change.other:
        return what, change.words
    return what.replace("since", "in", 1).replace("against", "in", 1), change.other


def mark(change: Change, higher_is_better: bool | None) -> str:
    """The class that a change is shown in: whether it is for the better, where that is known."""
    if change.up is None or higher_is_better is None:
        return ""
    return "good" if change.up is higher_is_better else "bad"


def _gate(one: Verdict, book: Book) -> Line:
    words = (metric_words.bounds(one.gate, book.against), *one.notes)
    page = places.HISTORY if book.builds else ""
    value = (metric_words.shown(one.value),) if one.value is not None else ()
    state = ", ".join((*value, metric_words.verdict(one)))
    name = f"{plain(one.gate.name)} in {plain(one.gate.file)}"
    good = "good" if one.judged else "warned"
    return Line(name, page, state, good if one.holds else "bad", tuple(map(plain, words)))


def _stage(one: Stage, compared: Collection[str]) -> Line:
    page = places.notebook(one.name) if one.node.notebook else ""
    mark = "bad" if one.state is State.FAILED else "quiet"
    words = changed(one.row) if one.row is not None else ()
    more = places.compare(one.name) if one.name in compared else ""
    return Line(one.name, page, one.word, mark, (plain(one.title), *words), more)


def changed(row: Row) -> tuple[str, ...]:
    """What changed since the build before, and whether that one failed."""
    words = tuple(log_words.changed(row))
    outcome = str((row.before or {}).get("outcome", "done"))
    if outcome == "done":
        return words
    how = "" if outcome == "failed" else f": {plain(outcome, 60)}"
    return (*words, f"the attempt before failed{how}")


def _file(one: File) -> Mapping[str, Any]:
    return {
        "path": plain(one.path),
        "page": places.data(one.path),
        "rows": one.rows,
        "size": size(one.hashed.size) if one.hashed and one.hashed.size is not None else "",
        "md5": short(one.hashed.md5) if one.hashed else "",
        "maker": plain(one.maker) if one.maker else "",
        "maker_page": places.notebook(one.maker) if one.maker else "",
    }
