"""The status of a project, read from its records, dvc.yaml, dvc.lock and git."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from stagebook.history import carried, gates, measured, staleness
from stagebook.history.build import Build
from stagebook.history.built_stages import files_of, stages_of
from stagebook.history.checkout import Checkout
from stagebook.history.damaged_records import DamagedRecords
from stagebook.history.history import History
from stagebook.history.log import LogEntry
from stagebook.history.measured import BuildMetrics
from stagebook.history.metric_files import MetricFile, MetricFiles
from stagebook.history.past_locks import PastLocks
from stagebook.history.project_status import (
    HeadlineMetric,
    ProjectStatus,
    Rebuilt,
    StageState,
    StageStatus,
)
from stagebook.pipeline import git
from stagebook.pipeline import nodes as graph
from stagebook.pipeline.lock import Lock
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.stage import MANIFEST, SITE, SOURCES
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.project import Project
from stagebook.record import metrics
from stagebook.record.record import Record
from stagebook.record.unstarted import Unstarted


def read(project: Project, history: History, against: str | None = None) -> ProjectStatus:
    """Reads all that the site shows of a project.

    Args:
        project: The project.
        history: Its records.
        against: A commit, branch or tag to compare metrics with; None for the one in the
            settings, empty for none.

    Raises:
        StagebookError: The commit does not exist. If it is from the settings, or this checkout may
            lack it, a note says so instead.
    """
    notes: list[str] = []
    checkout = Checkout.read(project.root)
    against, commit = _compared_with(project, against, checkout, notes)
    everything, locked, unreadable = _pipeline(project, history)
    notes += map(str, unreadable)
    nodes = tuple(node for node in everything if node.notebook or node.name not in (SOURCES, SITE))
    repro = history.last_repro()
    records = history.of_repro(repro) if repro else tuple(_by_hand(history, nodes))
    build = Build.of(repro or "", records, nodes, locked).made_by(history.makers)
    absent = {out for node in nodes for out in node.outs if not (project.root / out).exists()}
    damage = DamagedRecords.of(history, build, records, nodes)
    stale = staleness.read(project, history, nodes, locked)
    rows = {record.stage: LogEntry.of(history, record) for record in records}
    statuses = stages_of(nodes, build, _standing(history, build), rows, locked, absent, stale)
    known = map(damage.with_unknown_state, statuses)
    stages = tuple(_with_carried(project, stage, locked) for stage in known)
    builds = measured.builds(history)
    built_from = records[-1].git if records else None
    codes = [item.commit for item in builds] + ([built_from.commit] if built_from else [])
    files = _metric_files(project, (against, commit))
    headlines = _headlines(project, files, stages, (builds, _last(history)))
    notes += [f"A record cannot be read: {name}: {why}" for name, why in damage.all]
    notes += _unread(project, files)
    return ProjectStatus(
        project=project.settings.name,
        built_from=built_from,
        started=measured.moment(records[-1].id) if records else "",
        against=against,
        stages=stages,
        files=tuple(files_of(stages, locked, _packages(project, nodes))),
        headlines=tuple(headlines),
        builds=builds,
        lost=checkout.unreachable(project.root, {code for code in codes if code}),
        notes=tuple(notes),
        verdicts=gates.verdicts(project.settings.gates, nodes, files, stale),
        unstarted=_unstarted(project, everything, repro),
        rebuilt=dict(_rebuilt(project, history, locked, commit)),
        damaged=tuple(name for name, _ in damage.all),
        shallow=checkout.shallow,
        recorded=bool(records),
        checkout=checkout.code(project),
        blind=damage.blind,
        edited=stale.edited if stale.is_known and not (records or absent) else None,
        description=project.settings.description,
        unbuilt=staleness.never_built(nodes, locked),
        unreadable=unreadable,
    )


def _shown(project: Project) -> list[tuple[str, str]]:
    """The file and the name of each metric that the project shows first."""
    entries = (entry.rpartition(":") for entry in project.settings.headline)
    return [(file, name) for file, _, name in entries]


def _metric_files(project: Project, base: tuple[str, str]) -> MetricFiles:
    """The files with the metrics that are shown or have gates.

    Args:
        project: The project.
        base: The name and the commit to compare with.
    """
    gated = [gate.file for gate in project.settings.gates]
    return MetricFiles.read(project.root, [*(file for file, _ in _shown(project)), *gated], base)


def _unread(project: Project, files: MetricFiles) -> list[str]:
    """Why files of metrics that are shown cannot be read."""
    problems = dict.fromkeys(files.current[file].problem for file, _ in _shown(project))
    return [str(problem) for problem in problems if problem]


def _packages(project: Project, nodes: Iterable[Node]) -> frozenset[str]:
    outs = (path for node in nodes for path in node.outs)
    return frozenset(path for path in outs if (project.root / path / MANIFEST).is_file())


def _rebuilt(
    project: Project, history: History, now: Lock, commit: str
) -> Iterator[tuple[str, Rebuilt]]:
    """The stages that changed since another commit, by its ``dvc.lock`` and that of the tree."""
    try:
        before = PastLocks(project.root, history.index).at(commit) if commit else Lock({})
    except StagebookError:
        return
    if before.entries:
        for name, entry in now.entries.items():
            earlier = before.entries.get(name)
            if earlier is None or any(entry.changed(earlier)):
                yield name, (entry, earlier)


def _with_carried(project: Project, stage: StageStatus, locked: Lock) -> StageStatus:
    """A stage that was executed elsewhere, with the record that DVC brought."""
    entry = locked.entries.get(stage.name)
    if stage.record is not None or entry is None or not stage.node.notebook:
        return stage
    if stage.state not in (StageState.UNCHANGED, StageState.MISSING):
        return stage
    return replace(stage, record=carried.read(project.root, entry))


def _unstarted(project: Project, nodes: Iterable[Node], repro: str | None) -> Unstarted | None:
    """The stage that the last build could not start, unless a later build executed a stage."""
    unstarted = Unstarted.read(project.state, project.root, nodes)
    return unstarted if unstarted is not None and unstarted.repro >= (repro or "") else None


def _compared_with(
    project: Project, against: str | None, checkout: Checkout, notes: list[str]
) -> tuple[str, str]:
    """The name and the commit that metrics are compared with; empty for none."""
    root = project.root
    settings = project.settings.report.against if project.settings.report else ""
    name = settings if against is None else against
    commit = checkout.commit_named(root, name) if name else None
    if commit is None and against and not checkout.may_lack(root, against):
        commit = git.require_commit(root, against)
    if checkout.failure is not None and not checkout.failure.is_expected:
        notes.append(f"Commits cannot be looked up. {checkout.failure.message}")
    elif name and commit is None:
        notes.append(f"Metrics are not compared with {name}: {checkout.without(root, name)}")
    return (name, commit) if commit else ("", "")


def _pipeline(
    project: Project, history: History
) -> tuple[tuple[Node, ...], Lock, tuple[Problem, ...]]:
    """The stages and the lock, and why they cannot be read, as while a merge is not finished."""
    nodes: tuple[Node, ...] = ()
    locked = Lock({})
    try:
        nodes = graph.read(project.root)
        locked = PastLocks(project.root, history.index).in_tree()
    except StagebookError as error:
        return nodes, locked, error.problems
    return nodes, locked, ()


def _by_hand(history: History, nodes: Iterable[Node]) -> Iterator[Record]:
    """The last builds of stages that were never part of a ``dvc repro``."""
    records = (history.last_build(node.name) for node in nodes if node.notebook)
    yield from sorted((record for record in records if record), key=lambda record: record.id)


def _standing(history: History, build: Build) -> dict[str, Record]:
    """The execution of each stage in the build, or else the one that made its outputs."""
    names = {executed_stage.stage: executed_stage.record for executed_stage in build.executed}
    for unchanged in build.unchanged:
        makers = (output.record for output in unchanged.outputs if output.record)
        names.setdefault(unchanged.stage, next(makers, ""))
    records = {stage: history.record(name) for stage, name in names.items() if name}
    standing = {stage: record for stage, record in records.items() if record is not None}
    for stage in (*build.not_reached, *build.stale):
        if (last := history.last_build(stage)) is not None:
            standing.setdefault(stage, last)
    return standing


def _headlines(
    project: Project,
    files: MetricFiles,
    stages: tuple[StageStatus, ...],
    built: tuple[tuple[BuildMetrics, ...], str],
) -> Iterator[HeadlineMetric]:
    """The metrics that come first, each a file and a name in it, with what they were before.

    Args:
        project: The project.
        files: What the files hold.
        stages: The stages.
        built: Every build that has metrics, and the name of the last build, even without metrics.
    """
    for file, name in _shown(project):
        current, base = files.both(file)
        value, then = (metric_file.values.get(name) for metric_file in (current, base))
        stage = next((item for item in stages if file in item.node.outs), None)
        before, edited = _before(*built, *_measured_as(stage, file, name), value)
        yield HeadlineMetric(
            file, name, value, before, then, edited, _trouble(current, name), stage
        )


def _trouble(file: MetricFile, name: str) -> str:
    if file.problem is not None:
        return "cannot be read"
    return "" if name in file.values else "missing"


def _measured_as(stage: StageStatus | None, file: str, name: str) -> tuple[str, str]:
    """The stage that writes a metrics file, and what its records call a metric in it."""
    if stage is None:
        return "", name
    return stage.name, metrics.named(file, name, len(stage.node.metrics))


def _last(history: History) -> str:
    """The name of the last build, also if it failed or measured nothing; empty for none."""
    return next(iter(measured.names(history)), "")


def _before(
    builds: Iterable[BuildMetrics], last: str, stage: str, name: str, value: Any
) -> tuple[Any, bool]:
    """What a metric is compared with, and whether the tree has another value than was built.

    It is compared with the build before the last one; a value that no build here wrote, with the
    last one. If the last build did not measure it, its newest value in a build counts.
    """
    with_metric = [build for build in builds if name in build.metrics.get(stage, {})]
    past = [build.metrics[stage][name] for build in with_metric]
    if past and repr(past[-1]) != repr(value):  # NaN is not even equal to itself
        return past[-1], True
    if past and not (with_metric[-1].name == last and stage in with_metric[-1].stages):
        return past[-1], False
    return (past[-2] if len(past) > 1 else None), False
