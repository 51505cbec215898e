"""A metric over builds as a chart: SVG that takes its colours from the page it stands on."""

import io
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from stagebook.report.figures import plain

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_WIDTH, _HEIGHT = 6.4, 2.2  # inches of 72 pixels
_ROOM = (0.09, 0.12, 0.89, 0.84)  # left, bottom, width, height in parts of the whole
_MOST_NAMES = 8
# Colours that stand for those of the page: matplotlib knows no others, and a page has two sets.
_INK, _LINE, _BAND, _GRID = "#010101", "#020202", "#030303", "#040404"
_PAGE = {
    _INK: "currentColor",
    _LINE: "var(--now)",
    _BAND: "var(--now)",
    _GRID: "var(--line)",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One value in a chart.

    Attributes:
        name: What stands below it, such as a commit.
        words: What is told of it.
        value: The value; NaN is left out, as a gap.
        low: Lower end of its interval; NaN if there is none.
        high: Upper end.
    """

    name: str
    words: str
    value: float
    low: float = math.nan
    high: float = math.nan


def draw(points: Sequence[Point], name: str, label: str) -> str:
    """The chart of some values in order.

    Args:
        points: The values, oldest first.
        name: Unique on the page; ids in the picture start with it.
        label: The alternative text.

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
        "font.size": 9,
        "text.parse_math": False,
        "axes.edgecolor": _GRID,
        **dict.fromkeys(("text.color", "xtick.color", "ytick.color"), _INK),
    }
    with matplotlib.rc_context(styled), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the browser has letters that its font lacks
        figure = Figure(figsize=(_WIDTH, _HEIGHT))
        _plot(figure.add_axes(_ROOM), points, name)
        written = io.BytesIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return _of_page(written.getvalue(), name, label, points)


def _plot(axes: Any, points: Sequence[Point], name: str) -> None:
    places = range(len(points))
    values = [one.value for one in points]
    if any(not math.isnan(one.low) for one in points):
        low, high = [one.low for one in points], [one.high for one in points]
        axes.fill_between(places, low, high, color=_BAND, alpha=0.15, linewidth=0)
    axes.plot(places, values, color=_LINE, linewidth=1.5)
    for place, one in enumerate(points):
        if not math.isnan(one.value):
            axes.plot([place], [one.value], "o", color=_LINE, markersize=5, gid=f"{name}-{place}")
    named = sorted(_named(len(points)))
    axes.set_xticks(named, [plain(points[place].name) for place in named])
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.margins(x=0.04, y=0.15)


def _named(count: int) -> set[int]:
    """The points that have their name below them: all, or some at even distances."""
    if count <= _MOST_NAMES:
        return set(range(count))
    return {round(one * (count - 1) / (_MOST_NAMES - 1)) for one in range(_MOST_NAMES)}


def _of_page(written: bytes, name: str, label: str, points: Sequence[Point]) -> str:
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    picture = ElementTree.fromstring(written)
    for parent in list(picture.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in picture.iter():
        _unstyle(element)
    for element, one in _drawn(picture, name, points):
        title = ElementTree.Element(f"{{{SVG}}}title")
        title.text = plain(one.words)
        element.insert(0, title)
    picture.attrib.pop("width")
    picture.attrib.pop("height")
    picture.attrib |= {"role": "img", "aria-label": plain(label), "class": "chart"}
    return ElementTree.tostring(picture, encoding="unicode")


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
