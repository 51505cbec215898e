"""Which records the site cannot read, and what is therefore not known of the last build."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from stagebook.record.build import Build
from stagebook.record.graph import Node
from stagebook.record.history import History, Values
from stagebook.record.indexing import parsed
from stagebook.report.site.book import Stage, State


@dataclass(frozen=True, slots=True)
class Damage:
    """The records that cannot be read.

    Attributes:
        all: Id of each, with the reason.
        blind: Ids of those without which the last build is not known whole.
    """

    all: tuple[tuple[str, str], ...] = ()
    blind: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, history: History, build: Build, records: Iterable[Values], nodes: Iterable[Node]
    ) -> Self:
        """What cannot be read of the records, those of the last build before all.

        The index knows of records as they were when it read them; a file that was cut off since
        is found by reading it again.

        Args:
            history: The records.
            build: The last build that can be read.
            records: Its records.
            nodes: The stages of ``dvc.yaml``.
        """
        found = dict(history.damaged)
        last = max((str(one["volatile"]["id"]) for one in records), default="")
        blind = {name for name in found if name > last}
        for name in _of_last(history, build, nodes):
            if reason := _trouble(history, name):
                found[name] = reason
                blind.add(name)
        return cls(tuple(sorted(found.items())), tuple(sorted(blind)))

    def known(self, stage: Stage) -> Stage:
        """A stage, unless what stands of it may be from a record that cannot be read."""
        taken_for_done = stage.state is State.UNCHANGED and stage.record is None
        if taken_for_done and any(_is_of(name, stage.name) for name, _ in self.all):
            return replace(stage, state=State.UNKNOWN)
        return stage


def _of_last(history: History, build: Build, nodes: Iterable[Node]) -> Iterator[str]:
    """Ids of the last build's executions, of those before it, and of the newest of each stage."""
    question = "SELECT name FROM records WHERE repro = ? ORDER BY name"
    yield from (name for (name,) in history.index.ask(question, build.repro))
    yield from (out.record for one in build.unchanged for out in one.outputs if out.record)
    for node in nodes:
        newest = "SELECT max(name) FROM records WHERE stage = ? AND build"
        yield from (name for (name,) in history.index.ask(newest, node.name) if name)


def _trouble(history: History, name: str) -> str:
    try:
        parsed((history.records / f"{name}.json").read_bytes())
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _is_of(name: str, stage: str) -> bool:
    """Whether an id, which has the stage between a time and a few digits, is one of a stage."""
    rest = name.partition("-")[2]
    return stage in (rest, rest.rpartition("-")[0])
