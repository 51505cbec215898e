"""The colophon shows values as they are, whatever Markdown would make of them."""

import dataclasses
from typing import Any

import mistune
import pytest

from stagebook.record.record import Record, Volatile
from stagebook.report import colophon

RECORD = Record(
    stage="train",
    notebook="notebooks/train.ipynb",
    title="Train",
    outcome="done",
    build=True,
    problems=(),
    source="0" * 64,
    code={"cells": [], "modules": {}},
    parameters=(),
    inputs=(),
    outputs=(),
    tables=(),
    metrics={},
    environment={"python": "3.11.7", "threads": 1, "distributions": {}},
    git=None,
    volatile=Volatile("id", "2013-01-01T05:00:00.000+00:00", 1.0),
)


def page(value: Any) -> str:
    entry = {"name": "p", "value": value, "origin": "params file", "default": None}
    record = dataclasses.replace(RECORD, parameters=(entry,))
    render = mistune.create_markdown(escape=False, plugins=["table"])
    return str(render(colophon.render(record)))


@pytest.mark.parametrize(
    "text", ["a|b", "*c*", "_e_", "<b>bold</b>", "`x`", "a\\b", "$x$", "plain"]
)
def test_a_value_is_shown_as_it_is(text: str) -> None:
    import html
    import re

    shown = re.findall(r"<code>(.*?)</code>", page(text))
    assert repr(text) in [html.unescape(one) for one in shown]


def test_a_value_cannot_bring_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "<script" not in page("<script>alert(1)</script>")


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (8_349, "8.3 kB"), (12_000_000, "12 MB")],
)
def test_sizes_are_written_for_people(count: int, words: str) -> None:
    assert colophon.size(count) == words


def test_a_run_with_overrides_says_that_it_is_not_the_builds() -> None:
    record = dataclasses.replace(RECORD, build=False)
    assert "not the build's result" in colophon.render(record)
    assert "not the build's result" not in colophon.render(RECORD)
