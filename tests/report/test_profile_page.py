import dataclasses
import re
from html import unescape
from itertools import pairwise

import pytest
from elements import Elements
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts
from stagebook.data.profiles.grid import Grid
from stagebook.data.profiles.profile import Profile
from stagebook.report.changes import OneSidedColumns, same_bins
from stagebook.report.profile_page import render_page
from stagebook.report.self_contained import stylesheet

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=x>"
VOID = {"meta", "rect", "path"}
OPTIONAL = {"tr", "td", "th", "li"}


def numbers(name: str, counts: tuple[int, ...] = (0, 2, 4, 0), nulls: int = 0) -> Column:
    rows = sum(counts) + nulls
    detail = Numbers(Grid((0, 10, 20), 0, 0), counts, 3, 17, 0, 0, 0, 0, 10 * sum(counts), 10**6)
    return Column(name, "int64", ColumnKind.NUMBER, rows, nulls, detail)


def texts(name: str, counts: dict[str, int]) -> Column:
    rows = sum(counts.values())
    return Column(
        name, "string", ColumnKind.TEXT, rows, 0, Texts(counts, None, rows, 1, 9, 5 * rows)
    )


def table(*columns: Column) -> Profile:
    return Profile(columns, columns[0].rows if columns else 0)


def everything() -> Profile:
    return table(
        numbers("n"),
        texts("t", {"a": 4, "b": 2}),
        Column("b", "bool", ColumnKind.BOOLEAN, 6, 0, Booleans(2, 4)),
        Column("o", "list<item: int64>", ColumnKind.OTHER, 6, 1, None),
        Column("x", "string", ColumnKind.TEXT, 6, 0, Texts(None, None, 6, 1, 9, 30)),
        Column(
            "e",
            "double",
            ColumnKind.NUMBER,
            6,
            6,
            Numbers(Grid((), 0, 0), (0,), *[None] * 2, *[0] * 6),
        ),
    )


def test_a_page_repeats_to_the_byte() -> None:
    assert render_page(everything(), "a.parquet") == render_page(everything(), "a.parquet")


@pytest.mark.parametrize("against", [None, everything()])
def test_a_page_loads_nothing_and_runs_nothing(against: Profile | None) -> None:
    page = render_page(everything(), "a.parquet", against)
    elements = Elements(page)
    assert not elements.named("script", "link", "img", "iframe", "object", "base", "use")
    assert not re.search(r"https?:|//|url\(|@import", page)
    assert all(str(one["href"]).startswith("#c") for one in elements.named("a"))


def test_the_policy_allows_the_pages_own_style_only() -> None:
    import base64
    import hashlib

    page = render_page(everything(), "a.parquet")
    (policy,) = [one for one in Elements(page).named("meta") if "http-equiv" in one]
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in str(policy["content"])
    assert style == stylesheet()
    assert not any("style" in attrs for _, attrs in Elements(page).found)


def planted(value: str) -> Profile:
    """The text wherever a table can have one."""
    return table(
        dataclasses.replace(numbers(value), type=value),
        texts(value + "2", {value: 4, value + "3": 2}),
    )


def test_planted_markup_is_shown_as_text() -> None:
    clean, page = (
        Elements(render_page(planted(one), one, planted(one + "4"))) for one in ("clean", EVIL)
    )
    assert [tag for tag, _ in page.found] == [tag for tag, _ in clean.found]
    assert [set(attrs) for _, attrs in page.found] == [set(attrs) for _, attrs in clean.found]
    assert EVIL in page.text


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=20))
def test_no_text_breaks_a_page(text: str) -> None:
    page = render_page(planted(text), text)
    page.encode()
    assert [tag for tag, _ in Elements(page).found] == [
        tag for tag, _ in Elements(render_page(planted("x"), "x")).found
    ]


def test_headings_are_in_order() -> None:
    levels = [
        int(tag[1])
        for tag, _ in Elements(render_page(everything(), "a")).found
        if re.fullmatch("h[1-6]", tag)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_picture_has_words_or_is_hidden() -> None:
    pictures = Elements(render_page(everything(), "a", everything())).named("svg")
    assert pictures
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in pictures)


def test_every_link_leads_to_a_column() -> None:
    elements = Elements(render_page(everything(), "a"))
    anchors = [f"#{attrs['id']}" for _, attrs in elements.found if "id" in attrs]
    assert [one["href"] for one in elements.named("a")] == anchors
    assert len(anchors) == 6


def test_beside_a_reference_the_page_says_what_changed() -> None:
    now = table(
        numbers("n", (0, 2, 4, 0), nulls=2),
        texts("t", {"a": 6, "new": 2}),
        numbers("mine", (0, 8, 0, 0)),
    )
    then = table(numbers("n", (0, 8, 0, 0)), texts("t", {"a": 7, "old": 1}), numbers("theirs"))
    assert OneSidedColumns.of(now, then) == OneSidedColumns(("mine",), ("theirs",))
    page = Elements(render_page(now, "a", then))
    assert {"missing 25.0 %, was 0 %", "new: new", "gone: old"} <= set(page.texts("ul.changes li"))
    here, there = page.texts("header p")[-2:]
    assert here.endswith(": mine")
    assert there.endswith(": theirs")


def test_another_kind_of_column_is_not_drawn_over_the_reference() -> None:
    page = render_page(table(numbers("n")), "a", table(texts("n", {"a": 6})))
    assert "type int64, was string" in page
    assert 'class="then"' not in page


def test_bins_that_differ_are_not_drawn_over_one_another() -> None:
    now, then = numbers("n"), numbers("n")
    assert isinstance(then.detail, Numbers)
    other = dataclasses.replace(
        then, detail=dataclasses.replace(then.detail, grid=Grid((0, 1, 2), 0, 0))
    )
    assert not same_bins(now, other)
    page = render_page(table(now), "a", table(other))
    [change] = Elements(page).texts("ul.changes li")
    assert "other bins" in change
    assert 'class="then"' not in page


def test_two_thousand_columns_stay_a_page() -> None:
    counts = (3, *range(1, 41), 3)
    detail = Numbers(Grid(tuple(range(41)), 0, 0), counts, -1, 99, 0, 0, 0, 0, 0, 0)
    rows = sum(counts)
    wide = Profile(
        tuple(
            Column(f"c{place}", "int64", ColumnKind.NUMBER, rows, 0, detail)
            for place in range(2000)
        ),
        rows,
    )
    page = render_page(wide, "wide.parquet")
    assert len(page.encode()) < 5_000_000
    assert "<details>" in page, "the list of columns is folded"


def test_a_table_without_columns_has_a_page() -> None:
    assert "0 rows, 0 columns" in render_page(Profile((), 0), "empty.parquet")


def test_every_opened_element_is_closed() -> None:
    page = render_page(everything(), "a", everything())
    for tag in {tag for tag, _ in Elements(page).found} - VOID - OPTIONAL:
        assert len(re.findall(rf"<{tag}[\s>]", page)) == page.count(f"</{tag}>"), tag
    assert "a" in unescape(page)
