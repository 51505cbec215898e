"""Boxes and arrows laid out as a graph from the top down, as SVG."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

_LETTER, _PAD = 7.3, 12.0
_HEIGHT = 40.0
_BESIDE, _BELOW = 20.0, 34.0
_EDGE = 8.0
_ROUNDS = 4  # in which lines are disentangled; the time for it grows faster than the boxes
_MANY = 100

Point = tuple[float, float]
Link = tuple[Hashable, Hashable]


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the picture.

    Attributes:
        key: The stage or file that it shows.
        href: What it links to; empty for nothing.
        kind: Names that a page has styles for.
        title: The whole name.
        lines: The name as shown, and the text below it.
        stage: Whether it is something done, and no file; it has round corners then.
    """

    key: Hashable
    href: str
    kind: str
    title: str
    lines: tuple[str, str]
    stage: bool = False

    @property
    def width(self) -> float:
        """Its width in pixels."""
        longest = max(len(self.lines[0]), round(len(self.lines[1]) * 0.9))
        return max(longest * _LETTER + 2 * _PAD, 70.0)


def draw(boxes: Iterable[Box], links: Iterable[Link], name: str) -> str:
    """The SVG of a graph.

    Args:
        boxes: The boxes.
        links: Keys of the boxes that an arrow leads from and to; others are left out.
        name: The class of the picture, unique on its page.
    """
    boxes_by_key = {item.key: item for item in boxes}
    pairs = [pair for pair in dict.fromkeys(links) if set(pair) <= boxes_by_key.keys()]
    places, lines = _laid_out(boxes_by_key, pairs)
    right = [x + boxes_by_key[key].width / 2 for key, (x, _) in places.items()]
    width = max([*right, *(x for line in lines for x, _ in line)], default=0) + _EDGE
    height = max((y for _, y in places.values()), default=0) + _HEIGHT / 2 + _EDGE
    drawn = [
        *(_edge(line, f"tip-{name}") for line in lines),
        *(_box(boxes_by_key[key], *place) for key, place in places.items()),
    ]
    return (
        f'<svg class="{name}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" '
        'role="group" aria-label="graph">'
        f'<defs><marker id="tip-{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>'
        f"{''.join(drawn)}</svg>"
    )


@dataclass(slots=True)
class _Line:
    """What grandalf asks of the view of an edge: to keep the points of its line."""

    points: list[Point] = field(default_factory=list)

    def setpath(self, points: list[Point]) -> None:
        """Called by grandalf."""
        self.points = points


def _laid_out(
    boxes: Mapping[Hashable, Box], links: Iterable[tuple[Hashable, Hashable]]
) -> tuple[dict[Hashable, Point], list[list[Point]]]:
    """The middle of each box and the points of each line, by Sugiyama's method."""
    from grandalf.graphs import Edge, Graph, Vertex
    from grandalf.layouts import SugiyamaLayout, VertexViewer
    from grandalf.routing import route_with_lines

    vertices = {key: Vertex(key) for key in boxes}
    for key, vertex in vertices.items():
        vertex.view = VertexViewer(boxes[key].width, _HEIGHT)
    edges = [Edge(vertices[item], vertices[other]) for item, other in links]
    for edge in edges:
        edge.view = _Line()
    places: dict[Hashable, Point] = {}
    lines: list[list[Point]] = []
    left = _EDGE
    for part in Graph(list(vertices.values()), edges).C:
        layout = SugiyamaLayout(part)
        layout.route_edge = route_with_lines
        layout.xspace, layout.yspace = _BESIDE, _BELOW
        layout.init_all()
        layout.draw(_ROUNDS if len(part.sV) <= _MANY else 1)
        shift = _shift(part, left)
        for vertex in part.sV:
            places[vertex.data] = _moved(vertex.view.xy, shift)
        lines.extend([_moved(point, shift) for point in edge.view.points] for edge in part.sE)
        ends = [places[item.data][0] + boxes[item.data].width / 2 for item in part.sV]
        left = max(*ends, *(x + shift[0] for x in _bends(part)), left) + _BESIDE
    return {key: places[key] for key in boxes}, sorted(lines)  # grandalf holds them in sets


def _bends(part: Any) -> list[float]:
    """Where lines turn, which may be beside all boxes."""
    return [x for edge in part.sE for x, _ in edge.view.points]


def _shift(part: Any, left: float) -> Point:
    views = [vertex.view for vertex in part.sV]
    x = min([*(view.xy[0] - view.w / 2 for view in views), *_bends(part)])
    y = min(view.xy[1] - view.h / 2 for view in views)
    return left - x, _EDGE - y


def _moved(point: Point, shift: Point) -> Point:
    return point[0] + shift[0], point[1] + shift[1]


def _edge(points: list[Point], tip: str) -> str:
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="edge" points="{way}" marker-end="url(#{tip})"/>'


def _box(box: Box, x: float, y: float) -> str:
    left, top = x - box.width / 2, y - _HEIGHT / 2
    name, below = map(escape, box.lines)
    inner = (
        f"<title>{escape(box.title)}"
        f'</title><rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" '
        f'height="{_HEIGHT:.0f}" rx="{12 if box.stage else 4}"/>'
        f'<text x="{x:.1f}" y="{y - 3:.1f}">{name}</text>'
        f'<text x="{x:.1f}" y="{y + 12:.1f}" class="below">{below}</text>'
    )
    if not box.href:
        return f'<g class="{box.kind}">{inner}</g>'
    return f'<a href="{escape(box.href)}" class="{box.kind}">{inner}</a>'


def cut(name: str, most: int) -> str:
    """A name with its middle left out, since paths differ at their ends."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"
