"""The book of a project, read from its records, dvc.yaml, dvc.lock and git."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stagebook.errors import StagebookError
from stagebook.pipeline import dvc_file, lock
from stagebook.pipeline.lock import Lock
from stagebook.pipeline.stage import SITE, SOURCES
from stagebook.project import Project
from stagebook.record import git, graph, measured, metrics
from stagebook.record.build import Build
from stagebook.record.graph import Node
from stagebook.record.history import History, Values
from stagebook.record.lineage.locks import Locks
from stagebook.record.log import Row
from stagebook.record.measured import Measured
from stagebook.report.site.book import Book, Headline, files_of, stages_of


def read(project: Project, history: History, against: str | None = None) -> Book:
    """Reads all that the site tells of a project.

    Args:
        project: The project.
        history: Its records.
        against: A commit, branch or tag to compare metrics with; if None, that of the settings.

    Raises:
        StagebookError: There is no such commit. Of the settings' a note is left, since a checkout
            may be without it.
    """
    notes: list[str] = []
    against, commit = _compared_with(project, against, notes)
    nodes, locked = _pipeline(project, history, notes)
    repro = history.last_repro()
    records = history.of_repro(repro) if repro else tuple(_by_hand(history, nodes))
    build = Build.of(repro or "", records, nodes, locked).made_by(history.makers)
    rows = dict(_rows(history, records, notes))
    stages = tuple(stages_of(nodes, build, _standing(history, build), rows, locked))
    notes += [f"A record cannot be read: {name}: {why}" for name, why in history.damaged]
    builds = measured.builds(history)
    commits = {one.commit for one in builds if one.commit}
    return Book(
        project.settings.name,
        records[-1].get("git") if records else None,
        measured.moment(records[-1]["volatile"]["id"]) if records else "",
        against,
        stages,
        tuple(files_of(stages, locked)),
        tuple(_headlines(project, nodes, builds, commit)),
        builds,
        git.lost(project.root, commits),
        tuple(notes),
    )


def _compared_with(project: Project, against: str | None, notes: list[str]) -> tuple[str, str]:
    """The name and the commit that metrics are compared with; empty for none."""
    if against is not None:
        return against, git.require_commit(project.root, against)
    name = project.settings.report.against if project.settings.report else ""
    commit = git.commit_named(project.root, name) if name else None
    if name and commit is None:
        notes.append(f"Nothing is compared with {name}: git knows no such commit here.")
    return (name, commit) if commit else ("", "")


def _pipeline(
    project: Project, history: History, notes: list[str]
) -> tuple[tuple[Node, ...], Lock]:
    """The stages that make something; of files that a merge marked, a note is left."""
    nodes: tuple[Node, ...] = ()
    locked = Lock({})
    try:
        nodes = graph.parse(dvc_file.read(project.root))
        locked = Locks(project.root, history.index).read(lock.text(project.root))
    except StagebookError as error:
        notes += [str(one) for one in error.problems]
    return tuple(one for one in nodes if one.notebook or one.name not in (SOURCES, SITE)), locked


def _rows(
    history: History, records: Iterable[Values], notes: list[str]
) -> Iterator[tuple[str, Row]]:
    """What changed from the execution before to each of these; not for records of another shape."""
    for one in records:
        try:
            yield one["stage"], Row.of(history, one)
        except (KeyError, TypeError, AttributeError) as error:
            name = one["volatile"].get("id")
            notes.append(f"Record {name} is of another shape: {type(error).__name__}: {error}")


def _by_hand(history: History, nodes: Iterable[Node]) -> Iterator[Values]:
    """The last builds of stages that were never part of a ``dvc repro``."""
    found = (history.last_build(node.name) for node in nodes if node.notebook)
    yield from sorted((one for one in found if one), key=lambda one: str(one["volatile"]["id"]))


def _standing(history: History, build: Build) -> dict[str, Values]:
    """Of each stage, its execution in the build, else the one that made what stands of it."""
    names = {one.stage: one.record for one in build.executed}
    for unchanged in build.unchanged:
        made = (one.record for one in unchanged.outputs if one.record)
        names.setdefault(unchanged.stage, next(made, ""))
    records = {stage: history.record(name) for stage, name in names.items() if name}
    found = {stage: record for stage, record in records.items() if record is not None}
    for stage in (*build.not_reached, *build.stale):
        if (last := history.last_build(stage)) is not None:
            found.setdefault(stage, last)
    return found


def _headlines(
    project: Project, nodes: Iterable[Node], builds: tuple[Measured, ...], base_commit: str
) -> Iterator[Headline]:
    """The metrics that come first, with what they were before and are elsewhere."""
    nodes = tuple(nodes)
    base = _base(project, base_commit)
    for entry in project.settings.headline:
        file, _, name = entry.rpartition(":")
        value = _in_tree(project, file).get(name)
        past = _past(builds, *_measured_as(nodes, file, name))
        yield Headline(file, name, value, _before(past, value), base.get(file, {}).get(name))


def _in_tree(project: Project, file: str) -> Mapping[str, Any]:
    try:
        return metrics.read(project.root, (file,))
    except StagebookError:
        return {}


def _base(project: Project, commit: str) -> dict[str, Mapping[str, Any]]:
    """The values of each metrics file that a headline names, in another commit."""
    found: dict[str, Mapping[str, Any]] = {}
    files = {entry.rpartition(":")[0] for entry in project.settings.headline}
    for file in files if commit else ():
        for _, text in git.blobs(project.root, [f"{commit}:./{file}"]):
            try:
                found[file] = metrics.parse(text, file)
            except StagebookError:
                continue
    return found


def _measured_as(nodes: Iterable[Node], file: str, name: str) -> tuple[str, str]:
    """The stage that writes a metrics file, and what its records call a metric in it."""
    for node in nodes:
        if file in node.outs:
            files = [path for path in node.measures if path.endswith((".json", ".yaml", ".toml"))]
            return node.name, metrics.named(file, name, len(files))
    return "", name


def _past(builds: Iterable[Measured], stage: str, name: str) -> list[Any]:
    return [one.metrics[stage][name] for one in builds if name in one.metrics.get(stage, {})]


def _before(past: list[Any], value: Any) -> Any:
    """The value before the last build; if the tree has another one, that of the last build."""
    if past and repr(past[-1]) != repr(value):  # NaN is not even equal to itself
        return past[-1]
    return past[-2] if len(past) > 1 else None
