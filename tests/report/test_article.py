"""What the page of a notebook says, from the notebook's text."""

import errno
import os
import re
from pathlib import Path

import pytest
from articles import PIXEL, code, data, markdown, page, parsed, printed, raised, text
from elements import Elements

from stagebook.report.article import article, executed, failures
from stagebook.report.article.ansi import coloured


def test_the_first_heading_is_the_title_and_the_rest_are_the_contents() -> None:
    found = parsed(markdown("# Flights\n\nProse."), markdown("## Late\n\n### Very `late`"))
    assert found.title == "Flights"
    assert [(one.level, one.text, one.anchor) for one in found.contents] == [
        (2, "Late", "Late"),
        (3, "Very late", "Very-late"),
    ]
    assert "<h1" not in found.body
    assert page(found).count("<h1>") == 1


def test_levels_that_are_skipped_are_mended() -> None:
    found = parsed(markdown("# A\n\n# B\n\n#### C\n\n## D\n\n<h6>E</h6>"))
    assert [one.level for one in found.contents] == [2, 3, 3, 4]


def test_headings_of_the_same_text_have_anchors_of_their_own_and_none_is_ours() -> None:
    found = parsed(markdown("# A\n\n## B\n\n## B\n\n## content\n\n## cell-1\n\n## code-key"))
    anchors = [one.anchor for one in found.contents]
    assert anchors == ["B", "B-2", "content-2", "section-cell-1", "code-key-2"]


def test_a_notebook_without_headings_is_called_by_its_stage_though_it_has_a_colophon() -> None:
    found = parsed(code("1"), markdown("## Colophon", "colophon"))
    assert found.title == "train"
    assert [one.text for one in found.contents] == ["Colophon"]


def test_code_is_folded_and_says_its_number_and_first_line() -> None:
    body = parsed(code("# why\nimport os\nos.getcwd()", count=7)).body
    [label] = Elements(body).texts("details.code summary span")
    assert label.endswith(" 1")
    assert Elements(body).texts("details.code summary code") == ["import os"]
    assert '<span class="kn">import</span>' in body


def test_injected_parameters_are_called_so() -> None:
    body = parsed(code("a = 1", tags=("injected-parameters",))).body
    [label] = Elements(body).texts("#cell-0 details.code summary")
    assert label.startswith("Parameters")


def test_cells_are_counted_as_in_the_notebook_that_was_executed() -> None:
    mark = markdown("An error", "papermill-error-cell-tag")
    injected = code("a = 2", tags=("injected-parameters",))
    body = parsed(mark, code("a = 1"), injected, code("b = a")).body
    assert [f'id="cell-{place}"' in body for place in range(4)] == [True, True, True, False]
    assert Elements(body).texts("#cell-2 summary span")[0].endswith(" 2")
    assert Elements(body).texts("#cell-2 summary code") == ["b = a"]


@pytest.mark.parametrize("tag", ["hide", "remove-cell", "remove_cell"])
def test_a_cell_is_left_out_by_its_tag(tag: str) -> None:
    body = parsed(code("first = 1", printed("second"), tags=(tag,)), markdown("third", tag)).body
    assert not [word for word in ("first", "second", "third") if word in body]


def test_input_or_output_alone_is_left_out_by_its_tag() -> None:
    without_code = parsed(code("first = 1", printed("second"), tags=("remove-input",))).body
    assert "first" not in without_code
    assert "second" in without_code
    without_output = parsed(code("first = 1", printed("second"), tags=("remove-output",))).body
    assert "first" in without_output
    assert "second" not in without_output


def test_output_or_cell_is_folded_by_its_tag() -> None:
    output = parsed(code("1", printed("second"), tags=("hide-output",))).body
    assert output.index("<summary>Output</summary>") < output.index("second")
    cell = parsed(code("first = 1", printed("second"), tags=("hide-cell",))).body
    assert cell.index("<summary>Cell <code>first = 1</code></summary>") < cell.index("first</")


def test_a_long_output_is_folded_and_a_very_long_one_cut() -> None:
    long = parsed(code("1", printed("".join(f"line {one}\n" for one in range(100))))).body
    assert "<summary>76 lines more</summary>" in long
    assert "line 99" in long
    very = parsed(code("1", printed("".join(f"line {one}\n" for one in range(10_000))))).body
    [rest] = Elements(very).select("p.said")
    assert rest.attributes["data-lines"] == "9400"
    assert "runs/train.ipynb" in rest.text
    assert "line 599<" in very
    assert "line 600" not in very


def test_what_is_printed_in_pieces_is_one_text_and_a_progress_bar_its_last_state() -> None:
    body = parsed(code("1", printed("0%\r50%"), printed("\r100%\n"), printed("done"))).body
    assert body.count("<pre") == 2  # the code and what it printed
    assert "100%\ndone" in body
    assert "50%" not in body


def test_warnings_are_folded() -> None:
    body = parsed(code("1", printed("Careful\nnow\n", "stderr"))).body
    [summary] = Elements(body).texts("details.aside summary")
    assert summary.endswith("2 lines")
    assert Elements(body).texts("details.aside pre") == ["Careful\nnow"]


def test_colours_of_a_terminal_are_classes() -> None:
    shown = (
        "\x1b[31mred\x1b[0m \x1b[38;5;28mgreen\x1b[0m \x1b[38;2;0;70;220mblue\x1b[0m \x1b]0;t\x07."
    )
    body = parsed(code("1", printed(shown))).body
    for name in ("red", "green", "blue"):
        assert f'<span class="ansi-{name}-fg">{name}</span>' in body
    assert "style=" not in body
    assert "</span> .</pre>" in body


def test_none_of_256_colours_is_shown_as_black_or_white() -> None:
    """Each would be invisible in one of the page's two forms."""
    shown = {code: coloured(f"\x1b[38;5;{code}mx") for code in range(16, 256)}
    hues = ("red", "yellow", "green", "cyan", "blue", "magenta")
    spans = {f'<span class="ansi-{name}-fg">x</span>' for name in hues}
    greys = {code for code in shown if code > 231 or (code - 16) % 43 == 0}
    assert {shown[code] for code in shown.keys() - greys} == spans
    assert {shown[code] for code in greys} == {"x"}


def test_a_sequence_with_anything_but_numbers_is_ignored() -> None:
    assert coloured("\x1b[38;2;0;-50;-50mx") == "x"


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        ("2;255;200;190", "red"),
        ("2;120;60;0", "red"),
        ("2;0;0;95", "blue"),
        ("2;190;255;190", "green"),
        ("5;9", "red"),
        ("5;12", "blue"),
    ],
)
def test_a_light_or_dark_colour_keeps_its_hue(codes: str, name: str) -> None:
    assert coloured(f"\x1b[38;{codes}mx") == f'<span class="ansi-{name}-fg">x</span>'


@pytest.mark.parametrize(
    ("tex", "has"),
    [
        ("It costs $5 and $6.", "costs $5 and $6."),
        ("From $5-$6 on.", "From $5-$6 on."),
        (r"Let $x^2$ be.", "<msup><mi>x</mi><mn>2</mn></msup>"),
        (r"$$\frac{a}{b}$$", 'display="block"'),
        ("\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}", "<mtable"),
        (r"A $\nosuchthing{x}$ here.", r"A $\nosuchthing{x}$ here."),
        (r"A $\text{<script>x</script>}$ here.", "&lt;script&gt;"),
        (r"A $\href{javascript:x}{y}$ here.", "<mrow><mi>y</mi></mrow>"),
    ],
)
def test_formulas_are_mathml_and_prices_are_none(tex: str, has: str) -> None:
    body = parsed(markdown(tex)).body
    assert has in body
    assert "<script" not in body
    assert "javascript" not in body


def test_sympy_writes_formulas_too() -> None:
    body = parsed(code("1", data("text/latex", r"$\displaystyle \sqrt{x}$"))).body
    assert "<msqrt>" in body


FRAME = """<div>
<style scoped>
    .dataframe tbody tr th { vertical-align: top; }
</style>
<table border="1" class="dataframe">
  <thead><tr style="text-align: right;"><th></th><th>name</th><th>late</th></tr></thead>
  <tbody><tr><th>0</th><td>a</td><td>1.5%</td></tr><tr><th>1</th><td>2</td><td>NaN</td></tr></tbody>
</table>
</div>"""


def test_a_frame_has_its_numbers_on_the_right_and_a_box_to_scroll_in() -> None:
    body = parsed(code("1", data("text/html", FRAME))).body
    assert "<style" not in body
    assert '<div class="scroll" tabindex="0"' in body
    assert '<th class="number">late</th>' in body
    assert '<td class="number">1.5%</td>' in body
    assert "<td>a</td>" in body  # a column with a text in it
    assert "<td>2</td>" in body
    assert "<th></th>" not in body


def test_a_table_of_many_rows_is_cut_between_rows() -> None:
    rows = "".join(f"<tr><td>{one}</td></tr>" for one in range(20_000))
    body = parsed(code("1", data("text/html", f"<table>{rows}</table>"))).body
    kept = body.count("<tr>")
    [rest] = Elements(body).select("p.said")
    assert rest.attributes["data-rows"] == str(20_000 - kept)
    assert 0 < kept < 20_000


def figure(**cell: object) -> Elements:
    made = code("#| fig-cap: 'Commented'\nplot()", data("image/png", PIXEL))
    made["metadata"] |= cell.pop("metadata", {})
    made["outputs"][0]["metadata"] |= cell.pop("output", {})
    if cell.pop("bare", False):
        made["source"] = "plot()"
    return Elements(parsed(markdown("# T\n\n## Late flights"), made).body)


def test_a_figure_has_the_best_words_that_there_are() -> None:
    [bare] = figure(bare=True).named("img")
    assert (bare["width"], bare["height"]) == ("1", "1")
    assert " 1, " in bare["alt"]
    assert bare["alt"].endswith("Late flights")
    assert figure(bare=True).texts("figcaption") == []
    assert figure().values("alt") == figure().texts("figcaption") == ["Commented"]
    assert figure(metadata={"figure": {"alt": "Tagged"}}).values("alt") == ["Tagged"]
    output = figure(output={"image/png": {"alt": 'Of "it"'}}, metadata={"alt": "Tagged"})
    assert output.values("alt") == ['Of "it"']


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("A@@", "base64"),
        ("aGVsbG8=", "PNG"),
        (PIXEL[:-24], "cut off"),
    ],
)
def test_a_broken_picture_is_told(value: str, told: str) -> None:
    found = parsed(code("1", data("image/png", value)))
    [note] = found.notes
    assert "cell 1 " in note
    assert told in note
    assert "<img" not in found.body


def test_what_only_a_script_could_show_is_told_and_a_still_picture_preferred() -> None:
    widget = data(
        "application/vnd.jupyter.widget-view+json",
        {"model_id": "1"},
        besides={"text/plain": "IntSlider(value=3)"},
    )
    chart = data(
        "application/vnd.plotly.v1+json", {}, besides={"text/html": "<script>draw()</script>"}
    )
    still = data("text/html", "<script>draw()</script>", besides={"image/png": PIXEL})
    body = parsed(code("1", widget)).body
    assert "IntSlider(value=3)" in body
    assert "does not work" in body
    [said] = Elements(parsed(code("1", chart)).body).texts("p.said")
    assert "(plotly)" in said
    assert "<img" in parsed(code("1", still)).body
    assert "application/x-what" in parsed(code("1", data("application/x-what", "x"))).body


def test_an_error_is_told_on_top_and_its_traceback_holds_the_notebooks_own_frames() -> None:
    frames = [
        "---",
        "KeyError Traceback",
        "Cell In[7], line 1",
        *["File /x/y.py"] * 9,
        "KeyError: 'a'",
    ]
    mark = markdown("<span>Marked</span>", "papermill-error-cell-tag")
    raising = code("f()", raised("KeyError", "'a'", *frames), count=7)
    cells = (mark, raising, code("g()", count=None))
    failure = failures.find(executed.parse(text(*cells)).cells)
    assert failure == failures.NotebookFailure(1, "KeyError: 'a'", unreached=1)
    body = parsed(*cells).body
    assert body.index('id="failure"') < body.index('<details class="code">')
    top = Elements(body)
    assert [link.attributes["href"] for link in top.select("#failure a")] == ["#cell-1"]
    assert top.texts("#failure strong") == ["KeyError: 'a'"]
    assert "; 1 more" in top.texts("#failure p")[1]
    assert 'id="cell-2"' in body
    assert "Marked" not in body
    [traceback] = top.texts("#cell-1 .error pre")
    assert "Cell In[7], line 1" in traceback
    assert "… 8 calls" in traceback


def test_an_error_that_the_notebook_survived_is_not_what_it_stopped_at() -> None:
    body = parsed(code("f()", raised("KeyError", "'a'")), code("g()", count=2)).body
    assert 'id="failure"' not in body
    assert "KeyError: &#x27;a&#x27;" in body


def test_characters_that_no_page_has_are_left_out_and_told() -> None:
    found = parsed(code("1", printed("a\x00b\ud800c\ufffed 🎉")))
    assert "abcd 🎉" in found.body
    [note] = found.notes
    assert note.startswith("3 ")
    page(found).encode()


def test_text_from_right_to_left_runs_so() -> None:
    body = parsed(markdown("# T\n\nمرحبا\n\n* سلام"), code("1", printed("مرحبا"))).body
    assert '<p dir="auto">' in body
    assert '<li dir="auto">' in body
    assert 'tabindex="0" dir="auto"' in body


def test_attachments_are_shown_and_other_pictures_are_words() -> None:
    cell = markdown(
        "![Map](attachment:a.png) ![Plan](plan.png) ![Far](https://example.org/a.png)",
        attachments={"a.png": {"image/png": PIXEL}},
    )
    body = parsed(cell).body
    assert f'<img src="data:image/png;base64,{PIXEL}" alt="Map">' in body
    plan, far = Elements(body).texts("em")
    assert plan.startswith("Plan (")
    assert far.startswith("Far (")
    assert Elements(body).values("href") == ["https://example.org/a.png"]
    assert body.count("<img") == 1


def test_the_colophon_keeps_its_looks_and_what_it_folds() -> None:
    block = (
        '<div class="colophon" style="overflow-x: auto">\n<table style="margin-left: 0"><tr>'
        '<td style="text-align: left"><code style="white-space: nowrap">a</code>'
        "<details><summary>3 distributions</summary>b</details></td></tr></table>\n</div>"
    )
    body = parsed(markdown(f"---\n\n## Colophon\n\n{block}", "colophon")).body
    assert '<div class="cell colophon"' in body
    assert '<td style="text-align: left"><code style="white-space: nowrap">a</code>' in body
    assert "<details><summary>3 distributions</summary>b</details>" in body


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("", "empty"),
        ("{", "from line 1"),
        ('{"cells":\n[', "from line 2"),
        (text(markdown("# A"))[:-20], "from line 1"),
        ("[1]", "a notebook"),
        ('{"worksheets": []}', "nbformat 3"),
        ('{"cells": [1, {}, {"cell_type": "code", "outputs": 3}]}', "1 entry"),
        ("[" * 100_000, "as JSON"),
        ("[" + "0," * 11_000_000 + "0]", "too large"),
    ],
)
def test_what_is_no_notebook_gives_a_page_that_says_so(bad: str, told: str) -> None:
    found = article.parse(bad, "train")
    [note] = found.notes
    assert told in note
    assert found.body == ""
    assert Elements(page(found)).texts("ul.notes li") == [note]


def test_a_file_that_is_missing_or_no_text_gives_a_page_that_says_so(tmp_path: Path) -> None:
    missing = article.read(tmp_path / "runs" / "train.ipynb", "train")
    [note] = missing.notes
    assert "runs/train.ipynb" in note
    (tmp_path / "folder").mkdir()
    [note] = article.read(tmp_path / "folder", "train").notes
    assert os.strerror(errno.EISDIR) in note
    (tmp_path / "train.ipynb").write_bytes(b"\xff\xfe\x00")
    assert article.read(tmp_path / "train.ipynb", "train").notes


def test_a_page_of_much_stays_under_a_megabyte_and_says_what_is_missing() -> None:
    cells = [code("1", *[printed("x\n" * 30), data("text/plain", "y")] * 100) for _ in range(200)]
    found = parsed(*cells, code("f()", raised("KeyError", "'a'")), markdown("Last", "colophon"))
    [note] = found.notes
    last = re.search(r"cell (\d+) ", note)
    assert last is not None
    shown = [int(one.removeprefix("cell-")) for one in Elements(found.body).values("id")[1:-1]]
    assert shown == [*range(1, int(last[1]) + 1), 201]
    assert len(page(found)) < 1_000_000
    assert 'id="failure"' in found.body
    assert "Last" in found.body


def test_a_page_is_made_of_its_text_alone() -> None:
    cells = (markdown("# T\n\n## H\n\n$x$"), code("1", data("image/png", PIXEL)))
    assert parsed(*cells) == parsed(*cells)
