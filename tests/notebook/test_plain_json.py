"""What is read without nbformat reads the same with it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.notebook import cells, plain_json
from stagebook.project.errors import StagebookError

PATH = "notebooks/train.ipynb"
texts = st.text(max_size=20)
tags = st.lists(st.sampled_from(["parameters", "a", "skip-execution", "", "b,c"]), max_size=2)
odd = st.sampled_from([None, 3, [], {}, "x"])


@st.composite
def notebooks(draw: st.DrawFn) -> dict[str, Any]:
    """A notebook of which one part may be anything."""
    minor = draw(st.integers(0, 5))
    made: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["code", "markdown", "raw"]))
        source = draw(texts | st.lists(texts, max_size=3))
        cell = {"cell_type": kind, "metadata": {"tags": draw(tags)}, "source": source}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": draw(st.none() | st.integers(0, 9))}
        if minor == 5:
            cell["id"] = f"cell-{number}"
        made.append(cell)
    spec = {"kernelspec": {"name": "python3", "display_name": draw(texts)}}
    document: dict[str, Any] = {
        "nbformat": 4,
        "nbformat_minor": minor,
        "metadata": draw(st.sampled_from([{}, spec])),
        "cells": made,
    }
    place = draw(st.sampled_from([None, document, *made]))
    if place is not None:
        place[draw(st.sampled_from(sorted(place)))] = draw(odd)
    return document


def read(document: Any) -> Any:
    kernel = document["metadata"].get("kernelspec", {}).get("name")
    rows = [
        (cell["cell_type"], cell["source"], cell["metadata"].get("tags", []), cell.get("id"))
        for cell in document["cells"]
    ]
    return kernel, rows


@settings(max_examples=40)
@given(notebooks())
def test_a_plain_notebook_reads_as_nbformat_reads_it(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    plain = plain_json.read(text)
    if plain is not None:
        assert read(plain) == read(cells.parse_node(text, PATH))


@settings(max_examples=25)
@given(notebooks())
def test_what_nbformat_refuses_is_not_plain(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    try:
        cells.parse_node(text, PATH)
    except StagebookError:
        assert plain_json.read(text) is None


def test_a_notebook_is_kept_without_its_outputs() -> None:
    code = {
        "cell_type": "code",
        "id": "a",
        "metadata": {"collapsed": True},
        "source": ["a = 1\n", "a"],
        "execution_count": 3,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}],
    }
    prose = {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "# A", "attachments": {}}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [code, prose]}
    kept = json.loads(cells.parse(json.dumps(document), PATH).text)
    assert kept["cells"] == [
        {**code, "source": "a = 1\na", "execution_count": None, "outputs": []},
        prose,
    ]


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000])
def test_what_is_no_notebook_is_not_plain(text: str) -> None:
    assert plain_json.read(text) is None
