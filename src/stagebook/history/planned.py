"""A plan with what records know: time and memory of the last build, and rows of tables."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from stagebook.data.tables.parquet_metadata import ParquetMetadata
from stagebook.history.history import History
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.plan.plan import Change, Cost, Plan, PlanState, StagePlan, StaleReason
from stagebook.project.project import Project
from stagebook.record.record import Record

_PARQUET = (".parquet", ".pq")


def with_records(plan: Plan, project: Project) -> Plan:
    """A plan with time and memory of each stage that is not fresh, and the rows of each table.

    Args:
        plan: The plan.
        project: Its project.
    """
    if not (project.state / "records").is_dir():
        return replace(plan, stages=tuple(_with_rows(plan.stages, _Rows(project.root, {}))))
    with History.open(project.state) as history:
        quiet = (PlanState.FRESH, PlanState.ALWAYS)
        stages = (stage.name for stage in plan.stages if stage.state not in quiet)
        records = history.last_builds(stages)
    costs = {name: _cost(record) for name, record in records.items()}
    rows = _Rows(project.root, records)
    return replace(plan, stages=tuple(_with_rows(plan.stages, rows))).with_costs(costs)


def _cost(record: Record) -> Cost:
    memory = [cell.memory for cell in record.volatile.cells if cell.memory is not None]
    return Cost(record.volatile.seconds, max(memory, default=None))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The numbers of rows of a project's tables.

    Attributes:
        root: The project's root.
        records: The last build of each stage.
    """

    root: Path
    records: dict[str, Record]

    def before(self, stage: str, path: str, md5: str | None) -> int | None:
        """The number of rows that a table had when a stage read it."""
        cached = Cache.of(self.root).file(md5) if md5 else None
        if cached is not None:
            return _rows(cached)
        record = self.records.get(stage)
        if record is None or all((file.path, file.md5) != (path, md5) for file in record.inputs):
            return None
        rows = (table.rows for table in record.tables if table.paths == (path,))
        return next(rows, None)

    def now(self, path: str, md5: str | None) -> int | None:
        """The number of rows of a table now."""
        cached = Cache.of(self.root).file(md5) if md5 else None
        return _rows(cached or self.root / path)


def _with_rows(stages: Iterable[StagePlan], rows: _Rows) -> Iterator[StagePlan]:
    for stage in stages:
        yield replace(
            stage, reasons=tuple(_counted(stage.name, reason, rows) for reason in stage.reasons)
        )


def _counted(stage: str, reason: StaleReason, rows: _Rows) -> StaleReason:
    changed = reason.change in (Change.INPUT, Change.OUTPUT) and reason.before and reason.now
    if not changed or not reason.subject.endswith(_PARQUET):
        return reason
    before = rows.before(stage, reason.subject, reason.before)
    now = rows.now(reason.subject, reason.now)
    if before is None or now is None:
        return reason
    count = f"{before:,} → {now:,} rows" if before != now else f"{now:,} rows as before"
    return replace(reason, words=f"{reason.words}: {count}")


def _rows(file: Path) -> int | None:
    try:
        return ParquetMetadata.read(file).rows
    except (OSError, ValueError):
        return None
