"""A trace as a page of HTML that loads nothing: a drawn graph, and below it what is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.history.lineage.graph import Activity, Entity, Trace
from stagebook.project.text import plain
from stagebook.report import lineage_graph, self_contained
from stagebook.report import lineage_words as words

_STYLE = """
.hash, code { font: .8125rem ui-monospace, monospace; overflow-wrap: anywhere; }
.files { margin-top: .75rem; }
.files th, .files td { text-align: left; overflow-wrap: anywhere; }
.files td.hash { width: 19rem; }
.elsewhere-said { color: var(--new); }
:target { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (max-width: 40rem) {
  .files td.hash { width: 9.5rem; }
}
"""


@dataclass(frozen=True, slots=True)
class _File:
    """A file, with the place on the page that describes it.

    Attributes:
        anchor: Its own anchor on the page, in the place that describes it; empty elsewhere.
        link: The anchor of the making that describes it; empty in that place itself.
        path: Its path.
        md5: Its hash.
        note: A remark on it.
    """

    anchor: str
    link: str
    path: str
    md5: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Card:
    """What the page shows of one making.

    Attributes:
        anchor: Its anchor.
        stage: The stage.
        headline: How and when it was made.
        here: Whether its record is here.
        facts: Labels and texts.
        distributions: Names and versions.
        inputs: What it read.
        outputs: What it wrote.
    """

    anchor: str
    stage: str
    headline: str
    here: bool
    facts: tuple[tuple[str, str], ...]
    distributions: tuple[tuple[str, str], ...]
    inputs: tuple[_File, ...]
    outputs: tuple[_File, ...]


def render_page(trace: Trace) -> str:
    """The page of a trace.

    Args:
        trace: The trace.
    """
    anchors: dict[Entity | str, str] = {
        making.id: f"making-{place}" for place, making in enumerate(trace.makings, start=1)
    }
    shown, makers = lineage_graph.on_the_way(trace), trace.makers
    files = dict.fromkeys((*shown, *makers))
    anchors |= {file: f"file-{place}" for place, file in enumerate(files, start=1)}
    hrefs = {key: f"#{anchor}" for key, anchor in anchors.items()}
    return self_contained.render(
        "lineage.html",
        self_contained.source("graph.css") + _STYLE,
        title=_title(trace),
        at=trace.at,
        asked=[(words.name(artefact), artefact.md5) for artefact in trace.query.artefacts],
        notes=(*trace.query.notes, *trace.notes),
        pictures=[lineage_graph.draw(trace, hrefs, room) for room in lineage_graph.ROOMS],
        cards=[_card(making, makers, anchors) for making in reversed(trace.makings)],
        others_title="Begins with" if trace.down else "Files that no known stage wrote",
        others=[_other(trace, file, anchors) for file in shown if file not in makers],
    )


def _title(trace: Trace) -> str:
    subject = plain(trace.query.what, words.LONGEST)
    return f"What was made from {subject}" if trace.down else f"Origin of {subject}"


def _card(
    making: Activity, makers: Mapping[Entity, Activity], anchors: Mapping[Entity | str, str]
) -> _Card:
    environment: Mapping[str, Any] = making.details["environment"] or {}
    return _Card(
        anchor=anchors[making.id],
        stage=making.stage,
        headline=words.headline(making),
        here=making.executed == "here",
        facts=tuple(words.facts(making)),
        distributions=tuple(sorted(environment.get("distributions", {}).items())),
        inputs=tuple(
            _File("", anchors.get(input_, ""), words.name(input_), input_.md5)
            for input_ in making.inputs
        ),
        outputs=tuple(
            _File(
                anchors[output] if makers[output] is making else "",
                "",
                words.name(output),
                output.md5,
            )
            for output in making.outputs
        ),
    )


def _other(trace: Trace, file: Entity, anchors: Mapping[Entity | str, str]) -> _File:
    dvc = (trace.tracked or {}).get(file)
    if file in trace.raw:
        note = f"raw, tracked by {dvc}" if dvc else "raw"
    elif trace.down:
        note = ""
    else:
        note = "part of a folder that a stage wrote, or a folder of files that stages wrote"
    return _File(anchors[file], "", words.name(file), file.md5, note)
