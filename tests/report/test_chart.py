"""A metric over builds as SVG."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.report.site.chart import ROOMS, SVG, ChartSize, Point, draw

VALUES = st.floats(allow_nan=False, allow_infinity=False)
POINTS = (
    Point("aaaaaaa", "0.5 at aaaaaaa", 0.5, 0.4, 0.6),
    Point("bbbbbbb", "none", math.nan),
    Point("ccccccc", "0.7 at ccccccc <b>", 0.7, 0.6, 0.8),
)


def texts(picture: str, tag: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(picture).iter(f"{{{SVG}}}{tag}")]


def test_each_point_tells_its_words_and_a_gap_none() -> None:
    assert texts(draw(POINTS, "auc"), "title") == ["0.5 at aaaaaaa", "0.7 at ccccccc <b>"]


def test_points_are_named_below() -> None:
    assert {"aaaaaaa", "ccccccc"} <= set(texts(draw(POINTS, "auc"), "text"))


def test_of_many_points_some_are_named_and_the_last_always() -> None:
    many = [Point(f"commit-{place}", "", float(place)) for place in range(60)]
    named = [one for one in texts(draw(many, "auc"), "text") if one.startswith("commit-")]
    assert named[0] == "commit-0"
    assert named[-1] == "commit-59"
    assert len(named) == 8


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_letters_keep_their_size_in_every_room(room: ChartSize) -> None:
    points = [Point("c0ffee1*", "", value) for value in (123_456.0, -2.5e7, 3.0)]
    picture = ElementTree.fromstring(draw(points, "auc", room))
    assert [float(one) for one in picture.get("viewBox", "").split()] == [
        *(0, 0),
        *(room.width, room.height),
    ]
    letters = [one for one in picture.iter(f"{{{SVG}}}text") if one.text]
    assert {one.get("font-size") for one in letters} == {f"{room.letters}px"}
    assert f"chart {room.name}" == picture.get("class")


def test_a_picture_has_no_id_so_that_two_share_none_on_a_page() -> None:
    picture = ElementTree.fromstring(draw(POINTS, "auc"))
    assert [element for element in picture.iter() if element.get("id")] == []


def test_a_strict_policy_leaves_it_as_it_is_and_it_takes_the_page_s_colours() -> None:
    picture = draw(POINTS, 'label "quoted"')
    assert " style=" not in picture
    assert "<style" not in picture
    assert "<script" not in picture
    assert 'fill="var(--now)"' in picture
    assert ElementTree.fromstring(picture).get("aria-label") == 'label "quoted"'


def test_it_is_the_same_each_time() -> None:
    assert draw(POINTS, "auc") == draw(POINTS, "auc")


def circles(picture: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(picture).iter(f"{{{SVG}}}circle"))


def labels(picture: str, anchor: str) -> list[str]:
    every = ElementTree.fromstring(picture).iter(f"{{{SVG}}}text")
    return [text.text or "" for text in every if text.get("text-anchor") == anchor]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0.5, 0.7), ["0.50", "0.55", "0.60", "0.65", "0.70"]),
        ((3.0, 3.0), ["2.85", "2.90", "2.95", "3.00", "3.05", "3.10", "3.15"]),
        ((0.0, 0.0), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        ((1.0, 9.0), ["0", "2", "4", "6", "8", "10"]),
        ((-2.5e7, 3.0), ["-2e+7", "-1e+7", "0"]),
        ((123_456.0, 123_456.5), ["123456.0", "123456.2", "123456.4"]),
        ((-1.7e308, 1.7e308), ["-2e+308", "-1e+308", "0", "1e+308", "2e+308"]),
        ((5e-324, 1e-323), ["6e-324", "8e-324", "1e-323"]),
    ],
)
def test_the_grid_has_round_numbers(values: tuple[float, float], ticks: list[str]) -> None:
    assert labels(draw([Point("", "", value) for value in values], "auc"), "end") == ticks


def test_a_larger_value_is_higher_and_a_gap_breaks_the_line() -> None:
    values = (0.5, 0.9, math.nan, 0.5, 0.7)
    picture = draw([Point("", "x", value) for value in values], "auc")
    heights = [float(circle.get("cy", "")) for circle in circles(picture)]
    assert heights[1] < heights[3] < heights[0] == heights[2]
    lines = [path.get("d", "") for path in ElementTree.fromstring(picture).iter(f"{{{SVG}}}path")]
    assert [line.count("L") for line in lines if "H" not in line] == [1, 1]


@settings(max_examples=15, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=4), st.text(max_size=20))
def test_any_numbers_and_names_can_be_drawn(values: list[float], name: str) -> None:
    points = [Point(name, name, value) for value in values]
    picture = draw(points, name)
    assert len(texts(picture, "title")) == len(values)
    heights = [float(circle.get("cy", "nan")) for circle in circles(picture)]
    assert all(0 < height < ROOMS[0].height for height in heights)
    assert len(labels(picture, "end")) >= 2


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_number_keeps_its_slot_and_says_so(place: int) -> None:
    values = [Point(f"c{one}", f"{one} at c{one}", float(one)) for one in range(3)]
    values[place] = Point("odd", "Words", math.nan, odd="NaN")
    picture = draw(values, "auc")
    assert {"odd", "NaN"} <= set(texts(picture, "text"))
    assert texts(picture, "title")[place] == "Words"
