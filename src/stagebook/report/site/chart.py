"""A metric over builds as a chart: SVG that takes its colours from the page it stands on."""

import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from stagebook.report.figures import plain

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_COUNTED = re.compile(r"[\w.]+_\d+")  # matplotlib's names of groups, such as `axes_1`
# Colours that stand for those of the page: matplotlib knows no others, and a page has two sets.
_INK, _LINE, _BAND, _GRID = "#010101", "#020202", "#030303", "#040404"
_PAGE = {
    _INK: "currentColor",
    _LINE: "var(--now)",
    _BAND: "var(--now)",
    _GRID: "var(--line)",
}


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a chart has; it is drawn for each, so that its letters keep their size.

    Attributes:
        name: Of the room; a class of the picture.
        width: In pixels.
        height: In pixels.
        letters: Size of the letters in pixels.
        names: Points that have their name below them, at most.
    """

    name: str
    width: int
    height: int
    letters: int
    names: int


ROOMS = (Room("wide", 840, 200, 12, 8), Room("narrow", 330, 190, 12, 3))
_LEFT, _RIGHT, _TOP, _BOTTOM = 4.6, 2.6, 0.6, 2.0  # room around the axes, in letters


@dataclass(frozen=True, slots=True)
class Point:
    """One value in a chart.

    Attributes:
        name: What stands below it, such as a commit.
        words: What is told of it.
        value: The value; NaN is a gap in the line.
        low: Lower end of its interval; NaN if there is none.
        high: Upper end.
        odd: What stands in the gap instead of a point, such as ``no number``.
    """

    name: str
    words: str
    value: float
    low: float = math.nan
    high: float = math.nan
    odd: str = ""


def draw(points: Sequence[Point], name: str, label: str, room: Room = ROOMS[0]) -> str:
    """The chart of some values in order.

    Args:
        points: The values, oldest first.
        name: Unique on the page; ids in the picture start with it.
        label: The alternative text.
        room: How much room there is.

    Returns:
        An ``svg`` element without a ``style`` attribute, so that a strict policy leaves it as it
        is. Each point has its words as a tooltip.
    """
    import matplotlib
    from matplotlib.figure import Figure

    styled: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "svg.id": name,
        "font.family": "sans-serif",
        "font.size": room.letters,
        "text.parse_math": False,
        "axes.edgecolor": _GRID,
        **dict.fromkeys(("text.color", "xtick.color", "ytick.color"), _INK),
    }
    with matplotlib.rc_context(styled), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the browser has letters that its font lacks
        figure = Figure(figsize=(room.width / 72, room.height / 72))
        _plot(figure.add_axes(_axes(room)), points, name, room.names)
        written = io.BytesIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    picture = _of_page(written.getvalue(), name, label, points)
    picture.set("class", f"chart {room.name}")
    return ElementTree.tostring(picture, encoding="unicode")


def _axes(room: Room) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of the axes, in parts of the whole."""
    left, right = (one * room.letters / room.width for one in (_LEFT, _RIGHT))
    top, bottom = (one * room.letters / room.height for one in (_TOP, _BOTTOM))
    return left, bottom, 1 - left - right, 1 - top - bottom


def _plot(axes: Any, points: Sequence[Point], name: str, names: int) -> None:
    places = range(len(points))
    values = [one.value for one in points]
    if any(not math.isnan(one.low) for one in points):
        low, high = [one.low for one in points], [one.high for one in points]
        axes.fill_between(places, low, high, color=_BAND, alpha=0.2, linewidth=0)
    axes.plot(places, values, color=_LINE, linewidth=1.5)
    for place, one in enumerate(points):
        if not math.isnan(one.value):
            axes.plot([place], [one.value], "o", color=_LINE, markersize=5, gid=f"{name}-{place}")
        elif one.odd:
            _mark(axes, place, one.odd, f"{name}-{place}", last=place == len(points) - 1)
    named = sorted(_named(len(points), names))
    axes.set_xticks(named, [plain(points[place].name) for place in named])
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.tick_params(axis="x", pad=7)
    axes.margins(y=0.15)
    beside = 0.04 * max(1, len(points) - 1)
    axes.set_xlim(-beside, len(points) - 1 + beside)  # also where the line begins or ends in a gap
    axes.locator_params(axis="y", nbins=6)


def _mark(axes: Any, place: int, words: str, gid: str, *, last: bool) -> None:
    """Words at the foot of a gap, in the place of a point."""
    side = "right" if last else "left" if place == 0 else "center"
    foot = axes.get_xaxis_transform()
    axes.text(place, 0.04, plain(words), transform=foot, ha=side, va="bottom", color=_INK, gid=gid)


def _named(count: int, most: int) -> set[int]:
    """The points that have their name below them: all, or some at even distances."""
    if count <= most:
        return set(range(count))
    return {round(one * (count - 1) / (most - 1)) for one in range(most)}


def _of_page(written: bytes, name: str, label: str, points: Sequence[Point]) -> ElementTree.Element:
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    picture = ElementTree.fromstring(written)
    for parent in list(picture.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in picture.iter():
        _unstyle(element)
        if _COUNTED.fullmatch(element.get("id", "")):  # the same in each picture of a page
            del element.attrib["id"]
    for element, one in _drawn(picture, name, points):
        title = ElementTree.Element(f"{{{SVG}}}title")
        title.text = plain(one.words)
        element.insert(0, title)
    picture.attrib.pop("width")
    picture.attrib.pop("height")
    picture.attrib |= {"role": "img", "aria-label": plain(label)}
    return picture


def _drawn(
    picture: ElementTree.Element, name: str, points: Sequence[Point]
) -> Iterator[tuple[ElementTree.Element, Point]]:
    for element in picture.iter():
        start, _, place = element.get("id", "").rpartition("-")
        if start == name and place.isdigit():
            yield element, points[int(place)]


def _unstyle(element: ElementTree.Element) -> None:
    """Turns a style into attributes, with the page's colours."""
    for part in filter(None, element.attrib.pop("style", "").split(";")):
        key, _, value = (one.strip() for one in part.partition(":"))
        if key == "font":  # `9px sans-serif`
            size, _, family = value.partition(" ")
            element.attrib |= {"font-size": size, "font-family": family.replace("'", "")}
        else:
            element.set(key, _PAGE.get(value, value))
