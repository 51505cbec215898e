"""A model card as HTML: aligned tables, and nothing of it that is markup."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.model import card
from stagebook.report.site import card_text


def cells(html: str, number: int) -> list[str]:
    """The cells of a column, counted from 0."""
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)[1:]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row)[number] for row in rows]


def test_numbers_of_a_column_are_on_the_right_with_as_many_decimals() -> None:
    table = card.table(["slice", "auc"], [["a", 0.708], ["b", 0.7285], ["c", 0.0977]])
    html = card_text.shown(f"# name\n\n{table}\n")
    assert html.count('class="number"') == 4
    assert "style=" not in html
    assert cells(html, 0) == ["a", "b", "c"]
    assert cells(html, 1) == ["0.7080", "0.7285", "0.0977"]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (
            ["12.3", "0.1234"],
            ["12.30", "0.1234"],
        ),  # a card gives four digits, and no more are known
        (
            ["0.5 (0.4 to 0.61)", "0.52 (0.4 to 0.7)"],
            ["0.50 (0.40 to 0.61)", "0.52 (0.40 to 0.70)"],
        ),
        (["1,234", "5"], ["1,234", "5"]),
        (["0.5", "none"], ["0.5", "none"]),
        (["", "0.25", "0.5"], ["", "0.25", "0.50"]),
    ],
)
def test_no_digit_is_made_up(values: list[str], shown: list[str]) -> None:
    table = card.table(["x"], [[one] for one in values])
    assert cells(card_text.shown(f"# name\n\n{table}\n"), 0) == shown


def test_a_wide_table_has_a_box_to_scroll_in() -> None:
    html = card_text.shown(f"# name\n\n{card.table(['at'], [['2013-01-01T05:15:00-05:00']])}\n")
    assert html.startswith('<div class="scroll" tabindex="0"')
    assert '<td class="moment">2013-01-01T05:15:00-05:00</td>' in html


@given(st.text(), st.lists(st.text(), min_size=1, max_size=3))
def test_nothing_in_a_card_is_a_tag_of_its_own(text: str, row: list[str]) -> None:
    html = card_text.shown(f"# name\n\n{text}<script>\n\n{card.table(row, [row, row])}\n")
    assert "<script" not in html
    assert "style=" not in re.sub(r">[^<]*<", "><", html)
