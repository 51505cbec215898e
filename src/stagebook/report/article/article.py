"""The page of an executed notebook: an article for somebody who reads no code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stagebook.report import colophon, frame, self_contained
from stagebook.report.article import cells, executed, failures
from stagebook.report.article.contents import Heading
from stagebook.report.article.facts import Fact
from stagebook.report.article.highlights import Highlights
from stagebook.report.article.outputs import OutputWriter
from stagebook.report.frame import Frame


@dataclass(frozen=True, slots=True)
class Article:
    """What a notebook's page says.

    Attributes:
        title: Its first heading, else the stage's name.
        body: Its cells as HTML that is safe in a page.
        contents: Its headings.
        notes: What could not be shown, in words.
        colophon: Markdown of the colophon; empty without one.
        highlights: What the notebook names as its result.
        subject: Which execution it is of, in a word for programs; empty where that is not known.
    """

    title: str
    body: str
    contents: tuple[Heading, ...] = ()
    notes: tuple[str, ...] = ()
    colophon: str = ""
    highlights: Highlights = field(default_factory=Highlights)
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list above a notebook.

    Attributes:
        head: What it is, in words with names in backticks.
        lines: Its entries, likewise.
    """

    head: str
    lines: tuple[str, ...]


def read(path: Path, name: str, *, interactive: bool = False) -> Article:
    """The article of a notebook's file; of one that is missing or broken, what is wrong with it.

    Args:
        path: Where the executed notebook is.
        name: The stage's name.
        interactive: Whether scripts in its outputs may run.
    """
    place = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > executed.LARGEST:
            return Article(name, "", notes=(f"{place} is too large to be shown here.",))
        content = path.read_bytes()
    except FileNotFoundError:
        return Article(name, "", notes=(f"The executed notebook, {place}, does not exist.",))
    except OSError as error:
        note = f"The executed notebook, {place}, cannot be read: {error.strerror}."
        return Article(name, "", notes=(note,))
    text = content.decode("utf-8", "replace")
    return parse(text, name, interactive=interactive, place=place)


def parse(
    text: str, name: str, *, interactive: bool = False, place: str = "", outputs: str = ""
) -> Article:
    """The article of a notebook's text, whatever the text is.

    Args:
        text: What is in the file.
        name: The stage's name.
        interactive: Whether scripts in its outputs may run.
        place: Where the file is, for what has no room on the page.
        outputs: The folder of outputs that are too large for it, relative to the page; empty if
            the page is not next to it.
    """
    notebook = executed.parse(text)
    writer = OutputWriter(place or f"runs/{name}.ipynb", interactive, outputs=outputs)
    unsettled = cells.views(notebook, writer)
    views, headings = cells.settled(unsettled)
    failure = failures.find(notebook.cells)
    body = self_contained.part("site/cells.html", views=views, failure=failure) if views else ""
    return Article(
        executed.without_unseen(headings.title or name),
        executed.without_unseen(body),
        tuple(headings.headings),
        (*notebook.notes, *writer.notes),
        next((cell.text for cell in notebook.cells if colophon.TAG in cell.tags), ""),
        Highlights.of(unsettled),
    )


def render(
    article: Article,
    around: Frame,
    facts: Sequence[Fact] = (),
    listings: Sequence[Listing] = (),
) -> str:
    """The page of an article.

    Args:
        article: The article.
        around: The page's frame.
        facts: What to know before it is read.
        listings: The lists above it, such as of what was refused.
    """
    return frame.render(
        "site/article.html",
        around,
        article.title,
        foreign=True,
        style=self_contained.source("site/article.css"),
        article=article,
        facts=facts,
        listings=listings,
    )
