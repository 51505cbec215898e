"""An executed notebook as DVC carries it: without what differs from one execution to the next."""

import json
from typing import Any

import pytest
from articles import PIXEL, code, data, markdown, printed, text
from spooled import recorded

from stagebook.history.project_status import StageState, StageStatus
from stagebook.pipeline.nodes import Node
from stagebook.report.site import provenance
from stagebook.report.site.carrying import normalised


def outputs(*given: dict[str, Any]) -> list[dict[str, Any]]:
    found = normalised(text(code("f()", *given)))
    assert found
    cells: list[dict[str, Any]] = json.loads(found)["cells"]
    return cells[0]["outputs"]  # type: ignore[no-any-return]


def executed(number: int) -> str:
    """One execution of a notebook; each has another number."""
    box = f"/home/a/.stagebook/executions/{number}-train/box"
    whole = json.loads(
        text(
            {**markdown("# Title"), "id": f"id{number}"},
            code(
                "f()",
                *([printed("one\n"), printed("two\n")] if number % 2 else [printed("one\ntwo\n")]),
                printed(f"2026-01-0{number} INFO", "stderr"),
                data("text/plain", f"<A at 0x7f00aa00bb0{number}> in {box}/data/x.csv"),
                data("image/png", PIXEL),
            ),
            markdown(f"Colophon {number}", "colophon"),
        )
    )
    whole["metadata"] = {"papermill": {"start_time": number}, "title": "Title"}
    whole["cells"][1]["metadata"]["papermill"] = {"duration": number}
    whole["cells"][1]["metadata"]["stagebook_memory"] = number
    return json.dumps(whole)


def test_two_executions_of_the_same_are_the_same() -> None:
    assert normalised(executed(1)) == normalised(executed(2))


def test_what_a_reader_came_for_stays() -> None:
    found = normalised(executed(1)) or ""
    assert PIXEL in found
    assert "# Title" in found
    assert json.loads(found)["metadata"] == {"title": "Title"}


def test_a_display_stands_between_what_was_printed_before_and_after() -> None:
    kinds = [
        one["output_type"] for one in outputs(printed("a"), data("text/plain", "b"), printed("c"))
    ]
    assert kinds == ["stream", "display_data", "stream"]


@pytest.mark.parametrize("broken", ["", "[]", '{"cells": [1]}', '{"cells": 3}', "[" * 100_000])
def test_what_is_not_a_notebook_is_not_carried(broken: str) -> None:
    assert normalised(broken) is None


def test_a_value_that_dvc_brought_names_no_commit_and_no_time() -> None:
    node = Node("train", (), ("m.json",), ("m.json",))
    brought = recorded("", "train", environment={})
    assert provenance.origin(StageStatus(node, StageState.UNCHANGED, brought)) == "built elsewhere"
