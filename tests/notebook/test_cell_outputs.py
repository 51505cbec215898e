"""The outputs of two executions of a notebook, by the rules of nbval."""

import json
from typing import Any

import pytest

from stagebook.notebook.cell_outputs import CellOutputDifference, compare


def notebook(*cells: tuple[list[dict[str, Any]], list[str]]) -> str:
    return json.dumps(
        {
            "cells": [
                {"cell_type": "code", "metadata": {"tags": tags}, "outputs": outputs}
                for outputs, tags in cells
            ]
        }
    )


def stream(text: str | list[str], name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def result(**data: Any) -> dict[str, Any]:
    named = {kind.replace("_", "/"): value for kind, value in data.items()}
    return {"output_type": "execute_result", "data": named, "execution_count": 3}


def test_a_stream_in_pieces_is_the_same_as_in_one() -> None:
    pieces = notebook(([stream("a\n"), stream(["b", "\n"])], []))
    assert compare(pieces, notebook(([stream("a\nb\n")], []))) == ()


def test_a_cell_that_differs_is_named_with_the_kinds_of_its_outputs() -> None:
    before = notebook(([], []), ([stream("1"), result(text_plain="1", text_html="<b>1</b>")], []))
    now = notebook(([], []), ([stream("1"), result(text_plain="2", text_html="<b>1</b>")], []))
    assert compare(before, now) == (CellOutputDifference(2, ("text/plain",), False),)


@pytest.mark.parametrize("tag", ["nbval-ignore-output", "nbval-skip"])
def test_a_cell_that_nbval_ignores_is_not_compared(tag: str) -> None:
    assert compare(notebook(([stream("1")], [])), notebook(([stream("2")], [tag]))) == ()


def test_a_cell_that_nbval_checks_is_marked() -> None:
    tags = ["nbval-check-output"]
    (difference,) = compare(notebook(([stream("1")], tags)), notebook(([stream("2")], tags)))
    assert difference.checked


def test_injected_parameters_and_the_colophon_do_not_shift_the_cells() -> None:
    before = notebook(([], ["injected-parameters"]), ([stream("1")], []), ([stream("end")], []))
    assert compare(before, notebook(([stream("1")], []))) == ()


def test_a_text_that_is_no_notebook_has_no_differences() -> None:
    assert compare("", notebook(([stream("1")], []))) == ()
