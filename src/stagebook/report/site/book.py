"""What the site tells of a project: its last build, its files, its metrics, held as values."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from stagebook.pipeline.dvc import Hashed
from stagebook.pipeline.lock import Lock
from stagebook.record.build import Build
from stagebook.record.gates import Verdict
from stagebook.record.graph import Node
from stagebook.record.history import Values
from stagebook.record.log import Row
from stagebook.record.measured import Measured
from stagebook.record.unstarted import Unstarted


class State(Enum):
    """What the last build did with a stage."""

    EXECUTED = "executed"
    FAILED = "failed"
    UNCHANGED = "unchanged"
    NOT_REACHED = "not reached"
    STALE = "out of date"
    MISSING = "outputs missing"
    NEVER = "never built"
    UNKNOWN = "not known"
    OTHER = "no notebook"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, as the last build left it.

    Attributes:
        node: Its name, what it reads and writes.
        state: What the last build did with it.
        record: The execution that failed, or else the one whose outputs stand; None if that is
            not known here.
        failed: How it ended, if it did not end well.
        row: What changed since its build before, if the last build executed it.
    """

    node: Node
    state: State
    record: Values | None = None
    failed: str = ""
    row: Row | None = None

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
        return str((self.record or {}).get("title") or self.name)

    def tables(self) -> Iterator[Values]:
        """What was found out about each table that it read or wrote."""
        found = (self.record or {}).get("tables")
        yield from (one for one in found or () if isinstance(one, Mapping))


@dataclass(frozen=True, slots=True)
class File:
    """A file or folder that stages write, or that they begin with.

    Attributes:
        path: Relative to the project's root.
        hashed: DVC's hash and its size; None where it was never built.
        maker: The stage that writes it; empty for what was there before.
        readers: The stages that read it.
        table: What was found out about it, if it is a table.
        package: Whether it is a packaged model; its rows are golden rows then.
    """

    path: str
    hashed: Hashed | None
    maker: str
    readers: tuple[str, ...]
    table: Values | None = None
    package: bool = False

    @property
    def rows(self) -> str:
        """How many rows there are, and of what kind; empty if that is not known."""
        rows = (self.table or {}).get("rows")
        return f"{rows:,}{' golden' * self.package}" if isinstance(rows, int) else ""


@dataclass(frozen=True, slots=True)
class Headline:
    """A metric that the project shows first.

    Attributes:
        file: The metrics file.
        name: Its dotted name in it.
        value: As it is in the tree; None if it is not there.
        before: As it was in the build before; in the last one where the tree has another value.
        base: As it is in the commit that the site compares with.
        edited: Whether the tree has another value than the last build that measured it.
        trouble: Why there is no value, in a word or two; empty if there is one.
    """

    file: str
    name: str
    value: Any
    before: Any = None
    base: Any = None
    edited: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """All that the site tells.

    Attributes:
        project: The project's name.
        built_from: What git said when the last build started, as its records have it.
        started: When the last build started, ISO 8601 in UTC; empty if there was none.
        against: Name of the commit that metrics are compared with; empty for none.
        stages: In the order of ``dvc.yaml``.
        files: What they read and write.
        headlines: The metrics that come first.
        builds: Every build that has metrics, oldest first.
        lost: Commits that records name and git does not have any more.
        notes: What could not be read, in words.
        verdicts: Whether metrics keep to their gates.
        unstarted: The stage that the last build could not even start, if there is one.
        rebuilt: Of each stage that is not what it is in the other commit, what changed, in words.
        damaged: Ids of the records that cannot be read.
        shallow: Whether git has only the last part of history here, so that what it does not
            know is not therefore gone.
        recorded: Whether there is any record of the last build.
        checkout: What git says of the tree as it is now; None without git or a commit.
        blind: Ids of those damaged records without which the last build is not known whole.
        edited: Outputs that are not what ``dvc.lock`` has; None where that was not asked.
    """

    project: str
    built_from: Values | None
    started: str
    against: str
    stages: tuple[Stage, ...]
    files: tuple[File, ...]
    headlines: tuple[Headline, ...]
    builds: tuple[Measured, ...]
    lost: frozenset[str]
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()
    unstarted: Unstarted | None = None
    rebuilt: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()
    shallow: bool = False
    recorded: bool = True
    checkout: Values | None = None
    blind: tuple[str, ...] = ()
    edited: tuple[str, ...] | None = None

    @property
    def notebooks(self) -> tuple[Stage, ...]:
        """The stages that are notebooks."""
        return tuple(one for one in self.stages if one.node.notebook)

    def verdict(self, file: str, name: str) -> Verdict | None:
        """What came of a metric's gate; None if it has none."""
        found = (one for one in self.verdicts if (one.gate.file, one.gate.name) == (file, name))
        return next(found, None)


def stages_of(
    nodes: Iterable[Node],
    build: Build,
    records: Mapping[str, Values],
    rows: Mapping[str, Row],
    lock: Lock,
    absent: Collection[str] = (),
) -> Iterator[Stage]:
    """Every stage but the one that writes sources, as a build left it.

    Args:
        nodes: The stages of ``dvc.yaml``.
        build: The last build.
        records: Of each stage, its execution in the build, or the one that its outputs are from.
        rows: Of each stage that it executed, what changed.
        lock: What ``dvc.lock`` says.
        absent: Outputs that are not in the tree, as in a clone before ``dvc pull``.
    """
    executed = {one.stage: one for one in build.executed}
    not_reached, stale = set(build.not_reached), set(build.stale)
    for node in nodes:
        ran = executed.get(node.name)
        record = records.get(node.name)
        if not node.notebook:
            yield Stage(node, State.MISSING if _misses(node, lock, absent) else State.OTHER)
        elif ran is not None:
            done = ran.outcome == "done"
            state = State.EXECUTED if done else State.FAILED
            yield Stage(node, state, record, "" if done else ran.outcome, rows.get(node.name))
        elif node.name in not_reached:
            yield Stage(node, State.NOT_REACHED, record)
        elif node.name not in lock.entries:
            yield Stage(node, State.NEVER, record)
        elif node.name in stale:
            yield Stage(node, State.STALE, record)
        else:
            misses = _misses(node, lock, absent)
            yield Stage(node, State.MISSING if misses else State.UNCHANGED, record)


def _misses(node: Node, lock: Lock, absent: Collection[str]) -> bool:
    """Whether something that a stage wrote once is not there."""
    return node.name in lock.entries and any(path in absent for path in node.outs)


def files_of(stages: Iterable[Stage], lock: Lock, packages: Collection[str] = ()) -> Iterator[File]:
    """The files that stages pass on to each other, in the order in which they are met.

    Metrics and plots are left out unless a stage reads them, and so is the code of stages that
    are no notebooks.

    Args:
        stages: The stages.
        lock: What ``dvc.lock`` says.
        packages: Paths of those that are packaged models.
    """
    stages = tuple(stages)
    hashes = {one.path: one for one in lock.files()}
    failed = (one for one in stages if one.state is State.FAILED)
    hashes |= {one.path: one for stage in failed for one in _read_by(stage)}
    makers = {path: one.name for one in stages for path in one.node.outs}
    reads = {one.name: tuple(_reads(one, makers)) for one in stages}
    tables = {path: table for one in stages for path, table in _tables(one)}
    shown = {path: None for one in stages for path in (*reads[one.name], *_passed_on(one.node))}
    for path in shown:
        readers = tuple(name for name, paths in reads.items() if path in paths)
        found = hashes.get(path), makers.get(path, ""), readers, tables.get(path)
        yield File(path, *found, package=path in packages)


def _reads(stage: Stage, makers: Mapping[str, str]) -> Iterator[str]:
    """What a stage reads that is data; its record knows that best."""
    if stage.record is not None:
        yield from (str(one["path"]) for one in stage.record.get("inputs", ()))
    elif stage.node.notebook:
        own = (one for one in stage.node.deps if not one.startswith(".stagebook/"))
        yield from own
    else:
        yield from (one for one in stage.node.deps if one in makers)


def _read_by(stage: Stage) -> Iterator[Hashed]:
    """What an execution read, which ``dvc.lock`` does not have if the execution failed."""
    for one in (stage.record or {}).get("inputs", ()):
        yield Hashed(str(one["path"]), str(one["md5"]), one.get("size"), one.get("files"))


def _passed_on(node: Node) -> Iterator[str]:
    yield from (path for path in node.outs if path not in node.measures)


def _tables(stage: Stage) -> Iterator[tuple[str, Values]]:
    """The tables of a stage by path; one that is in several files is known by each."""
    for table in stage.tables():
        yield from ((str(path), table) for path in table.get("paths", ()))
