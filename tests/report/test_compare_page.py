"""The page of a comparison and that of a sweep: what is beside what, marked, folded, inert."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import articles
import pytest
import spooled
from articles import PIXEL, code, data, markdown, printed
from elements import Elements
from hypothesis import given
from hypothesis import strategies as some
from spooled import put, record, recorded

from stagebook.history.comparison import Comparison
from stagebook.history.sides import execution
from stagebook.project.project import Project
from stagebook.record.kept import KeptNotebooks
from stagebook.record.record import Record
from stagebook.report.article import executed
from stagebook.report.comparison import alignment, line_diff, marked_tables
from stagebook.workflow import comparing, reporting

EVIL = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
BEFORE, NOW = (f"2026010{day}T100000000000-make-{day}{day}{day}{day}aaaa" for day in (1, 2))
STAGES = {"make": ([], ["a.txt"])}
Cells = tuple[Mapping[str, Any], ...]


def frame(*values: Any) -> dict[str, Any]:
    """A data frame of one column, as pandas writes it."""
    rows = "".join(f"<tr><th>{n}</th><td>{value}</td></tr>" for n, value in enumerate(values))
    table = f'<table border="1" class="dataframe"><thead><tr><th></th><th>x</th></tr></thead>{rows}'
    return data("text/html", f"<div>{table}</table></div>", besides={"text/plain": "x"})


def figure(text: str) -> dict[str, Any]:
    return data(
        "image/svg+xml", f"<svg xmlns='http://www.w3.org/2000/svg'><text>{text}</text></svg>"
    )


def project(root: Path, **notebooks: str | None) -> Project:
    spooled.project(root, STAGES)
    found = Project.find(root)
    for name, text in notebooks.items():
        if text is not None:
            file = root / "executed.ipynb"
            file.write_text(text)
            KeptNotebooks(found.state).put(
                "make", {"before": BEFORE, "now": NOW}.get(name, name), file
            )
    return found


def page(
    root: Path,
    before: Cells | str | None,
    now: Cells | str | None,
    records: tuple[Record, Record] | None = None,
) -> str:
    texts = [articles.text(*one) if isinstance(one, tuple) else one for one in (before, now)]
    here = project(root, before=texts[0], now=texts[1])
    sides = [execution(one) for one in records or (recorded(BEFORE), recorded(NOW))]
    return comparing.comparison_page(here, Comparison.of(*sides))


def pairs(before: Cells, now: Cells) -> list[tuple[int | None, int | None]]:
    found = alignment.align(*(executed.parse(articles.text(*one)) for one in (before, now)))
    return [(x.before and x.before.position, x.now and x.now.position) for x in found]


def test_cells_are_paired_by_what_their_code_does() -> None:
    before = (code("a = 1"), code("b = 2\nprint(b)"), code("c = 3"))
    now = (code("import os"), code("a = 1  # a comment"), code("b = 2\nprint(b + 1)"), code("c=3"))
    assert pairs(before, now) == [(None, 1), (1, 2), (2, 3), (3, 4)]


def test_cells_that_have_nothing_in_common_are_gone_and_new() -> None:
    assert pairs((code("x = load()"),), (code("def f(): ..."),)) == [(1, None), (None, 1)]


def test_injected_values_are_paired_though_all_of_them_are_others() -> None:
    before = code("p = 1", tags=("injected-parameters",))
    now = code("quantity_of_trees = 'many'", tags=("injected-parameters",))
    assert pairs((before,), (now,)) == [(0, 0)]


CELLS = some.lists(some.sampled_from(["a = 1", "b = a + 1", "b = a + 2", "print(b)", "%ls"]))


@given(CELLS, CELLS)
def test_each_cell_is_in_one_pair_and_in_order(before: list[str], now: list[str]) -> None:
    found = pairs(tuple(map(code, before)), tuple(map(code, now)))
    for side, cells in enumerate((before, now)):
        assert [one[side] for one in found if one[side]] == list(range(1, len(cells) + 1))


def test_unchanged_cells_are_folded_into_one_line(tmp_path: Path) -> None:
    same = (markdown("# Title"), code("a = 1"), code("print(a)", printed("1")))
    found = page(tmp_path, (*same, code("x", printed("1"))), (*same, code("x", printed("2"))))
    assert "<summary>3 cells unchanged</summary>" in found
    assert found.count('<div class="pair ') == 1


def test_changed_values_of_a_table_are_marked(tmp_path: Path) -> None:
    found = page(tmp_path, (code("t", frame(1, 2, 3)),), (code("t", frame(1, 5, 3)),))
    assert "<del>2</del> <ins>5</ins>" in found
    assert "1 of 8 values differ" in found
    assert found.count("<ins>") == 1


def test_tables_of_another_shape_stand_beside_each_other(tmp_path: Path) -> None:
    found = page(tmp_path, (code("t", frame(1, 2)),), (code("t", frame(1, 2, 3)),))
    assert '<div class="beside">' in found
    assert "<ins>" not in found


VALUES = some.lists(
    some.text(some.characters(codec="utf-8", exclude_characters="<>&\x00"), max_size=4)
)


@given(VALUES, VALUES)
def test_marks_are_where_texts_differ_and_nothing_is_lost(old: list[str], new: list[str]) -> None:
    before, now = (
        f"<table>{''.join(f'<tr><td>{one}</td></tr>' for one in side)}</table>"
        for side in (old, new)
    )
    found = marked_tables.mark(before, now)
    if len(old) != len(new) or not new:
        assert found is None
    else:
        assert found is not None
        assert found.changed == sum(a.strip() != b.strip() for a, b in zip(old, new, strict=True))
        assert all(value.strip() in found.html for value in new)
        assert found.html.count("</td>") == len(new)


def test_figures_stand_beside_each_other_and_the_same_is_shown_once(tmp_path: Path) -> None:
    same = figure("same")
    before = (code("plot()", same, figure("old")),)
    found = page(tmp_path, before, (code("plot()", same, figure("new")),))
    assert "Figure unchanged" in found
    assert found.count("<img") == 3
    assert found.index('<div class="beside">') > found.index("Figure unchanged")


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml"])
def test_a_figure_of_the_same_bytes_is_shown_once_whatever_is_said_of_it(
    tmp_path: Path, kind: str
) -> None:
    content = PIXEL if kind == "image/png" else figure("same")["data"][kind]
    before, now = (
        data(kind, content, alt=f"Accuracy of {rate}", besides={"text/plain": f"<Plot {rate}>"})
        for rate in (0.1, 0.3)
    )
    other = printed("1"), printed("2")
    found = page(tmp_path, (code("p()", before, other[0]),), (code("p()", now, other[1]),))
    assert "Figure unchanged" in found
    assert found.count("<img") == 1


def warned(execution: str, process: int, words: str) -> dict[str, Any]:
    folder = f"/home/me/late/.stagebook/executions/{execution}/kernel/tmp"
    path = f"{folder}/ipykernel_{process}/2193198832.py"
    return printed(f"{path}:2: UserWarning: {words}\n", "stderr")


def test_a_path_of_an_execution_s_own_sandbox_is_no_difference(tmp_path: Path) -> None:
    before, now = warned(BEFORE, 1285, "careful"), warned(NOW, 4163, "careful")
    other = warned(NOW, 4163, "danger")
    assert "1 cell unchanged" in page(tmp_path, (code("f()", before),), (code("f()", now),))
    found = page(tmp_path, (code("f()", before),), (code("f()", other),))
    assert "<del>− …/kernel/tmp/ipykernel/cell.py:2: UserWarning: careful</del>" in found
    assert "<ins>+ …/kernel/tmp/ipykernel/cell.py:2: UserWarning: danger</ins>" in found


def test_a_cell_whose_outputs_are_all_shown_as_unchanged_is_unchanged(tmp_path: Path) -> None:
    before, now = (data("text/html", "<b>x</b>", besides={"text/plain": one}) for one in "12")
    cells = [(code("a = 1"), code("show()", one, printed("y"))) for one in (before, now)]
    found = page(tmp_path, *cells)
    assert "<summary>2 cells unchanged</summary>" in found
    assert "output differs" not in found
    changed = [(code(f"show({n})", one)) for n, one in enumerate((before, now))]
    assert "code changed" in page(tmp_path, (changed[0],), (changed[1],))


def test_what_is_printed_is_held_line_by_line(tmp_path: Path) -> None:
    lines = [f"line {n}" for n in range(40)]
    now = [*lines[:20], "another", *lines[21:]]
    before = code("show()", printed("\n".join(lines)))
    found = page(tmp_path, (before,), (code("show()", printed("\n".join(now))),))
    assert "<del>− line 20</del><ins>+ another</ins>" in found
    assert "… 18 lines unchanged" in found


LINES = some.lists(
    some.text(some.characters(codec="utf-8", categories=["L"]), max_size=3), max_size=9
)


@given(LINES, LINES)
def test_a_diff_has_every_line_that_differs(before: list[str], now: list[str]) -> None:
    found = line_diff.diff("\n".join(before), "\n".join(now))
    assert found.count("<del>") == found.count("</del>")
    for line in set(before) - set(now) - {""}:
        assert f"− {line}" in found
    for line in set(now) - set(before) - {""}:
        assert f"+ {line}" in found


def test_hidden_cells_and_inputs_stay_hidden(tmp_path: Path) -> None:
    before = (
        code("secret_1()", tags=("hide",)),
        code("own_1()", printed("1"), tags=("remove_input",)),
    )
    now = (
        code("secret_2()", tags=("hide",)),
        code("own_2()", printed("2"), tags=("remove_input",)),
    )
    found = page(tmp_path, before, now)
    assert "secret" not in found
    assert '<details class="code">' not in found


@pytest.mark.parametrize("gone", ["before", "now"])
def test_without_a_notebook_the_rest_is_compared_and_the_page_says_so(
    tmp_path: Path, gone: str
) -> None:
    cells = {"before": (code("a"),), "now": (code("b"),), gone: None}
    records = (recorded(BEFORE, metrics={"auc": 0.5}), recorded(NOW, metrics={"auc": 0.75}))
    found = page(tmp_path, cells["before"], cells["now"], records)
    assert "▲ +0.25" in found
    [note] = Elements(found).texts("section ul.notes li")
    assert {"before": BEFORE, "now": NOW}[gone].rpartition("-")[2] in note
    assert Elements(found).texts("section h3") == Elements(found).texts(".pair") == []


def test_a_stage_that_one_side_has_alone_is_named(tmp_path: Path) -> None:
    here = project(tmp_path)
    for name, repro in ((BEFORE, "one"), (NOW, "two")):
        put(here.state, record(name, repro=repro))
    put(here.state, record(NOW.replace("make", "more"), "more", repro="two"))
    found = comparing.comparison_page(here, comparing.compare(here, "last", None, None))
    compared = comparing.compare(here, "last", None, None)
    assert {stage.stage: bool(stage.before) for stage in compared.stages}["more"] is False
    assert "<dd>missing " in found
    assert Elements(found).texts(".notes li") == []


@pytest.mark.parametrize("text", ["", "no JSON", '{"cells": [{"cell', "[]", '{"cells": [1, null]}'])
def test_a_broken_notebook_is_told(tmp_path: Path, text: str) -> None:
    assert '<ul class="notes">' in page(tmp_path, (code("a"),), text)


def test_a_failed_execution_stands_beside_one_that_was_done(tmp_path: Path) -> None:
    error = articles.raised("ValueError", "wrong", "Traceback", "ValueError: wrong")
    records = (recorded(BEFORE), recorded(NOW, outcome="failed"))
    found = page(tmp_path, (code("f()", printed("1")),), (code("f()", error),), records)
    assert '<th scope="row">ended</th><td>done</td><td>failed</td>' in found
    assert Elements(found).texts(".side .error strong") == ["ValueError: wrong"]


def test_huge_outputs_are_cut(tmp_path: Path) -> None:
    long = ["\n".join(f"{side} {n}" for n in range(60_000)) for side in ("old", "new")]
    wide = [frame(*[f"{side}{n}" for n in range(30_000)]) for side in ("old", "new")]
    sides = ((code("p", printed(long[n]), wide[n]),) for n in (0, 1))
    found = page(tmp_path, *sides)
    assert len(Elements(found).texts("span.skipped.rest")) == 1
    assert len(found) < 1_000_000


def swept(root: Path, count: int, *outputs: Mapping[str, Any]) -> Project:
    here = project(root)
    for n in range(count):
        name = f"202601{n + 1:02}T100000000000-make-{n:08}"
        value = {"name": "rate", "value": n / 10, "origin": "override", "default": None}
        put(here.state, record(name, build=False, parameters=[value], metrics={"auc": n / 100}))
        file = root / "executed.ipynb"
        file.write_text(articles.text(code("plot()", *outputs, figure(f"run {n}"))))
        KeptNotebooks(here.state).put("make", name, file)
    return here


def test_a_sweep_shows_one_figure_of_each_execution(tmp_path: Path) -> None:
    here = swept(tmp_path, 5, data("image/png", PIXEL))
    for number, pixels in ((1, 5), (2, 0)):
        found = comparing.sweep_page(here, comparing.sweep(here, "make", 20), number)
        assert found.count("<img") == 5
        assert found.count("data:image/png") == pixels
        assert found.count("rate <strong>") == 5
        assert found.index("rate <strong>0.4") < found.index("rate <strong>0.3")


def test_a_sweep_s_page_marks_what_is_of_other_code(tmp_path: Path) -> None:
    here = project(tmp_path)
    put(here.state, record(BEFORE, metrics={"auc": 1}, source="6" * 64))
    put(here.state, record(NOW, metrics={"auc": 2}))
    sweep = comparing.sweep(here, "make", 20)
    assert {row.name: row.other_code for row in sweep.rows} == {BEFORE: True, NOW: False}
    shown = Elements(comparing.sweep_page(here, sweep, 1))
    [note] = shown.texts("ul.notes li")
    assert note.startswith("* 1 of 2 ")
    assert shown.text.count("1111aaaa*") == 2
    assert "2222aaaa*" not in shown.text


def test_what_all_of_a_sweep_have_is_said_once_and_ids_are_short(tmp_path: Path) -> None:
    here = project(tmp_path)
    commit = {"commit": "a" * 40, "dirty": False, "branch": "main", "diff": None}
    for name, rate in ((BEFORE, 1), (NOW, 2)):
        given = [
            {"name": key, "value": value, "origin": "file", "default": None}
            for key, value in (("rate", rate), ("kind", "tree"), *((f"p{n}", n) for n in range(9)))
        ]
        metrics = {"auc": rate / 4, "rows": 84213}
        put(here.state, record(name, parameters=given, metrics=metrics, git=commit))
    sweep = comparing.sweep(here, "make", 20)
    assert sweep.order is not None
    assert (sweep.order.metric, sweep.order.highest_first) == ("auc", True)
    assert [row.name for row in sweep.rows] == [NOW, BEFORE]
    found = comparing.sweep_page(here, sweep, 1)
    assert " auc " in Elements(found).texts("main p.quiet")[0]
    for once in ("kind tree", "rows 84,213", "aaaaaaaaaa", "p8 8"):
        assert found.count(once) == 1
    assert "<summary>2 more</summary>" in found
    said = Elements(found).text
    assert BEFORE not in said
    assert NOW not in said
    assert found.count(f'title="{NOW}"') == 2


def test_a_sweep_of_two_commits_names_each(tmp_path: Path) -> None:
    here = project(tmp_path)
    for name, digit in ((BEFORE, "a"), (NOW, "b")):
        put(here.state, record(name, git={"commit": digit * 40, "dirty": True}))
    sweep = comparing.sweep(here, "make", 20)
    assert (sweep.order, [row.name for row in sweep.rows]) == (None, [NOW, BEFORE])
    found = Elements(comparing.sweep_page(here, sweep, 1))
    for card, digit in zip(found.texts("ol.gallery li"), "ba", strict=True):
        assert re.search(rf" {digit * 10}, changed$", card)
    assert found.texts("dl.shared") == []


def test_a_comparison_says_ids_in_short_with_the_whole_at_hand(tmp_path: Path) -> None:
    here = project(tmp_path)
    repros = ("20260101T095900000000-4711", "20260102T095900000000-4712")
    for name, repro in zip((BEFORE, NOW), repros, strict=True):
        put(here.state, record(name, repro=repro, metrics={"auc": len(name + repro)}))
    for words in (("last", None), (NOW, BEFORE), (NOW, "last~1")):
        found = comparing.comparison_page(here, comparing.compare(here, *words, "make"))
        said = Elements(found).text
        assert not [name for name in (BEFORE, NOW, *repros) if name in said]
        assert f'title="{NOW}"' in found
        assert any(" 1111aaaa " in note for note in Elements(found).texts(".notes li"))
    built = comparing.comparison_page(here, comparing.compare(here, "last", None, "make"))
    assert f'title="{repros[1]}">build 4712, 2026-01-02 09:59 UTC</dd>' in built


def test_a_stage_that_one_side_has_not_is_said_to_be_new(tmp_path: Path) -> None:
    here = project(tmp_path)
    put(here.state, record(BEFORE, "other", repro="one"))
    put(here.state, record(NOW, repro="two"))
    found = comparing.comparison_page(here, comparing.compare(here, "last", None, "make"))
    assert "<dd>missing</dd>" in found.replace(' <span class="quiet hash" title=""></span>', "")
    assert Elements(found).texts("p.same") == []


def test_a_stage_whose_executions_are_the_same_differs_in_nothing(tmp_path: Path) -> None:
    found = page(tmp_path, None, None)
    assert len(Elements(found).texts("p.same")) == 1


def test_an_execution_without_that_figure_says_so(tmp_path: Path) -> None:
    here = swept(tmp_path, 2)
    for path in sorted((here.state / "executed").rglob("*.gz"))[:1]:
        path.write_bytes(b"damaged")
    one = comparing.sweep_page(here, comparing.sweep(here, "make", 20), 1)
    assert "is damaged" in one
    assert one.count("<img") == 1
    third = comparing.sweep_page(here, comparing.sweep(here, "make", 20), 3)
    assert "It has 1 figure." in third


def test_a_sweep_of_planted_values_is_inert(tmp_path: Path) -> None:
    here = project(tmp_path)
    for name in (BEFORE, NOW):
        value = {"name": EVIL, "value": EVIL + name, "origin": "file", "default": None}
        put(here.state, record(name, parameters=[value], metrics={EVIL: EVIL}))
    found = comparing.sweep_page(here, comparing.sweep(here, "make", 20), 1)
    assert not Elements(found).named("script", "img")


def test_the_site_links_what_changed_to_both_sides(tmp_path: Path) -> None:
    texts = [articles.text(code("a = 1"), code("x", printed(side))) for side in ("old", "new")]
    here = project(tmp_path, before=texts[0], now=texts[1])
    value = [{"name": "n", "value": 1, "origin": "file", "default": None}]
    put(here.state, record(BEFORE, repro="one", outputs={"a.txt": spooled.md5("a.txt")}))
    put(here.state, record(NOW, repro="two", parameters=value, outputs={"a.txt": "2"}))
    pages = dict(reporting.site(here, None).pages())
    assert 'href="compare/make.html">n none → 1</a>' in pages["index.html"]
    assert 'href="../compare/make.html">n none → 1</a>' in pages["notebooks/make.html"]
    compared = pages["compare/make.html"]
    assert "../notebooks/make.html" in Elements(compared).values("href")
    assert "<del>− old</del><ins>+ new</ins>" in compared
    assert '<p class="said">a = 1</p>' in compared


def test_the_site_has_no_such_page_without_both_notebooks(tmp_path: Path) -> None:
    here = project(tmp_path, now=articles.text(code("x")))
    put(here.state, record(BEFORE, repro="one", metrics={"auc": 1}))
    put(here.state, record(NOW, repro="two", metrics={"auc": 2}))
    pages = dict(reporting.site(here, None).pages())
    assert "compare/make.html" not in pages
    assert "compare/" not in pages["index.html"]


def test_a_comparison_is_the_same_as_json(tmp_path: Path) -> None:
    found = Comparison.of(execution(recorded(BEFORE)), execution(recorded(NOW, metrics={"auc": 1})))
    [stage] = json.loads(json.dumps(found.as_json()))["stages"]
    assert stage["metrics"] == {"auc": {"before": None, "now": 1}}


def test_the_page_begins_with_the_headline_metrics(tmp_path: Path) -> None:
    here = project(tmp_path, before=articles.text(code("1")), now=articles.text(code("1")))
    settings = replace(here.settings, headline=("metrics/a.json:auc", "metrics/b.json:auc"))
    outputs = {"metrics/a.json": "0" * 32}
    sides = [
        execution(recorded(name, outputs=outputs, metrics={"auc": value, "loss": 1 - value}))
        for name, value in ((BEFORE, 0.5), (NOW, 0.75))
    ]
    found = comparing.comparison_page(replace(here, settings=settings), Comparison.of(*sides))
    assert found.count('<div class="tile">') == 1
    assert found.index('<p class="value">0.75</p>') < found.index('aria-label="What differs"')
    assert '▲ +0.25 <span class="quiet">was 0.5</span>' in found
