import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.report import bars

COUNTS = st.lists(st.integers(0, 10**9), max_size=60)
HEIGHT = {" ": 0} | {block: level for level, block in enumerate(bars.LEVELS, start=1)}


@settings(max_examples=100)
@given(COUNTS, st.integers(1, 40))
def test_a_line_is_never_wider_than_asked(counts: list[int], width: int) -> None:
    assert len(bars.line(counts, width)) <= width


@settings(max_examples=100)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_more_values_are_never_a_lower_bar(inner: list[int]) -> None:
    line = bars.line([0, *inner, 0], len(inner))
    by_count = sorted(zip(inner, line, strict=True))
    assert all(HEIGHT[low] <= HEIGHT[high] for (_, low), (_, high) in pairwise(by_count))
    assert all((count == 0) == (block == " ") for count, block in by_count)


@settings(max_examples=60)
@given(COUNTS, st.integers(1, 40))
def test_no_value_is_lost_from_sight(counts: list[int], width: int) -> None:
    assert bool(bars.line(counts, width).strip(f" {bars.MARK}")) == any(counts)


def test_no_counts_are_an_empty_line() -> None:
    assert bars.line([]) == ""
    assert bars.svg([], "nothing") == ""


def test_no_values_are_spaces() -> None:
    assert bars.line([0, 0, 0, 0]) == "  "


def test_an_empty_bin_is_a_space() -> None:
    assert bars.line([0, 1, 0, 8, 0]) == "▂ █"


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ([8, 8, 8, 0], "█┊██"),
        ([0, 8, 8, 8], "██┊█"),
        ([8, 8, 8, 8], "█┊██┊█"),
        ([0, 8, 8, 0], "██"),
    ],
)
def test_a_tail_stands_apart_if_it_holds_values(counts: list[int], line: str) -> None:
    assert bars.line(counts) == line


def test_bins_of_one_density_are_equally_tall_however_they_are_put_together() -> None:
    assert set(bars.line([0, *[5] * 41, 0], 20)) == {"█"}


def test_a_tail_is_as_tall_as_a_bar_that_holds_as_many_values() -> None:
    assert bars.line([2, *[1] * 40, 0], 22) == f"█{bars.MARK}{'█' * 20}"


def test_two_histograms_are_drawn_in_shares_over_the_same_bins() -> None:
    few, many = bars.lines([[0, 1, 1, 0, 0], [0, 1000, 1000, 0, 2000]])
    assert few == "██ ┊ "
    assert many == "▅▅ ┊█"


def test_the_words_name_range_and_fullest_bin() -> None:
    edges = [str(hour) for hour in range(25)]
    counts = [0, *[1] * 15, 5, *[1] * 8, 0]
    assert bars.described(counts, edges, "0", "23") == "from 0 to 23, most between 15 and 16"


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([9, 1, 0], "from -5 to 8, most below 0"),
        ([0, 1, 9], "from -5 to 8, most from 1 upwards"),
        ([0, 0, 0], "no values"),
    ],
)
def test_the_words_know_tails_and_nothing(counts: list[int], words: str) -> None:
    assert bars.described(counts, ["0", "1"], "-5", "8") == words


def test_the_words_of_one_value_name_it_once() -> None:
    assert bars.described([0, 3, 0], ["7", "8"], "7", "7") == "all 7"


@settings(max_examples=60)
@given(
    COUNTS.filter(lambda one: len(one) >= 3),
    st.text(st.characters(codec="ascii", exclude_categories=["C"])),
)
def test_a_picture_is_well_formed_and_says_what_it_shows(counts: list[int], label: str) -> None:
    picture = ET.fromstring(bars.svg(counts, label, counts[::-1]))
    assert picture.get("aria-label") == label
    assert picture.findtext("title") == label


def test_a_picture_has_a_bar_for_each_bin_that_holds_a_value() -> None:
    picture = ET.fromstring(bars.svg([0, 1, 0, 3, 2], "three"))
    inner, tails = (path.get("d", "") for path in picture.iter("path"))
    assert inner.count("M") == 2
    assert tails.count("M") == 1


def test_the_reference_is_drawn_first_and_in_grey() -> None:
    picture = ET.fromstring(bars.svg([0, 1, 0], "both", [0, 5, 0]))
    drawn = [(path.get("class"), path.get("fill")) for path in picture.iter("path")]
    assert drawn == [("then", bars.GREY), ("now", bars.ACCENT)]
