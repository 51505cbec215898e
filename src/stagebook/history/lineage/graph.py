"""Files and what made them, as a graph: pure data, without access to the disk."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

FORMAT = 1


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A file or folder with one content.

    Attributes:
        path: Relative to the project's root.
        md5: DVC's hash of it; a folder's ends in ``.dir``.
    """

    path: str
    md5: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.md5.endswith(".dir")

    def as_json(self) -> dict[str, str]:
        """This file as plain values."""
        return {"path": self.path, "md5": self.md5}


@dataclass(frozen=True, slots=True)
class Activity:
    """An execution that turned some files into others.

    Attributes:
        id: The execution's name if there is a record, otherwise one of its own.
        stage: The stage.
        executed: ``here`` if its record is in this project; ``elsewhere`` if only ``dvc.lock`` or
            MLflow knows it; ``unrecorded`` for a stage that leaves no record.
        inputs: What it read.
        outputs: What it wrote.
        started: When, ISO 8601; if only ``dvc.lock`` knows it, when that was committed.
        details: What else is known, as in ``--json``.
    """

    id: str
    stage: str
    executed: str
    inputs: tuple[Entity, ...]
    outputs: tuple[Entity, ...]
    started: str
    details: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """This making as plain values."""
        return {
            "id": self.id,
            "stage": self.stage,
            "executed": self.executed,
            "started": self.started or None,
            **self.details,
            "inputs": [input_.as_json() for input_ in self.inputs],
            "outputs": [output.as_json() for output in self.outputs],
        }


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """What a trace is about.

    Attributes:
        what: As the person typed it.
        kind: What it was resolved as: ``path``, ``hash``, ``record``, ``source``, ``run``,
            ``model`` or ``prediction``.
        artefacts: The files that it refers to.
        makings: Ids of the makings that it refers to, if it does not refer to files.
        notes: What a reader should know of it, such as that a file was changed since.
    """

    what: str
    kind: str
    artefacts: tuple[Entity, ...] = ()
    makings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """All that something came from, or all that was made from it.

    Attributes:
        query: What the trace is about.
        down: Whether it goes to what was made from it.
        at: The commit whose ``dvc.lock`` was used; None for the one in the tree.
        makings: In an order in which each comes after those that made its inputs.
        folders: Folders with a file that something else reads or writes by itself, as pairs of
            the folder and the file.
        tracked: The ``.dvc`` file that DVC tracks a file by, for those that have one.
        notes: What is missing from it.
    """

    query: TraceQuery
    down: bool
    at: str | None
    makings: tuple[Activity, ...]
    folders: tuple[tuple[Entity, Entity], ...] = ()
    tracked: Mapping[Entity, str] | None = None
    notes: tuple[str, ...] = ()

    @property
    def makers(self) -> Mapping[Entity, Activity]:
        """The making of each file that has one."""
        return {output: making for making in self.makings for output in making.outputs}

    @property
    def artefacts(self) -> tuple[Entity, ...]:
        """Every file in it, in an order in which each comes after what it was made from."""
        listed = [
            *(entity for making in self.makings for entity in (*making.inputs, *making.outputs)),
            *(entity for pair in self.folders for entity in pair),
            *self.query.artefacts,
        ]
        return tuple(dict.fromkeys(listed))

    @property
    def raw(self) -> tuple[Entity, ...]:
        """The files without a known maker that are in no known folder.

        Empty on the way down, where the other inputs do not matter.
        """
        if self.down:
            return ()
        entities = set(self.makers)
        folders = {folder for folder, part in self.folders if part in entities}
        inside = {part for folder, part in self.folders if folder in entities}
        return tuple(
            artefact for artefact in self.artefacts if artefact not in entities | folders | inside
        )

    def as_json(self) -> dict[str, Any]:
        """This trace as plain values, as ``docs/reference/cli.md`` describes them."""
        tracked = self.tracked or {}
        return {
            "format": FORMAT,
            "what": self.query.what,
            "kind": self.query.kind,
            "direction": "down" if self.down else "up",
            "at": self.at,
            "asked": {
                "artefacts": [artefact.as_json() for artefact in self.query.artefacts],
                "makings": list(self.query.makings),
            },
            "makings": [making.as_json() for making in self.makings],
            "raw": [{**entity.as_json(), "tracked": tracked.get(entity)} for entity in self.raw],
            "folders": [
                {"folder": folder.as_json(), "file": file.as_json()}
                for folder, file in self.folders
            ],
            "notes": [*self.query.notes, *self.notes],
        }


def in_order(
    makings: Iterable[Activity], folders: Iterable[tuple[Entity, Entity]]
) -> tuple[Activity, ...]:
    """Makings, each after those that made what it reads.

    Two contents may have been made from each other, at different times; then the order is that
    of time.
    """
    listed = sorted(makings, key=lambda activity: (activity.started, activity.id))
    by_id = {activity.id: activity for activity in listed}
    needs = dict(_needs(listed, tuple(folders)))
    try:
        return tuple(by_id[name] for name in TopologicalSorter(needs).static_order())
    except CycleError:
        return tuple(listed)


def _needs(
    makings: list[Activity], folders: tuple[tuple[Entity, Entity], ...]
) -> Iterator[tuple[str, list[str]]]:
    makers = {output: making.id for making in makings for output in making.outputs}
    beside: dict[Entity, list[Entity]] = {}
    for folder, file in folders:
        beside.setdefault(folder, []).append(file)
        beside.setdefault(file, []).append(folder)
    for making in makings:
        read = [item for path in making.inputs for item in (path, *beside.get(path, ()))]
        needed = dict.fromkeys(makers[item] for item in read if item in makers)
        yield making.id, [name for name in needed if name != making.id]
