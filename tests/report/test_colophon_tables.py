import dataclasses
import re

import mistune
import nbformat
import pytest
from elements import Elements
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.contracts.verdict import ContractVerdict, RuleFailure
from stagebook.data.profiles.column import Column, ColumnKind, Numbers, Texts
from stagebook.data.profiles.grid import Grid
from stagebook.data.profiles.profile import Profile
from stagebook.report.article.article import parse
from stagebook.report.colophon_tables import TableView, render, words
from stagebook.report.colophon_tables import verdict as verdict_of

EVIL = "<script>alert(1)</script>|`code`|$x^2$|**b**|[a](javascript:x)|\\(y\\)|</code>"
FAILURE = RuleFailure("value-refused", "age", ">= 0", 2, 9, ((3, "-1"), (4, "-2")))


def verdict(*failures: RuleFailure) -> ContractVerdict:
    return ContractVerdict("data/a.csv", "lib.contracts:A", 9, failures)


def column(name: str, value: str = "v") -> Column:
    return Column(name, "string", ColumnKind.TEXT, 9, 0, Texts({value: 9}, None, 9, 1, 1, 9))


def view(*columns: Column, **more: object) -> TableView:
    empty = TableView("read", "data/a.csv", "lib.contracts:A", 9, None, None)
    profile = Profile(columns, 9) if columns else None
    return dataclasses.replace(empty, profile=profile, **more)


def shown(*tables: TableView) -> Elements:
    return Elements(
        str(mistune.create_markdown(escape=False, plugins=["table", "math"])(render(tables)))
    )


def test_where_nothing_is_to_be_said_there_is_no_section() -> None:
    assert render([]) == ""
    assert render([view(verdict=verdict())]) == ""


def test_below_its_heading_the_section_is_one_block_for_markdown() -> None:
    heading, block = render([view(column("c"), verdict=verdict(FAILURE))]).split("\n\n")
    assert heading.startswith("### ")
    assert block.startswith("<div")
    assert block.endswith("</div>\n")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (view(verdict=verdict()), "holds"),
        (view(verdict=verdict(FAILURE)), "refused: 1 rule"),
        (view(verdict=verdict(FAILURE, FAILURE)), "refused: 2 rules"),
        (view(), "not checked"),
        (view(contract=None), ""),
    ],
)
def test_a_verdict_is_told_in_words(table: TableView, said: str) -> None:
    assert words(table) == said
    told = Elements(verdict_of(table)).text
    assert said in told
    assert ("lib.contracts:A" in told) is bool(table.contract)


def test_a_failure_is_told_with_its_rows_and_values() -> None:
    [failure] = shown(view(verdict=verdict(FAILURE))).texts("li")
    assert failure.startswith("data/a.csv: age: >= 0; ")
    told = re.findall(r"\d of \d|row \d has \S+\b", failure)
    assert told == ["2 of 9", "row 3 has -1", "row 4 has -2"]


def test_a_note_stands_beside_the_verdict() -> None:
    plain, noted = (Elements(verdict_of(view(note=note))).text for note in (None, "no profile"))
    assert noted == f"{plain}; no profile"
    assert plain == f"lib.contracts:A {words(view())}"


def test_sixty_columns_are_shown_and_the_rest_is_counted() -> None:
    page = shown(view(*(column(f"name{place}x") for place in range(2000))))
    assert "name59x" in page.text
    assert "name60x" not in page.text
    assert "and 1,940 more" in page.text


def test_an_empty_bin_keeps_its_place() -> None:
    detail = Numbers(Grid((0, 1, 2, 3), 0, 0), (0, 0, 0, 9, 0), 2, 2, 0, 0, 0, 0, 18, 36)
    page = shown(view(Column("n", "int64", ColumnKind.NUMBER, 9, 0, detail)))
    assert "\u00a0\u00a0█" in page.text


def planted(text: str) -> TableView:
    failure = RuleFailure("value-refused", text, text, 2, 9, ((3, text),), hint=text)
    return TableView(
        text,
        text,
        text,
        9,
        ContractVerdict(text, text, 9, (failure,), (text,)),
        Profile((column(text, text), dataclasses.replace(column(text + "2"), type=text)), 9),
        note=text,
    )


def tags(table: TableView) -> list[str]:
    """The tags of a section and of a verdict, but for those that code in a message has."""
    found = [*shown(table).tags, *Elements(verdict_of(table)).tags]
    return [one for one in found if one not in ("code", "wbr")]


def test_planted_markup_is_shown_as_text() -> None:
    page = shown(planted(EVIL))
    assert tags(planted(EVIL)) == tags(planted("x"))
    assert EVIL in page.text
    assert EVIL[:70] in Elements(verdict_of(planted(EVIL))).text


def test_no_formula_can_be_planted() -> None:
    assert not set("$\\`") & set(render([planted("$\\`\\begin{x}")]))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=20))
def test_no_text_breaks_the_section(text: str) -> None:
    page = render([planted(text)])
    page.encode()
    assert page.count("\n\n") == 1
    assert tags(planted(text)) == tags(planted("x"))


def test_a_page_of_html_has_the_section_and_no_script_from_data() -> None:
    cell = nbformat.v4.new_markdown_cell(render([planted(EVIL)]), id="a")
    page = parse(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])), "train").body
    assert "<details" in page
    assert "alert(1)</script>" not in page
