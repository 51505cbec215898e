"""A trace drawn as a graph, from what was there first down to what came of it, as SVG."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from stagebook.record.lineage.graph import Artefact, Making, Trace
from stagebook.report import lineage_words as words

_LETTER, _PAD = 7.3, 12.0
_HEIGHT = 40.0
_BESIDE, _BELOW = 20.0, 34.0
_EDGE = 8.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a picture has.

    Attributes:
        name: Of the room; part of what the picture is called on the page.
        letters: Characters of a name at most; the whole name is its tooltip.
        whole: Whether names are paths, and not only the last part of one.
    """

    name: str
    letters: int
    whole: bool


ROOMS = (Room("wide", 30, True), Room("narrow", 16, False))


@dataclass(frozen=True, slots=True)
class Node:
    """One box of the picture.

    Attributes:
        key: The file or the id of the making.
        anchor: What it links to on the page.
        kind: ``file``, ``raw``, ``making`` or ``elsewhere``.
        title: The whole name.
        lines: The name as shown, and what stands below it.
        asked: Whether it is what was asked for.
    """

    key: Artefact | str
    anchor: str
    kind: str
    title: str
    lines: tuple[str, str]
    asked: bool

    @property
    def width(self) -> float:
        """Its width in pixels."""
        longest = max(len(self.lines[0]), round(len(self.lines[1]) * 0.9))
        return max(longest * _LETTER + 2 * _PAD, 70.0)


def draw(trace: Trace, anchors: Mapping[Artefact | str, str], room: Room) -> str:
    """The SVG of a trace: every box links to the part of the page that tells of it.

    Args:
        trace: The trace.
        anchors: The anchor of each file and each making on the page.
        room: How much room there is.
    """
    nodes = {one.key: one for one in _nodes(trace, anchors, room)}
    links = [pair for pair in dict.fromkeys(_links(trace)) if set(pair) <= nodes.keys()]
    places, lines = _laid_out(nodes, links)
    width = max((x + nodes[key].width / 2 for key, (x, _) in places.items()), default=0) + _EDGE
    height = max((y for _, y in places.values()), default=0) + _HEIGHT / 2 + _EDGE
    tip = f"tip-{room.name}"
    drawn = [
        *(_edge(line, tip) for line in lines),
        *(_box(nodes[key], *place) for key, place in places.items()),
    ]
    return (
        f'<svg class="{room.name}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" '
        'role="group" aria-label="graph">'
        f'<defs><marker id="{tip}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>'
        f"{''.join(drawn)}</svg>"
    )


def on_the_way(trace: Trace) -> tuple[Artefact, ...]:
    """The files that the trace follows, without what else was written, or read, beside them."""
    shown = {one for pair in trace.folders for one in pair} | set(trace.asked.artefacts)
    for making in trace.makings:
        shown.update(making.outputs if trace.down else making.inputs)
        if making.id in trace.asked.makings:
            shown.update(making.inputs if trace.down else making.outputs)
    return tuple(one for one in trace.artefacts if one in shown)


def _nodes(trace: Trace, anchors: Mapping[Artefact | str, str], room: Room) -> Iterator[Node]:
    raw = set(trace.raw)
    for file in on_the_way(trace):
        kind, title = "raw" if file in raw else "file", words.name(file)
        shown = title if room.whole else title.rpartition("/")[2]
        lines = (_cut(shown, room.letters), words.short(file.md5))
        yield Node(file, anchors[file], kind, title, lines, file in trace.asked.artefacts)
    for making in trace.makings:
        kind = "making" if making.executed == "here" else "elsewhere"
        below = _below(making)
        lines = (_cut(making.stage, room.letters), below if room.whole else below[:16])
        asked = making.id in trace.asked.makings
        yield Node(making.id, anchors[making.id], kind, making.stage, lines, asked)


def _below(making: Making) -> str:
    if making.details["record"]:
        return words.moment(making.started)
    return "no record" if making.executed == "unrecorded" else "elsewhere"


def _links(trace: Trace) -> Iterator[tuple[Artefact | str, Artefact | str]]:
    for making in trace.makings:
        yield from ((file, making.id) for file in making.inputs)
        yield from ((making.id, file) for file in making.outputs)
    made = trace.makers
    for folder, part in trace.folders:
        yield (part, folder) if part in made else (folder, part)


def _laid_out(
    nodes: Mapping[Artefact | str, Node], links: Iterable[tuple[Artefact | str, Artefact | str]]
) -> tuple[dict[Artefact | str, Point], list[list[Point]]]:
    """The middle of each box and the points of each line, by Sugiyama's method."""
    from grandalf.graphs import Edge, Graph, Vertex
    from grandalf.layouts import SugiyamaLayout, VertexViewer
    from grandalf.routing import EdgeViewer, route_with_lines

    vertices = {key: Vertex(key) for key in nodes}
    for key, vertex in vertices.items():
        vertex.view = VertexViewer(nodes[key].width, _HEIGHT)
    edges = [Edge(vertices[one], vertices[other]) for one, other in links]
    for edge in edges:
        edge.view = EdgeViewer()
    places: dict[Artefact | str, Point] = {}
    lines: list[list[Point]] = []
    left = _EDGE
    for part in Graph(list(vertices.values()), edges).C:
        layout = SugiyamaLayout(part)
        layout.route_edge = route_with_lines
        layout.xspace, layout.yspace = _BESIDE, _BELOW
        layout.init_all()
        layout.draw(4)
        shift = _shift(part, left)
        for vertex in part.sV:
            places[vertex.data] = _moved(vertex.view.xy, shift)
        lines.extend([_moved(one, shift) for one in edge.view._pts] for edge in part.sE)
        left = max(places[one.data][0] + nodes[one.data].width / 2 for one in part.sV) + _BESIDE
    return {key: places[key] for key in nodes}, sorted(lines)  # grandalf holds them in sets


def _shift(part: Any, left: float) -> Point:
    views = [vertex.view for vertex in part.sV]
    x = min(view.xy[0] - view.w / 2 for view in views)
    y = min(view.xy[1] - view.h / 2 for view in views)
    return left - x, _EDGE - y


def _moved(point: Point, shift: Point) -> Point:
    return point[0] + shift[0], point[1] + shift[1]


def _edge(points: list[Point], tip: str) -> str:
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="edge" points="{way}" marker-end="url(#{tip})"/>'


def _box(node: Node, x: float, y: float) -> str:
    asked = " asked" if node.asked else ""
    left, top = x - node.width / 2, y - _HEIGHT / 2
    corner = 4 if node.kind in ("file", "raw") else 12
    name, below = map(escape, node.lines)
    return (
        f'<a href="#{node.anchor}" class="{node.kind}{asked}"><title>{escape(node.title)}'
        f'</title><rect x="{left:.1f}" y="{top:.1f}" width="{node.width:.1f}" '
        f'height="{_HEIGHT:.0f}" rx="{corner}"/><text x="{x:.1f}" y="{y - 3:.1f}">{name}</text>'
        f'<text x="{x:.1f}" y="{y + 12:.1f}" class="below">{below}</text></a>'
    )


def _cut(name: str, most: int) -> str:
    """A name with its middle left out, since paths differ at their ends."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"
