"""All pages of the site of one project."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from stagebook.errors import Problem, StagebookError, did_you_mean
from stagebook.project import Project
from stagebook.record.spool import Spool
from stagebook.report import lineage_words, log_words
from stagebook.report.article import article
from stagebook.report.article.article import Article, Fact
from stagebook.report.figures import plain
from stagebook.report.frame import Frame
from stagebook.report.site import (
    changed,
    data_page,
    front,
    history_page,
    notebooks,
    parts,
    places,
    problems,
    provenance,
)
from stagebook.report.site.book import Book, File, Stage, State
from stagebook.report.site.parts import Frames, Part

Page = tuple[str, str]
"""Where a page lies in the site, and its text."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site to be.

    Attributes:
        project: The project.
        book: What it tells.
        frame: The frame of its front page.
        models: Paths of the packaged models.
    """

    project: Project
    book: Book
    frame: Frame
    models: tuple[str, ...]

    @classmethod
    def of(cls, project: Project, book: Book) -> "Site":
        """The site of a project."""
        models = tuple(one.path for one in book.files if one.package)
        pages = [("Overview", places.FRONT)]
        pages += [(plain(Path(path).name, 40), places.model(path)) for path in models]
        pages += [("History", places.HISTORY)] if book.builds else []
        report = project.settings.report
        frame = Frame(
            plain(book.project),
            places.FRONT,
            tuple(pages),
            f"Stagebook {metadata.version('stagebook')}, {provenance.footer(book)}",
            interactive=report is not None and report.interactive,
        )
        return cls(project, book, frame, models)

    def pages(self) -> Iterator[Page]:
        """Every page; the front page comes last, when the others are known."""
        with parts.started(self.project, self.book, self._slow()) as making:
            compared = dict(changed.pages(self.project, self.book, self.frame))
            yield from ((places.compare(stage), text) for stage, text in compared.items())
            yield from (self._notebook(one, compared) for one in self.book.notebooks)
            yield from (self._file(one) for one in self.book.files)
            if self.book.builds:
                frame = self._at(places.HISTORY)
                yield places.HISTORY, history_page.render(self.book, frame)
            yield from self._judged(*making.done(), compared)

    def _slow(self) -> Frames:
        return Frames(
            tuple((path, self._at(places.model(path))) for path in self.models),
            tuple(
                (pair, self._at(places.drift(pair[0])))
                for pair in self.project.settings.drift.items()
            ),
        )

    def _judged(
        self, models: tuple[Part, ...], drifts: tuple[Part, ...], compared: Collection[str] = ()
    ) -> Iterator[Page]:
        """The pages of models and drifts, and the front page, which tells of them."""
        yield from ((one.line.page, one.text) for one in (*models, *drifts))
        lines = [tuple(one.line for one in found) for found in (drifts, models)]
        yield places.FRONT, front.render(self.book, self.frame, lines[0], lines[1], compared)

    def alone(self, name: str) -> str:
        """The text of one page, without links to others, to be mailed.

        Args:
            name: A stage, a file, a packaged model or ``history``; empty for the front page.

        Raises:
            StagebookError: There is no such page.
        """
        known = {"history": places.HISTORY} if self.book.builds else {}
        known |= {one.path: places.data(one.path) for one in self.book.files}
        known |= {Path(path).name: places.model(path) for path in self.models}
        known |= {one.name: places.notebook(one.name) for one in self.book.notebooks}
        page = places.FRONT if not name else known.get(name)
        if page is None:
            message = f"The site has no page `{name}`."
            hint = did_you_mean(name, known, f"It has: {', '.join(known)}.")
            raise StagebookError(Problem("no-page", message, hint))
        site = replace(self, frame=replace(self.frame, alone=True))
        return next(text for place, text in site._those_of(page) if place == page)

    def _those_of(self, page: str) -> Iterator[Page]:
        """The pages that have to be made for one of them."""
        kind = page.partition("/")[0]
        if kind == "notebooks":
            yield from (self._notebook(one) for one in self.book.notebooks)
        elif kind == "data":
            yield from (self._file(one) for one in self.book.files)
        elif kind == places.HISTORY:
            yield kind, history_page.render(self.book, self._at(kind))
        else:
            with parts.started(self.project, self.book, self._slow()) as making:
                yield from self._judged(*making.done())

    def _at(self, page: str) -> Frame:
        return replace(self.frame, page=page)

    def _notebook(self, stage: Stage, compared: Collection[str] = ()) -> Page:
        found = notebooks.read(self.project, stage, interactive=self.frame.interactive)
        notes = tuple(_notes(stage, found.colophon, self.book.damaged))
        page = places.notebook(stage.name)
        facts = tuple(_facts(stage, stage.name in compared))
        told = replace(found, notes=(*notes, *_shortcomings(stage, found)))
        refused = tuple(problems.refused(stage)) if stage.state is State.FAILED else ()
        return page, article.render(told, self._at(page), facts, refused)

    def _file(self, file: File) -> Page:
        page = places.data(file.path)
        profile = data_page.read_profile(Spool(self.project.state), file)
        held = file.path in self.project.settings.drift
        drift = places.drift(file.path) if held else ""
        return page, data_page.render(file, self.book, self._at(page), profile, drift)


def _notes(stage: Stage, colophon: str, damaged: Collection[str]) -> Iterator[str]:
    """What a reader has to know who takes the page for what the build made.

    Args:
        stage: The stage.
        colophon: How its page ends, which names its record; empty if there is no whole page.
        damaged: Ids of the records that cannot be read.
    """
    lost = next((name for name in damaged if name in colophon), None)
    if not colophon or stage.state is State.NEVER:
        return
    if lost is not None:
        yield f"The record of this execution, {plain(lost)}, cannot be read: only its page is left."
    elif stage.state is State.UNKNOWN:
        yield (
            "Which execution made what stands of this stage is not known, since a record cannot "
            "be read. This is the page of the last execution here."
        )
    elif stage.record is None and stage.state is State.MISSING:
        yield "This is the page of the last execution here; its outputs are not there any more."
    elif stage.record is None:
        yield (
            "What stands of this stage was executed elsewhere and came from DVC's cache. "
            "This is the page of the last execution here."
        )
    elif str(stage.record["volatile"]["id"]) not in colophon:
        yield "This is the page of another execution than the one whose outputs stand."


def _shortcomings(stage: Stage, found: Article) -> Iterator[str]:
    """What is wrong with an article; of a stage that has none, why, and how the stage ended."""
    unexecuted = "" if found.body else problems.unexecuted(stage)
    yield from [unexecuted] if unexecuted else found.notes
    trouble = problems.Trouble.of(stage)
    if trouble and not found.body and not unexecuted:
        cell = f" in cell {plain(trouble.cell)}" if trouble.cell else ""
        yield f"It {plain(stage.failed, 60)}{cell}: {plain(trouble.message, problems.LONGEST)}"


def _facts(stage: Stage, compared: bool) -> Iterator[Fact]:
    yield Fact("stage", plain(stage.name))
    yield Fact("state", stage.word)
    if stage.record is not None:
        volatile = stage.record["volatile"]
        when = lineage_words.moment(str(volatile.get("started") or ""))
        seconds = log_words.took(volatile.get("seconds"))
        yield Fact("executed", ", ".join(filter(None, (when, seconds))))
    if stage.row is not None:
        page = places.compare(stage.name) if compared else ""
        yield Fact("changed", "; ".join(front.changed(stage.row)), page)
