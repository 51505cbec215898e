"""The records that the site cannot read, and what they leave unknown of the last build."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from stagebook.history.build import Build
from stagebook.history.history import History
from stagebook.history.project_status import StageState, StageStatus
from stagebook.pipeline.nodes import Node
from stagebook.record import reading
from stagebook.record.reading import DamagedRecordError
from stagebook.record.record import Record


@dataclass(frozen=True, slots=True)
class DamagedRecords:
    """The records that cannot be read.

    Attributes:
        all: The id of each, with the reason.
        blind: The ids of those without which the last build is not fully known.
    """

    all: tuple[tuple[str, str], ...] = ()
    blind: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, history: History, build: Build, records: Iterable[Record], nodes: Iterable[Node]
    ) -> Self:
        """The records that cannot be read; those of the last build are read again.

        The index has records as they were when it read them; a file that was damaged since then
        is only found by reading it again.

        Args:
            history: The records.
            build: The last build that can be read.
            records: Its records.
            nodes: The stages of ``dvc.yaml``.
        """
        reasons = dict(history.damaged)
        last = max((record.id for record in records), default="")
        blind = {name for name in reasons if name > last}
        for name in _of_last(history, build, nodes):
            if reason := _trouble(history, name):
                reasons[name] = reason
                blind.add(name)
        return cls(tuple(sorted(reasons.items())), tuple(sorted(blind)))

    def with_unknown_state(self, stage: StageStatus) -> StageStatus:
        """The stage; its state is unknown if its outputs may belong to an unreadable record."""
        taken_for_done = stage.state is StageState.UNCHANGED and stage.record is None
        if taken_for_done and any(_is_of(name, stage.name) for name, _ in self.all):
            return replace(stage, state=StageState.UNKNOWN)
        return stage


def _of_last(history: History, build: Build, nodes: Iterable[Node]) -> Iterator[str]:
    """Ids of the last build's executions, of those before it, and of the newest of each stage."""
    question = "SELECT name FROM records WHERE repro = ? ORDER BY name"
    yield from (name for (name,) in history.index.ask(question, build.repro))
    yield from (out.record for item in build.unchanged for out in item.outputs if out.record)
    for node in nodes:
        newest = "SELECT max(name) FROM records WHERE stage = ? AND build"
        yield from (name for (name,) in history.index.ask(newest, node.name) if name)


def _trouble(history: History, name: str) -> str:
    try:
        reading.read(history.records / f"{name}.json")
    except (OSError, DamagedRecordError) as error:
        return str(error)
    return ""


def _is_of(name: str, stage: str) -> bool:
    """Whether an id, which has the stage between a time and a few digits, belongs to a stage."""
    rest = name.partition("-")[2]
    return stage in (rest, rest.rpartition("-")[0])
