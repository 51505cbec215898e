"""A watched loss by day as SVG."""

from datetime import date, timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from stagebook.report.loss_chart import ROOMS, Course, draw

FIRST = date(2026, 2, 27)


def course(values: dict[int, float], **changes: object) -> Course:
    days = {FIRST + timedelta(days=place): value for place, value in sorted(values.items())}
    facts = {"limit": 0.5, "reference": 0.4, "alarms": (), "text": str, **changes}
    return Course(days=days, means=days, **facts)  # type: ignore[arg-type]


def drawn(own: Course, place: int = 0) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(draw(own, "a <loss>", ROOMS[place])).iter())


def of_class(elements: list[ElementTree.Element], name: str) -> list[ElementTree.Element]:
    return [element for element in elements if element.get("class") == name]


def test_each_day_has_its_value_as_a_tooltip() -> None:
    titles = [item.text for item in drawn(course({0: 0.1, 3: 0.2})) if item.tag == "title"]
    assert titles == ["2026-02-27: 0.1", "2026-03-02: 0.2"]


def test_a_line_is_broken_where_days_are_missing() -> None:
    lines = of_class(drawn(course({0: 0.1, 1: 0.2, 4: 0.3, 5: 0.1, 9: 0.2})), "daily")
    assert [len(line.get("d", "").split("L")) for line in lines] == [2, 2]


def test_days_are_as_far_apart_as_in_the_calendar() -> None:
    dots = of_class(drawn(course({0: 0.1, 1: 0.1, 10: 0.1})), "day")
    first, second, last = (float(dot.get("cx", "")) for dot in dots)
    assert abs((last - first) / (second - first) - 10) < 0.1


def test_a_higher_value_is_further_up() -> None:
    low, high = of_class(drawn(course({0: 0.1, 1: 0.9})), "day")
    assert float(high.get("cy", "")) < float(low.get("cy", ""))


def test_limit_reference_and_each_alarm_are_marked() -> None:
    elements = drawn(course({0: 0.1, 1: 0.9}, alarms=(FIRST,)))
    assert [len(of_class(elements, name)) for name in ("bound", "reference", "alarm")] == [1, 1, 1]


@given(
    st.dictionaries(st.integers(0, 3000), st.floats(0, 100), min_size=1, max_size=20),
    st.floats(0, 1),
    st.sampled_from([0, 1]),
)
def test_every_day_and_the_limit_are_in_the_picture(
    values: dict[int, float], limit: float, place: int
) -> None:
    elements, room = drawn(course(values, limit=limit), place), ROOMS[place]
    for dot in of_class(elements, "day"):
        assert 0 <= float(dot.get("cx", "")) <= room.width
        assert 0 <= float(dot.get("cy", "")) <= room.height
    (line,) = of_class(elements, "bound")
    assert 0 <= float(line.get("d", "").split()[1].partition("H")[0]) <= room.height
