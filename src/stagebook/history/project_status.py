"""What the site shows of a project, as values: its last build, its files, its metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from stagebook.history import carried, measured
from stagebook.history.gates import GateVerdict
from stagebook.history.log import LogEntry
from stagebook.history.measured import BuildMetrics
from stagebook.history.staleness import Causes
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git import Git
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.nodes import Node
from stagebook.project.errors import Problem, StagebookError
from stagebook.record.record import Record, RecordedTable
from stagebook.record.unstarted import Unstarted

Rebuilt = tuple[LockEntry, LockEntry | None]
"""A stage's entry in ``dvc.lock``, and its entry in that of another commit."""


class StageState(Enum):
    """What the last build did with a stage."""

    EXECUTED = "executed"
    FAILED = "failed"
    UNCHANGED = "unchanged"
    NOT_REACHED = "not reached"
    STALE = "stale"
    MISSING = "outputs missing"
    NEVER = "never built"
    EDITED = "not as in dvc.lock"
    UNKNOWN = "not known"
    OTHER = "no notebook"


@dataclass(frozen=True, slots=True)
class FirstProblem:
    """The first problem of an execution.

    Attributes:
        message: Its first line, unchanged: name and message of an error, or a broken rule.
        cell: Position of the cell, as text; empty if it is not in a cell.
    """

    message: str
    cell: str = ""


@dataclass(frozen=True, slots=True)
class StageOrigin:
    """The build that the outputs of a stage are from.

    Attributes:
        carried: Whether another machine made it and its record came with the outputs.
        started: When it started, ISO 8601 in UTC; empty if that is not known.
        code: What git said then.
    """

    carried: bool
    started: str = ""
    code: Git | None = None


@dataclass(frozen=True, slots=True)
class StageStatus:
    """One stage, as the last build left it.

    Attributes:
        node: Its name, what it reads and writes.
        state: What the last build did with it.
        record: The execution that failed, or else the one that made the present outputs; None if
            it is not known here.
        failed: How it ended, if it failed or was stopped; otherwise empty.
        row: What changed since its previous build, if the last build executed it.
        stale: The changes since its outputs were built; empty if they are current.
    """

    node: Node
    state: StageState
    record: Record | None = None
    failed: str = ""
    row: LogEntry | None = None
    stale: Causes = ()

    @property
    def word(self) -> str:
        """How it failed, or else what the last build did with it."""
        return self.failed or self.state.value

    @property
    def name(self) -> str:
        """DVC's name of it."""
        return self.node.name

    @property
    def title(self) -> str:
        """The notebook's heading, or the name."""
        return (self.record and self.record.title) or self.name

    @property
    def origin(self) -> StageOrigin | None:
        """The build that its outputs are from; None if it has no record."""
        if self.record is None or self.failed:
            return None
        if carried.is_carried(self.record):
            return StageOrigin(carried=True)
        started = measured.moment(self.record.id)
        return StageOrigin(carried=False, started=started, code=self.record.git)

    @property
    def first_problem(self) -> FirstProblem | None:
        """The first problem of its execution, if that failed and its record has one."""
        first = next(iter(self.record.problems), None) if self.record else None
        if self.state is not StageState.FAILED or first is None:
            return None
        message = next(iter(first.message.strip().splitlines()), "")
        cell = str(first.where.cell) if first.where and first.where.cell else ""
        return FirstProblem(message, cell) if message or cell else None

    @property
    def broken_tables(self) -> tuple[RecordedTable, ...]:
        """The tables that it read or wrote and that break their contracts."""
        return tuple(table for table in self.tables if table.is_refused)

    @property
    def is_input_refused(self) -> bool:
        """Whether it failed before a kernel started, since an input breaks its contract."""
        executed = self.record is not None and bool(self.record.volatile.cells)
        if self.state is not StageState.FAILED or executed:
            return False
        return any(table.is_input for table in self.broken_tables)

    @property
    def tables(self) -> tuple[RecordedTable, ...]:
        """What was found out about each table that it read or wrote."""
        return self.record.tables if self.record else ()


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file or folder that stages write, or that they begin with.

    Attributes:
        path: Relative to the project's root.
        hashed: DVC's hash and its size; None if it was never built.
        maker: The stage that writes it; empty if no stage does.
        readers: The stages that read it.
        table: What was found out about it, if it is a table.
        package: Whether it is a packaged model; its rows are golden rows then.
    """

    path: str
    hashed: HashedPath | None
    maker: str
    readers: tuple[str, ...]
    table: RecordedTable | None = None
    package: bool = False

    @property
    def rows(self) -> str:
        """How many rows there are, and of what kind; empty if that is not known."""
        rows = self.table.rows if self.table else None
        return f"{rows:,}{' golden' * self.package}" if rows is not None else ""


@dataclass(frozen=True, slots=True)
class HeadlineMetric:
    """A metric that the project shows first.

    Attributes:
        file: The metrics file.
        name: Its dotted name in it.
        value: Its value in the tree; None if it is missing.
        before: Its value in the build before; in the last build if the tree has another value.
        base: Its value in the commit that the site compares with.
        edited: Whether the tree has another value than the last build that measured it.
        trouble: Why the value is missing, in a word or two; empty if it is there.
        stage: The stage that writes the file; None if no stage does.
    """

    file: str
    name: str
    value: Any
    before: Any = None
    base: Any = None
    edited: bool = False
    trouble: str = ""
    stage: StageStatus | None = None

    @property
    def stale(self) -> Causes:
        """The changes since the value was built; empty if it is current."""
        return self.stage.stale if self.stage is not None else ()


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """All that the site shows.

    Attributes:
        project: The project's name.
        built_from: What git said when the last build started, as its records have it.
        started: When the last build started, ISO 8601 in UTC; an empty text before the first.
        against: Name of the commit that metrics are compared with; empty for none.
        stages: In the order of ``dvc.yaml``.
        files: What they read and write.
        headlines: The metrics that come first.
        builds: Every build that has metrics, oldest first.
        lost: Commits that records name and git does not have any more.
        notes: What could not be read, in words.
        verdicts: Whether metrics keep to their gates.
        unstarted: The stage that the last build could not even start, if there is one.
        rebuilt: Both entries of each stage that differs from the other commit.
        damaged: Ids of the records that cannot be read.
        shallow: Whether git has only the last part of history here, so that a commit that it does
            not know may still exist.
        recorded: Whether there is any record of the last build.
        checkout: What git says of the tree as it is now; None without git or a commit.
        blind: Ids of those damaged records without which the last build is not fully known.
        edited: Outputs that differ from ``dvc.lock``; None if they were not compared.
        description: What the project is about; may be empty.
        unbuilt: The stages that ``dvc.lock`` does not have, ours and hand-written ones.
        unreadable: Why ``dvc.yaml`` or ``dvc.lock`` cannot be read; empty if they can be read.
    """

    project: str
    built_from: Git | None
    started: str
    against: str
    stages: tuple[StageStatus, ...]
    files: tuple[DataFile, ...]
    headlines: tuple[HeadlineMetric, ...]
    builds: tuple[BuildMetrics, ...]
    lost: frozenset[str]
    notes: tuple[str, ...]
    verdicts: tuple[GateVerdict, ...] = ()
    unstarted: Unstarted | None = None
    rebuilt: Mapping[str, Rebuilt] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()
    shallow: bool = False
    recorded: bool = True
    checkout: Git | None = None
    blind: tuple[str, ...] = ()
    edited: tuple[str, ...] | None = None
    description: str = ""
    unbuilt: tuple[str, ...] = ()
    unreadable: tuple[Problem, ...] = ()

    def require_readable(self) -> None:
        """Raises a StagebookError if ``dvc.yaml`` or ``dvc.lock`` cannot be read."""
        if self.unreadable:
            raise StagebookError(*self.unreadable)

    @property
    def notebooks(self) -> tuple[StageStatus, ...]:
        """The stages that are notebooks."""
        return tuple(stage for stage in self.stages if stage.node.notebook)

    @property
    def built(self) -> tuple[StageStatus, ...]:
        """The notebooks whose outputs are those of the last build."""
        current = (StageState.EXECUTED, StageState.UNCHANGED)
        return tuple(stage for stage in self.notebooks if stage.state in current)

    @property
    def code(self) -> Git | None:
        """What git said of the code of the last build; of the tree if no build has a record."""
        return self.built_from if self.recorded else self.checkout

    @property
    def is_commit_lost(self) -> bool:
        """Whether git does not have the commit of that code, as after history was rewritten."""
        return self.code is not None and self.code.commit in self.lost

    @property
    def held_contracts(self) -> int:
        """How many tables keep to their contracts, each counted once per contract."""
        return len(
            {
                (path, table.contract)
                for stage in self.stages
                for table in stage.tables
                if table.contract and table.holds
                for path in table.paths
            }
        )

    def verdict(self, file: str, name: str) -> GateVerdict | None:
        """The verdict of a metric's gate; None if it has no gate."""
        verdicts = (
            gate_verdict
            for gate_verdict in self.verdicts
            if (gate_verdict.gate.file, gate_verdict.gate.name) == (file, name)
        )
        return next(verdicts, None)
