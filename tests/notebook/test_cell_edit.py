"""New lines are all that changes in a notebook's file."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import problem

from stagebook.notebook import cells
from stagebook.notebook.cell_edit import NewLine, insert

IPYNB, PERCENT = "notebooks/a.ipynb", "notebooks/a.py"


def notebook(source: str | list[str], **layout: Any) -> str:
    code = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "outputs": []}
    parameters = {**code, "execution_count": 4, "id": "b", "source": source}
    markdown = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# [source]\n"]}
    other = {"cell_type": "code", "id": "c", "metadata": {}, "outputs": [], "source": '"]}\\'}
    document = {
        "nbformat_minor": 5,
        "cells": [markdown, parameters, {**other, "execution_count": None}],
        "metadata": {"x": [1.50, "é"]},
        "nbformat": 4,
    }
    return json.dumps(document, **layout)


def added(before: str, after: str) -> str:
    """The one piece by which a text is longer than another."""
    start = next((at for at in range(len(before)) if before[at] != after[at]), len(before))
    rest = len(before) - start
    while rest and not after.endswith(before[len(before) - rest :]):
        start -= 1
        rest += 1
    assert before[:start] == after[:start]
    return after[start : len(after) - rest]


LAYOUTS: list[dict[str, Any]] = [
    {},
    {"indent": 1, "ensure_ascii": False},
    {"indent": "\t"},
    {"indent": 4, "sort_keys": True},
    {"separators": (",", ":")},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n \t"])
def test_a_line_is_a_new_element_in_the_layout_of_the_others(
    layout: dict[str, Any], end: str, start: str
) -> None:
    lines = ["one = 1\n", "two = 2\n", "three = 3"]
    text = start + notebook(lines, **layout).replace("\n", end) + end
    for after, expected in enumerate(
        (
            ["x = 9\n", *lines],
            [lines[0], "x = 9\n", *lines[1:]],
            [*lines[:2], "x = 9\n", lines[2]],
            [*lines[:2], "three = 3\n", "x = 9"],
        )
    ):
        changed = insert(text, IPYNB, 2, [NewLine(after, "x = 9")])
        if start != "\ufeff":
            assert json.loads(changed)["cells"][1]["source"] == expected
        whole = start + notebook(expected, **layout).replace("\n", end) + end
        assert changed == whole


SOURCES = st.text(st.sampled_from('ab= "\\#\n\té😀\u2028'), max_size=12)


@given(SOURCES, st.integers(0, 5), st.sampled_from(LAYOUTS), st.booleans())
def test_whatever_the_cell_holds_only_the_line_is_new(
    source: str, after: int, layout: dict[str, Any], as_list: bool
) -> None:
    lines = [line + "\n" for line in source.split("\n")]
    lines[-1] = lines[-1][:-1]
    text = notebook([line for line in lines if line] if as_list else source, **layout)
    count = len([line for line in lines if line])
    changed = insert(text, IPYNB, 2, [NewLine(min(after, count), "ü: In = 'x'")])
    assert json.dumps("ü: In = 'x'", ensure_ascii=False)[1:-1] in added(text, changed)
    before, now = (cells.parse(each, IPYNB).cells for each in (text, changed))
    assert (before[0], before[2]) == (now[0], now[2])
    assert sorted(filter(None, now[1].text.split("\n"))) == sorted(
        filter(None, [*source.split("\n"), "ü: In = 'x'"])
    )


@given(st.lists(SOURCES, min_size=1, max_size=4), st.integers(0, 5))
def test_a_list_may_hold_any_pieces_of_the_source(pieces: list[str], after: int) -> None:
    text, source = notebook(pieces), "".join(pieces)
    changed = insert(text, IPYNB, 2, [NewLine(min(after, source.count("\n")), "x = 9")])
    assert "x = 9" in cells.parse(changed, IPYNB).cells[1].text.split("\n")
    assert len(changed) - len(text) <= len('\\n", "x = 9')


CELL = '# %% a title\nx = 1\n\n# %% tags=["parameters"]\none = 1\n\ntwo = 2\n'


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("start", ["", "\ufeff", "# ---\n# jupyter:\n#   x: 1\n# ---\n\n"])
@pytest.mark.parametrize("rest", ["", "\n# %%\none = 1\n", "\n\n\n# %% [markdown]\n# two = 2"])
@pytest.mark.parametrize("after", range(4))
def test_a_line_of_a_py_notebook_is_a_line_of_the_file(
    end: str, start: str, rest: str, after: int
) -> None:
    text = (start + CELL + rest).replace("\n", end)
    changed = insert(text, PERCENT, 2, [NewLine(after, "x = 9")])
    lines = ["one = 1", "", "two = 2"]
    lines.insert(after, "x = 9")
    expected = start + CELL.replace("one = 1\n\ntwo = 2", "\n".join(lines)) + rest
    assert changed == expected.replace("\n", end)


def test_a_file_without_a_last_line_end_stays_without() -> None:
    text = CELL.rstrip("\n")
    assert insert(text, PERCENT, 2, [NewLine(3, "x = 9")]) == f"{text}\nx = 9"


def test_lines_at_several_places_keep_their_order() -> None:
    lines = [NewLine(3, "c"), NewLine(0, "a = 0"), NewLine(3, "d"), NewLine(0, "b = 0")]
    changed = insert(CELL, PERCENT, 2, lines)
    assert changed.endswith("a = 0\nb = 0\none = 1\n\ntwo = 2\nc\nd\n")


def test_a_cell_that_is_empty_gets_its_first_line() -> None:
    for source in ([], "", [""]):
        changed = insert(notebook(source), IPYNB, 2, [NewLine(0, "x"), NewLine(0, "y")])
        assert cells.parse(changed, IPYNB).cells[1].text == "x\ny"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (json.dumps({"nbformat": 3, "worksheets": [{"cells": [
            {"cell_type": "code", "input": "x", "language": "python", "outputs": [],
             "metadata": {"tags": ["parameters"]}}]}], "metadata": {}}), IPYNB),
        ('# %% tags=["parameters"]\n# !ls\n# x\n', PERCENT),
    ],
    ids=["nbformat 3", "a commented magic"],
)  # fmt: skip
def test_a_cell_that_is_not_in_the_file_as_lines_is_refused(text: str, path: str) -> None:
    refused = problem(insert, text, path, 1, [NewLine(1, "y = 1")])
    assert (refused.code, refused.hint) == ("cannot-fix", "Add to the cell: y = 1")
