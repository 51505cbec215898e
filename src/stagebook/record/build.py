"""What one ``dvc repro`` was: which stages it executed, and what stands of all others."""

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Self

from stagebook.files import write_whole
from stagebook.pipeline.lock import Lock
from stagebook.record.graph import Node

FORMAT = 1

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Executed:
    """A stage that the build executed.

    Attributes:
        stage: The stage.
        outcome: How it ended.
        record: The execution's id.
        started: When, ISO 8601 in UTC; empty if it was killed before.
        seconds: How long the notebook took.
        run_id: Its run in MLflow, if it is there.
    """

    stage: str
    outcome: str
    record: str
    started: str
    seconds: float
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a stage that the build left as it was.

    Attributes:
        path: Relative to the project's root.
        md5: DVC's hash.
        record: The execution that made it; None if that was elsewhere.
        run_id: Its run in MLflow, if it is there.
    """

    path: str
    md5: str
    record: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A stage that the build had no need to execute.

    Attributes:
        stage: The stage.
        outputs: What it wrote when it was executed last.
    """

    stage: str
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """One ``dvc repro``, as far as it got.

    Attributes:
        repro: Its name, as records have it.
        executed: The stages that it executed, in order.
        unchanged: Those that it left as they were, since nothing of theirs had changed.
        not_reached: Those that need a stage that failed.
        stale: Those that would run, but were not asked for or not reached yet.
    """

    repro: str
    executed: tuple[Executed, ...]
    unchanged: tuple[Unchanged, ...] = ()
    not_reached: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    @classmethod
    def of(cls, repro: str, records: Iterable[Values], nodes: Iterable[Node], lock: Lock) -> Self:
        """Judges a build by the hashes in dvc.lock and by its records.

        While a stage runs, dvc.lock still has its entry of before; its record knows better.
        What DVC alone sees, a changed file that no stage writes, makes a stage that was not
        asked for neither stale nor unchanged here: it counts as unchanged.

        Args:
            repro: Its name.
            records: Its records, oldest first.
            nodes: The stages of ``dvc.yaml``.
            lock: What ``dvc.lock`` says.
        """
        ran = {one["stage"]: one for one in records}
        nodes = tuple(nodes)
        made = {out.path: out.md5 for one in lock.entries.values() for out in one.outs}
        made |= {out["path"]: out["md5"] for one in ran.values() for out in one["outputs"]}
        failed = {name for name, one in ran.items() if one["outcome"] != "done"}
        cut_off = _downstream(failed, nodes) - ran.keys()
        stale = {
            node.name
            for node in nodes
            if node.name not in ran and not _stands(node.name, lock, made)
        }
        stale |= _downstream(stale - cut_off, nodes) - ran.keys()
        ours = [node for node in nodes if node.notebook and node.name not in ran]
        return cls(
            repro,
            tuple(_executed(one) for one in ran.values()),
            tuple(
                Unchanged(node.name, tuple(Output(o.path, o.md5) for o in entry.outs))
                for node in ours
                if node.name not in cut_off | stale and (entry := lock.entries.get(node.name))
            ),
            tuple(node.name for node in ours if node.name in cut_off),
            tuple(node.name for node in ours if node.name in stale - cut_off),
        )

    @property
    def failed(self) -> tuple[Executed, ...]:
        """The stages that were executed and did not end well."""
        return tuple(one for one in self.executed if one.outcome != "done")

    @property
    def started(self) -> datetime.datetime:
        """When ``dvc repro`` started, which is in its name."""
        stamp = self.repro.partition("-")[0]
        return datetime.datetime.strptime(f"{stamp}+0000", "%Y%m%dT%H%M%S%f%z")

    @property
    def ended(self) -> datetime.datetime:
        """When the last of its stages ended."""
        ends = (
            datetime.datetime.fromisoformat(one.started) + datetime.timedelta(seconds=one.seconds)
            for one in self.executed
            if one.started
        )
        return max(ends, default=self.started)

    def made_by(self, makers: Callable[[str, str], tuple[str, ...]]) -> Self:
        """The same build, with the execution that made each output that it left as it was.

        Args:
            makers: Ids of the executions that wrote a path with a hash, newest first.
        """

        def named(one: Output) -> Output:
            return replace(one, record=next(iter(makers(one.path, one.md5)), None))

        return self._with(named, lambda one: one)

    def with_runs(self, run_of: Callable[[str], str | None]) -> Self:
        """The same build, with the run in MLflow of each execution that it names.

        Args:
            run_of: The run of an execution, if it has one.
        """
        return self._with(
            lambda one: replace(one, run_id=run_of(one.record) if one.record else None),
            lambda one: replace(one, run_id=run_of(one.record)),
        )

    def _with(
        self, output: Callable[[Output], Output], executed: Callable[[Executed], Executed]
    ) -> Self:
        return replace(
            self,
            executed=tuple(map(executed, self.executed)),
            unchanged=tuple(
                replace(one, outputs=tuple(map(output, one.outputs))) for one in self.unchanged
            ),
        )

    def as_json(self) -> dict[str, Any]:
        """The build as plain values."""
        return {"format": FORMAT, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, values: Values) -> Self:
        """The build that ``as_json`` made these values of."""
        return cls(
            values["repro"],
            tuple(Executed(**one) for one in values["executed"]),
            tuple(
                Unchanged(one["stage"], tuple(Output(**out) for out in one["outputs"]))
                for one in values["unchanged"]
            ),
            tuple(values["not_reached"]),
            tuple(values["stale"]),
        )


def read(path: Path) -> Build | None:
    """The build in a file; None if there is none of this format."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Build.from_json(values) if values["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(build: Build, path: Path) -> None:
    """Writes a build's file."""
    write_whole(path, json.dumps(build.as_json(), indent=1, ensure_ascii=False) + "\n")


def _executed(record: Values) -> Executed:
    volatile = record["volatile"]
    return Executed(
        record["stage"],
        record["outcome"],
        volatile["id"],
        volatile["started"],
        volatile["seconds"],
    )


def _stands(stage: str, lock: Lock, made: Mapping[str, str]) -> bool:
    """Whether a stage was executed with what the others have made since."""
    entry = lock.entries.get(stage)
    return entry is not None and all(made.get(one.path, one.md5) == one.md5 for one in entry.deps)


def _downstream(names: Iterable[str], nodes: tuple[Node, ...]) -> set[str]:
    """The stages that need one of these, or need one that does."""
    reached, found = set(names), set[str]()
    while reached:
        written = [path for node in nodes if node.name in reached for path in node.outs]
        reached = set(_readers(written, nodes)) - found
        found |= reached
    return found


def _readers(written: list[str], nodes: tuple[Node, ...]) -> Iterator[str]:
    for node in nodes:
        if any(_meet(dep, out) for dep in node.deps for out in written):
            yield node.name


def _meet(one: str, other: str) -> bool:
    """Whether two paths are the same, or one lies in the other."""
    first, second = PurePosixPath(one), PurePosixPath(other)
    return first.is_relative_to(second) or second.is_relative_to(first)
