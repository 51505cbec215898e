"""One ``dvc repro``: the stages that it executed, and the state of all others."""

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from stagebook.pipeline.lock import Lock
from stagebook.pipeline.nodes import Node, makers_of
from stagebook.project import typed_json
from stagebook.project.files import write_whole
from stagebook.project.typed_json import ShapeError
from stagebook.record.record import Record

FORMAT = 1


@dataclass(frozen=True, slots=True)
class ExecutedStage:
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
class UnchangedOutput:
    """An output of a stage that the build left as it was.

    Attributes:
        path: Relative to the project's root.
        md5: DVC's hash.
        record: The execution that made it; None if another machine made it.
        run_id: Its run in MLflow, if it is there.
    """

    path: str
    md5: str
    record: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class UnchangedStage:
    """A stage that the build did not need to execute.

    Attributes:
        stage: The stage.
        outputs: What its last execution wrote.
    """

    stage: str
    outputs: tuple[UnchangedOutput, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """One ``dvc repro``, finished or not.

    Attributes:
        repro: Its name in the records.
        executed: The stages that it executed, in order.
        unchanged: The stages that it did not execute, since nothing had changed for them.
        not_reached: The stages that need a stage that failed.
        stale: The stages that would run, but were not asked for or not reached yet.
    """

    repro: str
    executed: tuple[ExecutedStage, ...]
    unchanged: tuple[UnchangedStage, ...] = ()
    not_reached: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    @classmethod
    def of(cls, repro: str, records: Iterable[Record], nodes: Iterable[Node], lock: Lock) -> Self:
        """Judges a build by the hashes in dvc.lock and by its records.

        While a stage runs, ``dvc.lock`` still has the entry of its last execution, so its record
        counts. Only DVC sees that a file that no stage writes has changed: a stage that reads it
        and was not asked for counts as unchanged here.

        Args:
            repro: Its name.
            records: Its records, oldest first.
            nodes: The stages of ``dvc.yaml``.
            lock: What ``dvc.lock`` says.
        """
        by_stage = {record.stage: record for record in records}
        nodes = tuple(nodes)
        hashes = {
            out.path: out.md5 for lock_entry in lock.entries.values() for out in lock_entry.outs
        }
        hashes |= {out.path: out.md5 for record in by_stage.values() for out in record.outputs}
        failed = {name for name, record in by_stage.items() if not record.done}
        cut_off = _downstream(failed, nodes) - by_stage.keys()
        stale = {
            node.name
            for node in nodes
            if node.name not in by_stage and not _is_current(node.name, lock, hashes)
        }
        stale |= _downstream(stale - cut_off, nodes) - by_stage.keys()
        notebook_nodes = [node for node in nodes if node.notebook and node.name not in by_stage]
        return cls(
            repro,
            tuple(_executed(item) for item in by_stage.values()),
            tuple(
                UnchangedStage(
                    node.name, tuple(UnchangedOutput(file.path, file.md5) for file in entry.outs)
                )
                for node in notebook_nodes
                if node.name not in cut_off | stale and (entry := lock.entries.get(node.name))
            ),
            tuple(node.name for node in notebook_nodes if node.name in cut_off),
            tuple(node.name for node in notebook_nodes if node.name in stale - cut_off),
        )

    @property
    def failed(self) -> tuple[ExecutedStage, ...]:
        """The executed stages that failed or were stopped."""
        return tuple(stage for stage in self.executed if stage.outcome != "done")

    @property
    def started(self) -> datetime.datetime:
        """When ``dvc repro`` started, which is in its name."""
        stamp = self.repro.partition("-")[0]
        return datetime.datetime.strptime(f"{stamp}+0000", "%Y%m%dT%H%M%S%f%z")

    @property
    def ended(self) -> datetime.datetime:
        """When the last of its stages ended."""
        ends = (
            datetime.datetime.fromisoformat(stage.started)
            + datetime.timedelta(seconds=stage.seconds)
            for stage in self.executed
            if stage.started
        )
        return max(ends, default=self.started)

    def made_by(self, makers: Callable[[str, str], tuple[str, ...]]) -> Self:
        """The same build, with the execution that made each unchanged output.

        Args:
            makers: Returns the ids of the executions that wrote a path with a hash, newest first.
        """

        def named(output: UnchangedOutput) -> UnchangedOutput:
            return replace(output, record=next(iter(makers(output.path, output.md5)), None))

        return self._with(named, lambda stage: stage)

    def with_runs(self, run_of: Callable[[str], str | None]) -> Self:
        """The same build, with the run in MLflow of each execution that it names.

        Args:
            run_of: The run of an execution, if it has one.
        """
        return self._with(
            lambda output: replace(output, run_id=run_of(output.record) if output.record else None),
            lambda stage: replace(stage, run_id=run_of(stage.record)),
        )

    def _with(
        self,
        output: Callable[[UnchangedOutput], UnchangedOutput],
        executed: Callable[[ExecutedStage], ExecutedStage],
    ) -> Self:
        return replace(
            self,
            executed=tuple(map(executed, self.executed)),
            unchanged=tuple(
                replace(stage, outputs=tuple(map(output, stage.outputs)))
                for stage in self.unchanged
            ),
        )

    def as_json(self) -> dict[str, Any]:
        """The build as plain values."""
        return {"format": FORMAT, **dataclasses.asdict(self)}


def read(path: Path) -> Build | None:
    """The build in a file; None if it is missing, cannot be read, or has another format."""
    try:
        return parse(path.read_bytes())
    except (OSError, ShapeError):
        return None


def parse(text: str | bytes) -> Build | None:
    """The build in a text that ``render`` wrote; None if it has another format.

    Raises:
        ShapeError: It is not a build.
    """
    values = typed_json.convert(typed_json.load(text), dict[str, Any])
    return typed_json.convert(values, Build) if values.get("format") == FORMAT else None


def render(build: Build) -> str:
    """The text of a build's file."""
    return json.dumps(build.as_json(), indent=1, ensure_ascii=False) + "\n"


def write(build: Build, path: Path) -> None:
    """Writes a build's file."""
    write_whole(path, render(build), durable=True)


def _executed(record: Record) -> ExecutedStage:
    volatile = record.volatile
    return ExecutedStage(
        record.stage, record.outcome, record.id, volatile.started, volatile.seconds
    )


def _is_current(stage: str, lock: Lock, hashes: Mapping[str, str]) -> bool:
    """Whether a stage was executed with the current outputs of the other stages."""
    entry = lock.entries.get(stage)
    return entry is not None and all(
        hashes.get(file.path, file.md5) == file.md5 for file in entry.deps
    )


def _downstream(names: Iterable[str], nodes: tuple[Node, ...]) -> set[str]:
    """The stages that need one of these, or need one that does."""
    makers = makers_of(nodes)
    reached, downstream = set(names), set[str]()
    while reached:
        needed = reached
        reached = {
            name
            for name, before in makers.items()
            if name not in downstream and any(node.name in needed for node in before)
        }
        downstream |= reached
    return downstream
