"""The page of an executed notebook: an article for somebody who reads no code."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.notebook.lean import lean_import
from stagebook.report import colophon, frame, self_contained
from stagebook.report.article import cells, executed, failures
from stagebook.report.article.contents import Heading
from stagebook.report.article.outputs import Writer
from stagebook.report.frame import Frame

_TEMPLATES = Path(__file__).parents[1] / "templates" / "nbconvert"


@dataclass(frozen=True, slots=True)
class Article:
    """What a notebook's page says.

    Attributes:
        title: Its first heading, else the stage's name.
        body: Its cells as HTML that is safe in a page.
        contents: Its headings.
        notes: What could not be shown, in words.
        colophon: Markdown of the colophon; empty if there is none.
    """

    title: str
    body: str
    contents: tuple[Heading, ...] = ()
    notes: tuple[str, ...] = ()
    colophon: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to know about a notebook before it is read.

    Attributes:
        name: What it is, such as ``commit``.
        text: Its value.
        page: A page of the site that says more.
    """

    name: str
    text: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Something that stands above a notebook as a list.

    Attributes:
        head: What it is, in words with names in backticks.
        lines: Its entries, in such words too.
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
        return Article(name, "", notes=(f"There is no executed notebook, {place}.",))
    except OSError as error:
        told = f"The executed notebook, {place}, cannot be read: {error.strerror}."
        return Article(name, "", notes=(told,))
    text = content.decode("utf-8", "replace")
    return parse(text, name, interactive=interactive, place=place)


def parse(text: str, name: str, *, interactive: bool = False, place: str = "") -> Article:
    """The article of a notebook's text, whatever the text is.

    Args:
        text: What is in the file.
        name: The stage's name.
        interactive: Whether scripts in its outputs may run.
        place: Where the file is, for what has no room on the page.
    """
    found = executed.parse(text)
    writer = Writer(place or f"runs/{name}.ipynb", interactive)
    views, headings = cells.settled(cells.views(found, writer))
    body = _body(views, failures.find(found.cells)) if views else ""
    return Article(
        executed.without_unseen(headings.title or name),
        executed.without_unseen(body),
        tuple(headings.found),
        (*found.notes, *writer.notes),
        next((one.text for one in found.cells if colophon.TAG in one.tags), ""),
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
        listings: What stands above it, such as what was refused.
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


def _body(views: Sequence[cells.View], failure: failures.Failure | None) -> str:
    """The cells laid out by nbconvert, with a template of ours.

    Its ``HTMLExporter`` is not used: it would write all HTML anew with another parser after that
    has been sanitised, so that a browser might read it as something else.
    """
    nodes = lean_import("nbformat")
    lean_import("nbconvert")
    from nbconvert.exporters.templateexporter import TemplateExporter

    exporter: Any = TemplateExporter(  # type: ignore[no-untyped-call]
        template_name="stagebook",
        template_file="index.html.j2",
        extra_template_basedirs=[str(_TEMPLATES)],
        default_preprocessors=[],
        filters={"safe_html": lambda html: html},
    )
    node = nodes.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 4,
            "metadata": {},
            "cells": [{"cell_type": "markdown", "metadata": {}, "source": ""} for _ in views],
        }
    )
    for cell, view in zip(node.cells, views, strict=True):
        cell["view"] = view
    body, _ = exporter.from_notebook_node(node, resources={"failure": failure})
    return str(body)
