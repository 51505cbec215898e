"""A metric over builds as SVG."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.report.site.chart import ROOMS, SVG, Point, Room, draw

VALUES = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)
POINTS = (
    Point("aaaaaaa", "0.5 at aaaaaaa", 0.5, 0.4, 0.6),
    Point("bbbbbbb", "none", math.nan),
    Point("ccccccc", "0.7 at ccccccc <b>", 0.7, 0.6, 0.8),
)


def texts(picture: str, tag: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(picture).iter(f"{{{SVG}}}{tag}")]


def test_each_point_tells_its_words_and_a_gap_none() -> None:
    assert texts(draw(POINTS, "c", "auc"), "title") == ["0.5 at aaaaaaa", "0.7 at ccccccc <b>"]


def test_points_are_named_below() -> None:
    assert {"aaaaaaa", "ccccccc"} <= set(texts(draw(POINTS, "c", "auc"), "text"))


def test_of_many_points_some_are_named_and_the_last_always() -> None:
    many = [Point(f"commit-{place}", "", float(place)) for place in range(60)]
    named = [one for one in texts(draw(many, "c", "auc"), "text") if one.startswith("commit-")]
    assert named[0] == "commit-0"
    assert named[-1] == "commit-59"
    assert len(named) == 8


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_letters_keep_their_size_in_every_room(room: Room) -> None:
    points = [Point("c0ffee1*", "", value) for value in (123_456.0, -2.5e7, 3.0)]
    picture = ElementTree.fromstring(draw(points, "c", "auc", room))
    assert [float(one) for one in picture.get("viewBox", "").split()] == [
        *(0, 0),
        *(room.width, room.height),
    ]
    letters = [one for one in picture.iter(f"{{{SVG}}}text") if one.text]
    assert {one.get("font-size") for one in letters} == {f"{room.letters}px"}
    assert f"chart {room.name}" == picture.get("class")


def test_two_pictures_on_a_page_share_no_id() -> None:
    pictures = [ElementTree.fromstring(draw(POINTS, f"c{one.name}", "auc", one)) for one in ROOMS]
    ids = [one.get("id") for picture in pictures for one in picture.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


def test_a_strict_policy_leaves_it_as_it_is_and_it_takes_the_page_s_colours() -> None:
    picture = draw(POINTS, "c", 'label "quoted"')
    assert " style=" not in picture
    assert "<style" not in picture
    assert "<script" not in picture
    assert 'stroke="var(--now)"' in picture
    assert ElementTree.fromstring(picture).get("aria-label") == 'label "quoted"'


def test_it_is_the_same_each_time() -> None:
    assert draw(POINTS, "c", "auc") == draw(POINTS, "c", "auc")


@settings(max_examples=15, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=4), st.text(max_size=20))
def test_any_numbers_and_names_can_be_drawn(values: list[float], name: str) -> None:
    points = [Point(name, name, value) for value in values]
    assert len(texts(draw(points, "c", name), "title")) == len(values)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_number_keeps_its_slot_and_says_so(place: int) -> None:
    values = [Point(f"c{one}", f"{one} at c{one}", float(one)) for one in range(3)]
    values[place] = Point("odd", "NaN at odd", math.nan, odd="NaN")
    picture = draw(values, "c", "auc")
    assert {"odd", "NaN"} <= set(texts(picture, "text"))
    assert "NaN at odd" in texts(picture, "title")
