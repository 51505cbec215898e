"""The stages and files of a pipeline as the last build left them, for the site."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from stagebook.history import staleness
from stagebook.history.build import Build, ExecutedStage
from stagebook.history.log import LogEntry
from stagebook.history.project_status import DataFile, StageState, StageStatus
from stagebook.history.staleness import Causes, Staleness
from stagebook.pipeline.lock import Lock
from stagebook.pipeline.nodes import Node
from stagebook.record.record import Record, RecordedTable

_CURRENT = Staleness()


def stages_of(
    nodes: Iterable[Node],
    build: Build,
    records: Mapping[str, Record],
    rows: Mapping[str, LogEntry],
    lock: Lock,
    absent: Collection[str] = (),
    stale: Staleness = _CURRENT,
) -> Iterator[StageStatus]:
    """Every stage but the one that writes sources, as a build left it.

    Args:
        nodes: The stages of ``dvc.yaml``.
        build: The last build.
        records: The execution of each stage in the build, or else the one that made its outputs.
        rows: What changed in each stage that the build executed.
        lock: What ``dvc.lock`` says.
        absent: Outputs that are missing in the tree, as in a clone before ``dvc pull``.
        stale: Which stages are stale.
    """
    executed = {stage.stage: stage for stage in build.executed}
    not_reached = set(build.not_reached)
    for node in nodes:
        execution = executed.get(node.name)
        causes = stale.of(node.name)
        failed = execution.outcome if execution is not None and execution.outcome != "done" else ""
        if failed:
            state = StageState.FAILED
        elif execution is None and node.name in not_reached:
            state = StageState.NOT_REACHED
        elif execution is None and staleness.is_unbuilt(node, lock):
            state = StageState.NEVER
        elif (stage_state := _outdated(causes)) is not None:
            state = stage_state
        elif execution is None and staleness.lacks_outputs(node, lock, absent):
            state = StageState.MISSING
        else:
            state = _built(node, execution)
        record, row = records.get(node.name), rows.get(node.name)
        yield StageStatus(node, state, record if node.notebook else None, failed, row, causes)


def _outdated(causes: Causes) -> StageState | None:
    """The state of outputs that are not current; None if there are no causes."""
    if not causes:
        return None
    return StageState.EDITED if all(cause.is_output for cause in causes) else StageState.STALE


def _built(node: Node, execution: ExecutedStage | None) -> StageState:
    if not node.notebook:
        return StageState.OTHER
    return StageState.EXECUTED if execution is not None else StageState.UNCHANGED


def files_of(
    stages: Iterable[StageStatus], lock: Lock, packages: Collection[str] = ()
) -> Iterator[DataFile]:
    """The files that stages pass on to each other, in the order of the stages.

    Metrics and plots are left out unless a stage reads them. The code of stages that are not
    notebooks is left out.

    Args:
        stages: The stages.
        lock: What ``dvc.lock`` says.
        packages: Paths of packaged models.
    """
    stages = tuple(stages)
    hashes = {item.path: item for item in lock.files()}
    failed = (item for item in stages if item.state is StageState.FAILED)
    # dvc.lock does not have what a failed execution read
    hashes |= {file.path: file for stage in failed if stage.record for file in stage.record.inputs}
    makers = {path: item.name for item in stages for path in item.node.outs}
    reads = {item.name: tuple(_reads(item, makers)) for item in stages}
    tables = {path: table for item in stages for path, table in _tables(item)}
    shown = {path: None for item in stages for path in (*reads[item.name], *_passed_on(item.node))}
    for path in shown:
        readers = tuple(name for name, paths in reads.items() if path in paths)
        yield DataFile(
            path,
            hashes.get(path),
            makers.get(path, ""),
            readers,
            tables.get(path),
            package=path in packages,
        )


def _reads(stage: StageStatus, makers: Mapping[str, str]) -> Iterator[str]:
    """The data that a stage reads, from its record if there is one."""
    if stage.record is not None:
        yield from (file.path for file in stage.record.inputs)
    elif stage.node.notebook:
        yield from (dep for dep in stage.node.deps if not dep.startswith(".stagebook/"))
    else:
        yield from (dep for dep in stage.node.deps if dep in makers)


def _passed_on(node: Node) -> Iterator[str]:
    yield from (path for path in node.outs if path not in node.measures)


def _tables(stage: StageStatus) -> Iterator[tuple[str, RecordedTable]]:
    """The tables of a stage by path; a table in several files has several paths."""
    for table in stage.tables:
        yield from ((path, table) for path in table.paths)
