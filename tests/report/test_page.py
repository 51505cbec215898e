"""The two files that an execution leaves for people, whatever its notebook has in it."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from articles import code, data, markdown, printed, text
from test_colophon_in_browser import RECORD

from stagebook.execution.outcome import Ending, Outcome
from stagebook.project.errors import Problem
from stagebook.record.record import RecordedTable
from stagebook.report.article import article
from stagebook.report.page import Pages, close, render_html

WIDGETS = {
    "application/vnd.jupyter.widget-state+json": {"ab": {"model_name": "HBoxModel", "state": {}}}
}
VIEW = "application/vnd.jupyter.widget-view+json"


def written(folder: Path, notebook: str) -> tuple[dict[str, Any], str]:
    """The notebook and the page of an execution."""
    (folder / "executed.ipynb").write_text(notebook, encoding="utf-8")
    pages = Pages.of(folder / "runs", "train", Ending(Outcome.DONE))
    notebook_path, html_path = pages.write(folder / "executed.ipynb", RECORD, project="flights")
    return json.loads(notebook_path.read_text("utf-8")), html_path.read_text("utf-8")


def test_the_page_is_the_article_of_the_notebook_beside_it(tmp_path: Path) -> None:
    notebook, html = written(tmp_path, text(markdown("# Title"), code("1", printed("shown"))))
    shown = article.parse(json.dumps(notebook), RECORD.stage)
    assert shown.body in html
    assert 'class="cell colophon"' in shown.body
    assert "<title>Title · flights</title>" in html


def test_an_executed_notebook_keeps_its_form_but_for_papermill_and_the_colophon(
    tmp_path: Path,
) -> None:
    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Title\n\n😀", id="a")],
        metadata={"papermill": {"duration": 1.0}, "kernelspec": {"name": "x", "display_name": "x"}},
    )
    notebook, _ = written(tmp_path, nbformat.writes(node))
    nbformat.validate(nbformat.from_dict(notebook))
    assert notebook["metadata"] == {
        "kernelspec": {"name": "x", "display_name": "x"},
        "title": "Title",
    }
    assert [cell["id"] for cell in notebook["cells"]] == ["a", "colophon"]
    again = nbformat.writes(nbformat.from_dict(notebook)) + "\n"
    assert (tmp_path / "runs" / "train.ipynb").read_text("utf-8") == again


@pytest.mark.parametrize(
    "metadata",
    [
        {"widgets": WIDGETS},
        {"widgets": []},
        {"kernelspec": None, "language_info": {"name": ["python"]}},
        {"title": {"a": 1}, "papermill": "x"},
        [],
    ],
)
def test_odd_metadata_of_a_notebook_does_not_keep_it_from_its_page(
    tmp_path: Path, metadata: object
) -> None:
    whole = json.loads(text(markdown("# Title"), code("1", printed("shown"))))
    _, html = written(tmp_path, json.dumps({**whole, "metadata": metadata}))
    assert "shown" in html


@pytest.mark.parametrize(
    "odd",
    [
        data(VIEW, {"model_id": "ab", "version_major": 2}),
        data("image/png", {"a": 1}),
        data("image/png", "AAAA", **{"image/png": {"width": "wide", "height": []}}),
        data("image/svg+xml", "<svg", isolated=7),
        data("text/html", ["<b>", 1]),
        data("application/json", json.loads("[" * 900 + "]" * 900)),
        data("application/geo+json", 10**400),
        data("text/latex", r"\begin{x" * 50),
        {"output_type": "display_data", "data": [1], "metadata": None},
        {"output_type": "error", "ename": 1, "evalue": None, "traceback": "x"},
        {"output_type": "stream", "name": 3, "text": {"a": "b"}},
        {"output_type": "update_display_data", "data": {"text/plain": "\ud800"}},
        "not an output",
    ],
)
def test_an_odd_output_does_not_keep_a_notebook_from_its_page(tmp_path: Path, odd: Any) -> None:
    cells = (code("1", odd, printed("shown")), markdown("![a](attachment:b)", attachments=3))
    _, html = written(tmp_path, text(*cells, markdown("Last.")))
    assert "shown" in html
    assert "Last." in html


def test_a_part_that_cannot_be_made_is_named_on_a_page_that_has_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trip(text: str) -> str:
        raise KeyError(text)

    monkeypatch.setattr("stagebook.report.article.tables.without_pandas_style", trip)
    cells = (code("1", data("text/html", "<b>lost</b>"), printed("shown")), markdown("Last."))
    shown = article.parse(text(*cells), "train", place="runs/train.ipynb")
    [note] = shown.notes
    assert "cell 1 " in note
    assert note.endswith(" KeyError.")
    assert "lost" not in shown.body
    assert "shown" in shown.body
    assert "Last." in shown.body


def test_a_page_says_which_contract_refused_what_the_stage_wrote() -> None:
    table = RecordedTable(
        contract="lib:Table",
        holds=False,
        paths=("data/out.csv",),
        role="output",
        problems=(Problem("x", "Column `a` is missing."),),
    )
    refused = dataclasses.replace(RECORD, tables=(table,))
    html = render_html(close(text(markdown("# Title")), refused), refused)
    assert "Column <code>a</code> is missing." in html


@pytest.mark.parametrize("cut", ["", "[]", '{"cells": 3}', '{"cells": [', "[" * 100_000])
def test_what_is_not_a_notebook_leaves_no_page(tmp_path: Path, cut: str) -> None:
    (tmp_path / "executed.ipynb").write_text(cut, encoding="utf-8")
    pages = Pages.of(tmp_path / "runs", "train", Ending(Outcome.FAILED))
    assert pages.write(tmp_path / "executed.ipynb", RECORD) == ()
    assert not (tmp_path / "runs").exists()


def test_the_page_lists_the_rules_of_refused_tables_alone() -> None:
    held = RecordedTable(
        name="flights", role="input", paths=("a.parquet",), contract="flights:Flights", holds=True
    )
    refused = dataclasses.replace(held, name="late", paths=("b.parquet",), holds=False)
    record = dataclasses.replace(RECORD, tables=(held, refused))
    html = render_html(text(markdown("# Title")), record)
    assert "b.parquet" in html
    assert "a.parquet" not in html
