"""From a file to all that it came from, or to all that was made from it."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from stagebook.history.lineage import makings
from stagebook.history.lineage.graph import Activity, Entity, Trace, TraceQuery, in_order
from stagebook.history.lineage.ledger import Ledger
from stagebook.pipeline import git

MOST = 500
"""Maximum number of makings in one trace."""


class _Walk:
    """What was visited so far, and what is still to be visited."""

    def __init__(self, ledger: Ledger, down: bool) -> None:
        self.ledger, self.down = ledger, down
        self.makings: dict[str, Activity] = {}
        self.folders: dict[tuple[Entity, Entity], None] = {}
        self.left_out = False
        self._seen: set[tuple[Entity, bool]] = set()
        self._next: deque[tuple[Entity, bool]] = deque()

    def start(self, artefacts: Iterable[Entity], initial: Iterable[Activity]) -> None:
        """Visits all that can be reached from these."""
        self._next.extend((artefact, True) for artefact in artefacts)
        for making in initial:
            self._add(making)
        while self._next:
            if (step := self._next.popleft()) not in self._seen:
                self._seen.add(step)
                self._visit(*step)

    def _visit(self, file: Entity, sideways: bool) -> None:
        visited = list(self._makings(file))
        for making in visited:
            self._add(making)
        if sideways and (self.down or not visited):
            self._visit_beside(file)

    def _visit_beside(self, file: Entity) -> None:
        """Goes on through the folders that hold a file, and through the files in a folder.

        It does not go sideways again from there: what was made from a folder's other files was
        not made from this one.
        """
        folders = ((entity, file, entity) for entity in self.ledger.folders_of(file))
        parts = ((file, entity, entity) for entity in self.ledger.parts_of(file))
        for folder, part, following in (*folders, *parts):
            if next(self._makings(following), None):
                self.folders[folder, part] = None
                self._next.append((following, False))

    def _makings(self, file: Entity) -> Iterator[Activity]:
        if self.down:
            yield from self.ledger.readers(file)
        elif maker := self.ledger.maker(file):
            yield maker

    def _add(self, making: Activity) -> None:
        if making.id in self.makings:
            return
        if len(self.makings) >= MOST:
            self.left_out = True
            return
        self.makings[making.id] = making
        following = making.outputs if self.down else making.inputs
        self._next.extend((entity, True) for entity in following)


def trace(ledger: Ledger, query: TraceQuery, initial: Iterable[Activity], *, down: bool) -> Trace:
    """All that something came from, or all that was made from it.

    Args:
        ledger: What is known.
        query: What the trace is about.
        initial: The makings to start from, if the query is for an execution.
        down: Whether to go to what was made from it.
    """
    initial = tuple(initial)
    walk = _Walk(ledger, down)
    walk.start(query.artefacts, initial)
    visited = _with_history(ledger, walk.makings.values())
    result = Trace(
        query=replace(query, makings=tuple(activity.id for activity in initial)),
        down=down,
        at=ledger.at,
        makings=in_order(visited, walk.folders),
        folders=tuple(walk.folders),
        notes=tuple(_notes(ledger, walk)),
    )
    return replace(
        result, tracked={entity: dvc for entity in result.raw if (dvc := ledger.tracked_by(entity))}
    )


def _with_history(ledger: Ledger, visited: Iterable[Activity]) -> list[Activity]:
    listed = list(visited)
    commits = [activity.details["git"]["commit"] for activity in listed if activity.details["git"]]
    root = ledger.project.root
    is_known = commits and ledger.git_failure is None and git.tips(root)
    unreachable = git.unreachable(root, commits) if is_known else None
    return [makings.with_history(activity, unreachable) for activity in listed]


def _notes(ledger: Ledger, walk: _Walk) -> Iterator[str]:
    if walk.left_out:
        yield f"Only the first {MOST} executions are shown."
    failure = ledger.git_failure
    if failure is not None and not failure.is_expected:
        yield f"The history of dvc.lock in git is left out. {failure.message}"
    damaged = ledger.history.damaged
    if damaged:
        name, trouble = damaged[0]
        if len(damaged) == 1:
            yield f"A record cannot be read and is left out: {name} ({trouble})."
        else:
            count = f"{len(damaged):,} records"
            yield f"{count} cannot be read and are left out, such as {name} ({trouble})."
