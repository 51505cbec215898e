"""All pages of the site of one project."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata

from stagebook.history.comparison import StageComparison
from stagebook.history.past_notebooks import PastNotebooks
from stagebook.history.project_status import DataFile, ProjectStatus, StageState, StageStatus
from stagebook.project.errors import Problem, StagebookError, did_you_mean
from stagebook.project.project import Project
from stagebook.project.text import plain
from stagebook.record.verified import VerifiedExecution
from stagebook.report import lineage_words
from stagebook.report.article import article, facts
from stagebook.report.article.article import Article
from stagebook.report.article.facts import Fact
from stagebook.report.comparison import compare_page, differences
from stagebook.report.frame import Frame
from stagebook.report.site import (
    data_page,
    front,
    history_page,
    monitor_part,
    names,
    notebooks,
    page_notes,
    parts,
    places,
    problems,
    provenance,
    sample,
)
from stagebook.report.site.front import Highlight
from stagebook.report.site.monitor_part import Monitor
from stagebook.report.site.parts import Frames, MadeParts

Page = tuple[str, str]
"""Where a page lies in the site, and its text."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site, before its pages are made.

    Attributes:
        project: The project.
        book: What it shows.
        frame: The frame of its front page.
        models: Paths of the packaged models.
        monitor: Gives the status of the deployed model that the settings name; None if they name
            none.
    """

    project: Project
    book: ProjectStatus
    frame: Frame
    models: tuple[str, ...]
    monitor: Monitor | None = None

    @classmethod
    def of(cls, project: Project, status: ProjectStatus, monitor: Monitor | None = None) -> "Site":
        """The site of a project."""
        models = tuple(file.path for file in status.files if file.package)
        pages = [("Overview", places.FRONT)]
        short = names.apart(models)
        pages += [(plain(short[path], 40), places.model(path)) for path in models]
        pages += [("Monitoring", places.MONITORING)] if monitor else []
        pages += [("Features", places.FEATURES)] if project.settings.features else []
        pages += [("History", places.HISTORY)] if status.builds else []
        report = project.settings.report
        frame = Frame(
            plain(status.project),
            places.FRONT,
            tuple(pages),
            f"Stagebook {metadata.version('stagebook')}, {provenance.footer(status)}",
            interactive=report is not None and report.interactive,
        )
        return cls(project, status, frame, models, monitor)

    def pages(self) -> Iterator[Page]:
        """Every page; the front page comes last, when the others are known."""
        with parts.started(self.project, self.book, self._slow()) as making:
            compared = dict(_compared(self.project, self.book, self.frame))
            yield from ((places.compare(stage), text) for stage, text in compared.items())
            highlights: list[Highlight] = []
            for stage in self.book.notebooks:
                content = self._read(stage)
                highlights.append(_highlight(stage, content))
                yield self._notebook(stage, content, compared)
            yield from (self._file(file) for file in self.book.files)
            yield from self._features()
            if self.book.builds:
                frame = self._at(places.HISTORY)
                yield places.HISTORY, history_page.render(self.book, frame)
            yield from self._judged(making.results(), highlights, compared)

    def _features(self) -> Iterator[Page]:
        """The page of the features, if the project says which modules define them."""
        if self.project.settings.features:
            from stagebook.report.site import features_page

            frame = self._at(places.FEATURES)
            yield places.FEATURES, features_page.render(self.project, self.book, frame)

    def _slow(self) -> Frames:
        return Frames(
            tuple((path, self._at(places.model(path))) for path in self.models),
            tuple(
                (pair, self._at(places.drift(pair[0])))
                for pair in self.project.settings.drift.items()
            ),
            ((self.monitor, self._at(places.MONITORING)),) if self.monitor else (),
        )

    def _judged(
        self,
        made: MadeParts,
        highlights: Sequence[Highlight],
        compared: Collection[str] = (),
    ) -> Iterator[Page]:
        """The pages of models, drifts and monitoring, and the front page, which lists them."""
        yield from ((part.line.page, part.text) for part in made.all)
        yield places.FRONT, front.render(self.book, self.frame, made, compared, highlights)

    def alone(self, name: str) -> str:
        """The text of one page, without links to others, to be mailed.

        Args:
            name: A stage, a file, a packaged model, ``monitoring``, ``features`` or ``history``;
                empty for the front page.

        Raises:
            StagebookError: The site does not have the page.
        """
        pages_by_name = {"history": places.HISTORY} if self.book.builds else {}
        if self.monitor:
            pages_by_name["monitoring"] = places.MONITORING
        if self.project.settings.features:
            pages_by_name["features"] = places.FEATURES
        pages_by_name |= {file.path: places.data(file.path) for file in self.book.files}
        pages_by_name |= {
            short: places.model(path) for path, short in names.apart(self.models).items()
        }
        pages_by_name |= {stage.name: places.notebook(stage.name) for stage in self.book.notebooks}
        page = places.FRONT if not name else pages_by_name.get(name)
        if page is None:
            message = f"The site has no page `{name}`."
            hint = did_you_mean(name, pages_by_name, f"It has: {', '.join(pages_by_name)}.")
            raise StagebookError(Problem("no-page", message, hint))
        site = replace(self, frame=replace(self.frame, alone=True))
        return next(text for place, text in site._those_of(page) if place == page)

    def _those_of(self, page: str) -> Iterator[Page]:
        """The pages that have to be made for one of them."""
        kind = page.partition("/")[0]
        if kind == "notebooks":
            yield from (self._notebook(stage, self._read(stage)) for stage in self.book.notebooks)
        elif kind == "data":
            yield from (self._file(file) for file in self.book.files)
        elif kind == places.FEATURES:
            yield from self._features()
        elif kind == places.MONITORING and self.monitor:
            part = monitor_part.render(self.project, self.book, self._at(kind), self.monitor)
            yield kind, part.text
        elif kind == places.HISTORY:
            yield kind, history_page.render(self.book, self._at(kind))
        else:
            with parts.started(self.project, self.book, self._slow()) as making:
                highlights = [_highlight(stage, self._read(stage)) for stage in self.book.notebooks]
                yield from self._judged(making.results(), highlights)

    def _at(self, page: str) -> Frame:
        return replace(self.frame, page=page)

    def _read(self, stage: StageStatus) -> Article:
        return notebooks.read(self.project, stage, interactive=self.frame.interactive)

    def _notebook(
        self, stage: StageStatus, content: Article, compared: Collection[str] = ()
    ) -> Page:
        notes = tuple(page_notes.notes(stage, content.colophon, self.book.damaged))
        page = places.notebook(stage.name)
        page_facts = (
            *_facts(stage, stage.name in compared),
            *_verification(self.project, stage),
            *_neighbours(stage, self.book),
        )
        subject = page_notes.subject(stage, content.colophon, self.book.damaged)
        notes = (*notes, *page_notes.shortcomings(stage, content))
        completed = replace(content, notes=notes, subject=subject)
        refused = (
            tuple(problems.refused(stage.broken_tables)) if stage.state is StageState.FAILED else ()
        )
        return page, article.render(completed, self._at(page), page_facts, refused)

    def _file(self, file: DataFile) -> Page:
        page = places.data(file.path)
        profile = data_page.read_profile(self.project, file)
        has_reference = file.path in self.project.settings.drift
        drift = places.drift(file.path) if has_reference else ""
        rows = self.project.settings.report.rows if self.project.settings.report else 0
        shown = sample.read(self.project.root, file.path, rows if file.table else 0)
        return page, data_page.render(file, self.book, self._at(page), profile, drift, shown)


def _compared(project: Project, status: ProjectStatus, frame: Frame) -> Iterator[tuple[str, str]]:
    """The pages of the stages that the last build executed and that changed.

    Args:
        project: The project.
        status: What is known of its last build.
        frame: The frame of any of its pages.

    Yields:
        The stage, and the text of its page; nothing for a stage whose notebooks are missing.
    """
    notebooks = PastNotebooks(project)
    for stage in status.notebooks:
        row = stage.row
        if row is None or row.before is None:
            continue
        comparison = StageComparison.between(stage.name, row.before, row.record)
        notebook = places.notebook(comparison.stage)
        shown = compare_page.section(comparison, notebooks, "stage-1", lean=True, notebook=notebook)
        if shown.rows and not comparison.same:
            at = replace(frame, page=places.compare(stage.name))
            title = f"{shown.stage}: what differs"
            lines = tuple(differences.headlines((comparison,), project.settings.headline))
            yield stage.name, compare_page.page(at, title, (shown,), None, (), lines)


def _highlight(stage: StageStatus, content: Article) -> Highlight:
    page = places.notebook(stage.name)
    return Highlight(plain(stage.name), plain(stage.title), page, content.highlights)


def _neighbours(stage: StageStatus, status: ProjectStatus) -> Iterator[Fact]:
    """The stages whose files a stage reads, and those that read its files."""
    before = (file.maker for file in status.files if stage.name in file.readers and file.maker)
    after = (name for file in status.files if file.maker == stage.name for name in file.readers)
    pages = {
        item.name: places.notebook(item.name) if item.node.notebook else ""
        for item in status.stages
    }
    for word, stage_names in (("builds on", before), ("read by", after)):
        links = tuple((plain(name), pages.get(name, "")) for name in dict.fromkeys(stage_names))
        if links:
            yield Fact(word, links=links)


def _verification(project: Project, stage: StageStatus) -> Iterator[Fact]:
    """What the last verification of the stage's execution found, if there was one."""
    name = stage.record.id if stage.record else ""
    found = VerifiedExecution.read(project.state, name) if name else None
    if found is not None:
        causes = f": {'; '.join(map(plain, found.causes))}" if found.causes else ""
        words = f"{found.verdict}{causes} ({lineage_words.moment(found.at)})"
        yield Fact("verified", words)


def _facts(stage: StageStatus, compared: bool) -> Iterator[Fact]:
    volatile = stage.record.volatile if stage.record else None
    yield from facts.of_execution(stage.name, stage.word, volatile)
    if stage.row is not None:
        page = places.compare(stage.name) if compared else ""
        yield Fact("changed", "; ".join(front.changed(stage.row)), page)
