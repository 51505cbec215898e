"""The graph of files and makings, and what differs between two executions: plain values."""

from typing import Any

from spooled import recorded

from stagebook.history.changes import Changes
from stagebook.history.lineage import makings
from stagebook.history.lineage.graph import Activity, Entity, Trace, TraceQuery, in_order
from stagebook.record.record import Record
from stagebook.report.lineage_page import render_page

A, B, C = (Entity(name, digit * 32) for name, digit in (("a", "a"), ("b", "b"), ("c<>", "c")))


def making(stage: str, reads: Entity, writes: Entity, **values: Any) -> Activity:
    files = {"inputs": {reads.path: reads.md5}, "outputs": {writes.path: writes.md5}}
    return makings.of_record(recorded(f"1-{stage}", stage, **files, **values), (), here=True)


def test_makings_stand_after_those_that_made_what_they_read() -> None:
    first, second = making("z", A, B), making("a", B, C)
    assert in_order([second, first], ()) == (first, second)


def test_contents_made_from_each_other_are_in_some_order() -> None:
    there, back = making("there", A, B), making("back", B, A)
    assert {one.id for one in in_order([there, back], ())} == {there.id, back.id}


def test_what_nothing_made_is_raw_on_the_way_up_and_nobody_asks_on_the_way_down() -> None:
    listed = (making("make", A, B), making("use", B, C))
    asked = TraceQuery("c", "path", (C,))
    assert Trace(asked, False, None, listed).raw == (A,)
    assert Trace(asked, True, None, listed).raw == ()


def test_a_page_shows_odd_names_as_text_and_is_the_same_each_time() -> None:
    trace = Trace(TraceQuery("<b>c</b>", "path", (C,)), False, None, (making("use", A, C),))
    page = render_page(trace)
    assert "<b>c" not in page
    assert "c&lt;&gt;" in page
    assert page == render_page(trace)


def test_changes_name_values_code_data_and_packages() -> None:
    def one(**values: Any) -> Record:
        return recorded("1-make", **values)

    def value(number: int) -> list[dict[str, Any]]:
        return [{"name": "p", "value": number, "origin": "default", "default": 0}]

    before = one(parameters=value(1), inputs={"a": "a" * 32}, metrics={"m": 1})
    now = one(
        parameters=value(2),
        inputs={"a": "b" * 32},
        metrics={"m": 3},
        code={"cells": ["d" * 64], "modules": {"src/lib/deep.py": "e" * 64}},
        environment={"python": "3.12.0", "distributions": {"numpy": "2.0"}},
    )
    changes = Changes.between(before, now, before)
    assert changes.parameters == {"p": (1, 2)}
    assert (changes.cells, changes.modules) == (1, ("lib.deep",))
    assert changes.data == ("a",)
    assert changes.packages == {"Python": ("3.11.7", "3.12.0"), "numpy": (None, "2.0")}
    assert changes.metrics == {"m": (1, 3)}
    same = Changes.between(None, now, None)
    assert [same.parameters, same.code, same.data, same.packages] == [{}, False, (), {}]
    assert same.metrics == {"m": (None, 3)}
