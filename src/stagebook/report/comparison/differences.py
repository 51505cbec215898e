"""What differs of a stage, kind by kind, in words that terminal and page share."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.history.comparison import ComparedFile, StageComparison, differ
from stagebook.project.text import counted, plain
from stagebook.record import metrics
from stagebook.report import metric_words
from stagebook.report.comparison.words import LONGEST, NONE, exact, value
from stagebook.report.lineage_words import short


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that differs.

    Attributes:
        name: What it is.
        before: What it was.
        now: What it is.
        change: How far it moved; empty where that says nothing.
    """

    name: str
    before: str
    now: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What differs of one kind.

    Attributes:
        title: The kind.
        lines: Each thing.
    """

    title: str
    lines: tuple[Line, ...]


def groups(stage: StageComparison) -> tuple[Group, ...]:
    """All that is known to differ of a stage, kind by kind."""
    all_groups = (
        Group("outcome", tuple(_outcome(stage))),
        Group("parameters", tuple(_values(stage.parameters))),
        Group("metrics", tuple(_metrics(stage.measured))),
        Group("data read", tuple(_files(stage.reads))),
        Group("data written", tuple(_files(stage.writes))),
        Group("code", tuple(_code(stage))),
        Group("packages", tuple(_values(stage.changes.packages) if stage.changes else ())),
    )
    return tuple(group for group in all_groups if group.lines)


def headlines(stages: Iterable[StageComparison], entries: Iterable[str]) -> Iterator[Line]:
    """The metrics that a project shows first, where one of the stages measured them.

    Args:
        stages: The stages that are compared.
        entries: The metrics, each as ``file:dotted.name``.
    """
    compared = tuple(stages)
    for entry in entries:
        file, _, name = entry.rpartition(":")
        names = (name, metrics.named(file, name, 2))
        measured = (stage.metrics for stage in compared if _writes(stage, file))
        pair = next((item[key] for item in measured for key in names if key in item), None)
        if pair is not None:
            before, now = pair
            moved = metric_words.change(now, before).words or _kinds(before, now)
            yield Line(plain(name, LONGEST), value(before), value(now), moved)


def _writes(stage: StageComparison, file: str) -> bool:
    """Whether a file is an output of a stage on either side."""
    records = (record for record in (stage.before, stage.now) if record is not None)
    return any(output.path == file for record in records for output in record.outputs)


def _outcome(stage: StageComparison) -> Iterator[Line]:
    if stage.ended[0] != stage.ended[1]:
        before, now = (plain(word) if word else NONE for word in stage.ended)
        yield Line("ended", before, now)


def _values(pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[Line]:
    for name, (before, now) in pairs.items():
        yield Line(plain(name, LONGEST), exact(before), exact(now))


def _metrics(pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[Line]:
    for name, (before, now) in pairs.items():
        change = metric_words.change(now, before)
        moved = change.words if change.up is not None else _kinds(before, now)
        yield Line(plain(name, LONGEST), value(before), value(now), moved)


def _kinds(before: Any, now: Any) -> str:
    """The change between two values of which one is not a number."""
    if before is None or now is None:
        return "new" if before is None else "gone"
    if type(before) is not type(now) and differ(value(before), value(now)):
        names = {"str": "a text", "bool": "true or false", "int": "a number", "float": "a number"}
        old, new = (names.get(type(item).__name__, "") for item in (before, now))
        return f"was {old}" if old != new else ""
    return ""


def _files(pairs: Mapping[str, tuple[ComparedFile | None, ComparedFile | None]]) -> Iterator[Line]:
    for path, (before, now) in pairs.items():
        rows = [file.rows if file else None for file in (before, now)]
        moved = ""
        if isinstance(rows[0], int) and isinstance(rows[1], int):
            difference = rows[1] - rows[0]
            noun = "row" if abs(difference) == 1 else "rows"
            moved = f"{difference:+,} {noun}".replace("-", "−") if difference else "as many rows"
        yield Line(plain(path), _file(before), _file(now), moved)


def _file(file: ComparedFile | None) -> str:
    if file is None:
        return NONE
    rows = f", {counted(file.rows, 'row')}" if isinstance(file.rows, int) else ""
    return f"{short(plain(file.md5))}{rows}"


def _other(item: StageComparison) -> Line:
    """That the code differs, where it is not known which."""
    if item.remembered:
        return Line("notebook", "", "other code")
    return Line("stage", "", "different code, packages or command")


def _code(stage: StageComparison) -> Iterator[Line]:
    changes = stage.changes
    if changes is None:
        return
    if changes.cells:
        yield Line("notebook", "", counted(changes.cells, "new or changed cell"))
    elif changes.code and not changes.modules:
        yield _other(stage)
    yield from (Line(plain(name), "", "changed") for name in changes.modules)
