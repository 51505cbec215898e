"""Two executions of a stage side by side, and all stages of two builds or commits."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stagebook.history import committed
from stagebook.history.changes import Changes, Pair
from stagebook.history.sides import ComparisonSide, SideKind
from stagebook.pipeline.dvc import HashedPath
from stagebook.project.errors import Problem, StagebookError, did_you_mean
from stagebook.record.record import Record


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """What was read, or written, at one path.

    Attributes:
        md5: DVC's hash.
        rows: How many rows it has, if it is a table.
    """

    md5: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class StageComparison:
    """One stage on both sides.

    Attributes:
        stage: The stage.
        before: Its record on the side that it is compared with; None if it is missing.
        now: Its record on the side that was asked for; None if it is missing.
        parameters: The values that differ, by name.
        metrics: Every metric of either side, by name.
        reads: The inputs that differ, by path; None on a side that does not read it.
        writes: The outputs that differ, in the same form.
        changes: What else differs: code and packages; None if one side is missing.
    """

    stage: str
    before: Record | None
    now: Record | None
    parameters: Mapping[str, Pair]
    metrics: Mapping[str, Pair]
    reads: Mapping[str, tuple[ComparedFile | None, ComparedFile | None]]
    writes: Mapping[str, tuple[ComparedFile | None, ComparedFile | None]]
    changes: Changes | None

    @classmethod
    def between(cls, stage: str, before: Record | None, now: Record | None) -> "StageComparison":
        """What differs between two executions of a stage."""
        then, this = _Compared.of(before), _Compared.of(now)
        return cls(
            stage,
            before,
            now,
            dict(_differing(then.parameters, this.parameters)),
            dict(_paired(then.metrics, this.metrics)),
            dict(_differing(then.inputs, this.inputs)),
            dict(_differing(then.outputs, this.outputs)),
            Changes.between(before, now, before) if before and now else None,
        )

    @property
    def measured(self) -> dict[str, Pair]:
        """The metrics that differ."""
        return {name: pair for name, pair in self.metrics.items() if differ(*pair)}

    @property
    def remembered(self) -> bool:
        """Whether both sides are records of executions, and not read from commits."""
        return not any(committed.is_locked(record) for record in (self.before, self.now) if record)

    @property
    def ended(self) -> tuple[str | None, str | None]:
        """How the two executions ended; None for a missing one."""
        before, now = (record.outcome if record else None for record in (self.before, self.now))
        return before, now

    @property
    def same(self) -> bool:
        """Whether nothing at all is known to differ."""
        changes = self.changes
        return not (
            changes is None
            or self.ended[0] != self.ended[1]
            or self.parameters
            or self.measured
            or self.reads
            or self.writes
            or changes.code
            or changes.packages
        )

    def as_json(self) -> dict[str, Any]:
        """This stage as plain values."""
        changes = self.changes
        return {
            "stage": self.stage,
            "remembered": self.remembered,
            "before": _execution_json(self.before),
            "now": _execution_json(self.now),
            "parameters": _pairs(self.parameters),
            "metrics": _pairs(self.measured),
            "inputs": {path: _sides(*pair) for path, pair in self.reads.items()},
            "outputs": {path: _sides(*pair) for path, pair in self.writes.items()},
            **(_code(changes) if changes else {"code": None, "packages": {}}),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides, with every stage that differs.

    Attributes:
        before: What is compared with.
        now: What was asked for.
        stages: The stages that differ; for two executions, always their stage.
        unchanged: Names of the stages that do not differ.
        elsewhere: Stages whose executions have no record here.
    """

    before: ComparisonSide
    now: ComparisonSide
    stages: tuple[StageComparison, ...]
    unchanged: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @classmethod
    def of(
        cls, before: ComparisonSide, now: ComparisonSide, stage: str | None = None
    ) -> "Comparison":
        """What differs between two sides.

        Args:
            before: What is compared with.
            now: What was asked for.
            stage: Only this stage; None for all.

        Raises:
            StagebookError: They are executions of two stages, or have no such stage.
        """
        names = tuple(_chosen(before, now, stage))
        pairs = [(name, *_comparable(before, now, name)) for name in names]
        stages = [
            StageComparison.between(*pair) for pair in pairs if _any_differs(*pair[1:], stage)
        ]
        shows_same = stage is not None or SideKind.EXECUTION in (before.kind, now.kind)
        shown = tuple(item for item in stages if shows_same or not item.same)
        unchanged = tuple(name for name in names if name not in {item.stage for item in shown})
        elsewhere = tuple(dict.fromkeys((*before.elsewhere, *now.elsewhere)))
        return cls(before, now, shown, unchanged, elsewhere)

    def as_json(self) -> dict[str, Any]:
        """This comparison as plain values, as ``docs/reference/cli.md`` describes them."""
        return {
            "before": {"kind": self.before.kind.value, "name": self.before.name},
            "now": {"kind": self.now.kind.value, "name": self.now.name},
            "stages": [stage.as_json() for stage in self.stages],
            "unchanged": list(self.unchanged),
            "elsewhere": list(self.elsewhere),
        }


def differ(value: Any, other: Any) -> bool:
    """Whether two values of JSON differ, also in their type; NaN is NaN."""
    return repr(value) != repr(other)


def _any_differs(before: Record | None, now: Record | None, stage: str | None) -> bool:
    return stage is not None or before is None or now is None or before.id != now.id


def _chosen(before: ComparisonSide, now: ComparisonSide, stage: str | None) -> Iterable[str]:
    """The stages to look at: all, that of an execution, or the one that was asked for."""
    names = dict.fromkeys((*before.executions, *now.executions))
    if before.kind is now.kind is SideKind.COMMIT:  # otherwise one side has executions only
        names |= dict.fromkeys((*before.locked, *now.locked))
    if stage is not None:
        if stage not in names:
            message = f"Neither side has an execution of the stage `{stage}`."
            hint = did_you_mean(stage, names, f"Stages to compare: {', '.join(names) or 'none'}.")
            raise StagebookError(Problem("no-executions", message, hint))
        names = {stage: None}
    executions = [side for side in (now, before) if side.kind is SideKind.EXECUTION]
    stages = [next(iter(side.executions)) for side in executions]
    if len(set(stages)) > 1:
        message = f"`{stages[0]}` and `{stages[1]}` are two different stages."
        hint = f"Give two executions of one stage: stagebook log {stages[0]}"
        raise StagebookError(Problem("two-stages", message, hint))
    return [name for name in names if not stages or name == stages[0]]


def _comparable(
    before: ComparisonSide, now: ComparisonSide, stage: str
) -> tuple[Record | None, Record | None]:
    records, locked = (
        (item.get(stage), other.get(stage))
        for item, other in ((before.executions, now.executions), (before.locked, now.locked))
    )
    return committed.comparable(records, locked)


@dataclass(frozen=True, slots=True)
class _Compared:
    """What is compared of one side; nothing where the side has no record."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, ComparedFile] = field(default_factory=dict)
    outputs: Mapping[str, ComparedFile] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Record | None) -> "_Compared":
        if record is None:
            return cls()
        inputs, outputs = (_files(record, files) for files in (record.inputs, record.outputs))
        return cls(record.values, record.metrics, inputs, outputs)


def _files(record: Record, files: Iterable[HashedPath]) -> dict[str, ComparedFile]:
    """What an execution read or wrote, by its path in the build."""
    rows = {path: table.rows for table in record.tables for path in table.paths}
    compared = {}
    for file in files:
        build_path = in_build(file.path, record)
        count = rows.get(file.path, rows.get(build_path))
        compared[build_path] = ComparedFile(file.md5, count)
    return compared


def in_build(path: str, record: Record) -> str:
    """A file's path as the build has it; a trial has a folder of its own.

    Args:
        path: As the record has it.
        record: The execution's record.
    """
    return path.removeprefix(f"{record.trial.folder}/") if record.trial else path


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, pair in _paired(before, now):
        if differ(_content(pair[0]), _content(pair[1])):
            yield name, pair


def _content(value: Any) -> Any:
    return value.md5 if isinstance(value, ComparedFile) else value


def _paired(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in dict.fromkeys((*now, *before)):
        yield name, (before.get(name), now.get(name))


def _execution_json(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "id": record.id,
        "outcome": record.outcome,
        "build": record.build,
        "started": record.volatile.started or None,
        "commit": record.git.commit if record.git else None,
    }


def _code(changes: Changes) -> dict[str, Any]:
    values = changes.as_json()
    return {"code": values["code"], "packages": values["packages"]}


def _pairs(pairs: Mapping[str, Pair]) -> dict[str, dict[str, Any]]:
    return {name: {"before": before, "now": now} for name, (before, now) in pairs.items()}


def _sides(before: ComparedFile | None, now: ComparedFile | None) -> dict[str, Any]:
    return {
        side: {"md5": file.md5, "rows": file.rows} if file else None
        for side, file in (("before", before), ("now", now))
    }
