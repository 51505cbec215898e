"""Intervals as pictures on one axis."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from stagebook.monitoring.figure import Figure
from stagebook.report.interval_bar import IntervalAxis

NUMBERS = st.floats(-1e6, 1e6)


def rects(own: Figure, axis: IntervalAxis, level: Figure | None = None) -> dict[str, list[float]]:
    """By class, where a rectangle begins and ends."""
    root = ElementTree.fromstring(axis.draw(own, level))
    ends = {}
    for rect in root:
        left = float(rect.attrib["x"])
        ends[rect.attrib["class"]] = [left, left + float(rect.attrib["width"])]
    return ends


def test_a_value_is_within_its_interval_and_beside_what_it_is_compared_with() -> None:
    own = rects(Figure(0.5, 0.1, 0.4, 0.6), IntervalAxis(0.0, 1.0), Figure(0.9))
    middle = sum(own["now"]) / 2
    assert own["interval"][0] < middle < own["interval"][1] < own["level"][0]
    assert abs(middle - 100) < 0.1


def test_what_is_beyond_the_axis_is_cut_off() -> None:
    own = rects(Figure(2.0, 0.1, 0.5, 3.0), IntervalAxis(0.0, 1.0))
    assert "now" not in own
    assert own["interval"][1] < 200


def test_without_a_value_there_is_no_picture() -> None:
    none = Figure.absent("no row is positive")
    assert IntervalAxis.of([none]) is None
    assert IntervalAxis(0.0, 1.0).draw(none) == ""


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS), st.tuples(NUMBERS, NUMBERS))
def test_every_picture_is_inside_its_box(
    values: tuple[float, float, float], ends: tuple[float, float]
) -> None:
    low, value, high = sorted(values)
    own = rects(Figure(value, 1.0, low, high), IntervalAxis(*sorted(ends)), Figure(value))
    assert all(left >= 0 and right <= 201 for left, right in own.values())
