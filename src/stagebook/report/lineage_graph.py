"""A trace drawn as a graph, from the first files down to what was made from them, as SVG."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stagebook.history.lineage.graph import Activity, Entity, Trace
from stagebook.report import graph_picture
from stagebook.report import lineage_words as words
from stagebook.report.graph_picture import Box, cut


@dataclass(frozen=True, slots=True)
class PictureSize:
    """How much room a picture has.

    Attributes:
        name: Of the room; part of what the picture is called on the page.
        letters: Characters of a name at most; the whole name is its tooltip.
        full_paths: Whether names are paths, and not only the last part of one.
    """

    name: str
    letters: int
    full_paths: bool


ROOMS = (PictureSize("wide", 30, True), PictureSize("narrow", 16, False))


def draw(trace: Trace, hrefs: Mapping[Entity | str, str], room: PictureSize) -> str:
    """The SVG of a trace, in which boxes are links.

    Args:
        trace: The trace.
        hrefs: The address of each file and each making; the box of one without it is not a link.
        room: How much room there is.
    """
    boxes = tuple(_boxes(trace, hrefs, room))
    return graph_picture.draw(boxes, _links(trace), room.name)


def on_the_way(trace: Trace) -> tuple[Entity, ...]:
    """The files that the trace follows, without others that the same stages wrote or read."""
    shown = {entity for pair in trace.folders for entity in pair} | set(trace.query.artefacts)
    for making in trace.makings:
        shown.update(making.outputs if trace.down else making.inputs)
        if making.id in trace.query.makings:
            shown.update(making.inputs if trace.down else making.outputs)
    return tuple(artefact for artefact in trace.artefacts if artefact in shown)


def _boxes(trace: Trace, hrefs: Mapping[Entity | str, str], room: PictureSize) -> Iterator[Box]:
    raw = set(trace.raw)
    for file in on_the_way(trace):
        kind, title = "raw" if file in raw else "file", words.name(file)
        shown = title if room.full_paths else title.rpartition("/")[2]
        lines = (cut(shown, room.letters), words.short(file.md5))
        marks = f"{kind} asked" if file in trace.query.artefacts else kind
        yield Box(file, hrefs.get(file, ""), marks, title, lines)
    for making in trace.makings:
        kind = "making" if making.executed == "here" else "elsewhere"
        below = _below(making)
        lines = (cut(making.stage, room.letters), below if room.full_paths else below[:16])
        marks = f"{kind} asked" if making.id in trace.query.makings else kind
        yield Box(making.id, hrefs.get(making.id, ""), marks, making.stage, lines, stage=True)


def _below(making: Activity) -> str:
    if making.details["record"]:
        return words.moment(making.started)
    return "no record" if making.executed == "unrecorded" else "elsewhere"


def _links(trace: Trace) -> Iterator[tuple[Entity | str, Entity | str]]:
    for making in trace.makings:
        yield from ((file, making.id) for file in making.inputs)
        yield from ((making.id, file) for file in making.outputs)
    makers = trace.makers
    for folder, part in trace.folders:
        yield (part, folder) if part in makers else (folder, part)
