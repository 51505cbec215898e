"""Notebooks and their pages, for tests."""

import json
from collections.abc import Mapping
from typing import Any

from stagebook.report.article import article
from stagebook.report.article.article import Article
from stagebook.report.article.facts import Fact
from stagebook.report.frame import Frame

PIXEL = (  # a PNG of one pixel, in base64
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


def markdown(text: str, *tags: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {"tags": list(tags)}, "source": text, **more}


def code(
    text: str, *outputs: Mapping[str, Any], tags: tuple[str, ...] = (), count: int | None = 1
) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "source": text,
        "execution_count": count,
        "outputs": list(outputs),
    }


def data(kind: str, value: Any, **others: Any) -> dict[str, Any]:
    bundle = {kind: value, **others.pop("besides", {})}
    return {"output_type": "display_data", "data": bundle, "metadata": others}


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def raised(name: str, value: str, *traceback: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": list(traceback)}


def text(*cells: Mapping[str, Any]) -> str:
    """A notebook's text."""
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole)


def parsed(*cells: Mapping[str, Any], interactive: bool = False) -> Article:
    return article.parse(text(*cells), "train", interactive=interactive)


def page(shown: Article, *, interactive: bool = False) -> str:
    """A page in a site of two."""
    pages = (("Pipeline", "index.html"), ("Data", "data.html"))
    around = Frame("flights", "train.html", pages, "Made by a test.", interactive=interactive)
    return article.render(shown, around, [Fact("stage", "train")])
