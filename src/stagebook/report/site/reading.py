"""The book of a project, read from its records, dvc.yaml, dvc.lock and git."""

from collections.abc import Iterable, Iterator
from typing import Any

from stagebook.errors import StagebookError
from stagebook.model import manifest
from stagebook.pipeline import dvc_file, lock
from stagebook.pipeline.dvc_file import LOCK
from stagebook.pipeline.lock import Lock
from stagebook.pipeline.stage import SITE, SOURCES
from stagebook.project import Project
from stagebook.record import gates, git, graph, measured, metrics
from stagebook.record.build import Build
from stagebook.record.graph import Node
from stagebook.record.history import History, Values
from stagebook.record.lineage.locks import Locks
from stagebook.record.log import Row
from stagebook.record.measured import Measured
from stagebook.record.metric_files import Found, MetricFiles
from stagebook.record.unstarted import Unstarted
from stagebook.report import log_words
from stagebook.report.site.book import Book, Headline, files_of, stages_of
from stagebook.report.site.checkout import Checkout
from stagebook.report.site.recorded import Damage


def read(project: Project, history: History, against: str | None = None) -> Book:
    """Reads all that the site tells of a project.

    Args:
        project: The project.
        history: Its records.
        against: A commit, branch or tag to compare metrics with; if None, that of the settings.

    Raises:
        StagebookError: There is no such commit. Of the settings', and of one that this checkout
            may lack, a note is left.
    """
    notes: list[str] = []
    checkout = Checkout.read(project.root)
    against, commit = _compared_with(project, against, checkout, notes)
    everything, locked = _pipeline(project, history, notes)
    nodes = tuple(one for one in everything if one.notebook or one.name not in (SOURCES, SITE))
    repro = history.last_repro()
    records = history.of_repro(repro) if repro else tuple(_by_hand(history, nodes))
    build = Build.of(repro or "", records, nodes, locked).made_by(history.makers)
    rows = dict(_rows(history, records, notes))
    absent = {out for one in nodes for out in one.outs if not (project.root / out).exists()}
    damage = Damage.of(history, build, records, nodes)
    told = stages_of(nodes, build, _standing(history, build), rows, locked, absent)
    stages = tuple(map(damage.known, told))
    notes += [f"A record cannot be read: {name}: {why}" for name, why in damage.all]
    builds = measured.builds(history)
    built_from = records[-1].get("git") if records else None
    commits = {one.commit for one in builds if one.commit} | _commit(built_from)
    settings = project.settings
    asked = [entry.rpartition(":")[::2] for entry in settings.headline]
    shown = [file for file, _ in asked]
    gated = [one.file for one in settings.gates]
    files = MetricFiles.read(project.root, [*shown, *gated], (against, commit))
    unread = dict.fromkeys(files.there[file].problem for file in shown)
    notes += [str(problem) for problem in unread if problem]
    return Book(
        project.settings.name,
        built_from,
        measured.moment(records[-1]["volatile"]["id"]) if records else "",
        against,
        stages,
        tuple(files_of(stages, locked, _packages(project, nodes))),
        tuple(_headlines(asked, files, nodes, (builds, _last(history)))),
        builds,
        git.lost(project.root, commits),
        tuple(notes),
        gates.verdicts(settings.gates, nodes, files),
        _unstarted(project, everything, repro),
        dict(_rebuilt(project, locked, commit)),
        tuple(name for name, _ in damage.all),
        checkout.shallow,
        bool(records),
        checkout.code(project),
        damage.blind,
        None if records or absent else checkout.edited(project.root, nodes, locked),
    )


def _commit(code: Values | None) -> frozenset[str]:
    """The commit of what git said, if it said one."""
    name = (code or {}).get("commit")
    return frozenset([name] if isinstance(name, str) and name else ())


def _packages(project: Project, nodes: Iterable[Node]) -> frozenset[str]:
    outs = (path for node in nodes for path in node.outs)
    return frozenset(path for path in outs if (project.root / path / manifest.FILE).is_file())


def _rebuilt(project: Project, now: Lock, commit: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What changed of each stage since another commit, by its ``dvc.lock`` and that of the tree."""
    texts = git.blobs(project.root, [f"{commit}:./{LOCK}"]) if commit else ()
    for _, text in texts:
        try:
            before = lock.parse(text)
        except StagebookError:
            return
        for name, entry in now.entries.items():
            if words := log_words.rebuilt(entry, before.entries.get(name)):
                yield name, words


def _unstarted(project: Project, nodes: Iterable[Node], repro: str | None) -> Unstarted | None:
    """The stage that the last build could not start, unless a later one executed any."""
    found = Unstarted.read(project.state, project.root, nodes)
    return found if found is not None and found.repro >= (repro or "") else None


def _compared_with(
    project: Project, against: str | None, checkout: Checkout, notes: list[str]
) -> tuple[str, str]:
    """The name and the commit that metrics are compared with; empty for none."""
    root = project.root
    settings = project.settings.report.against if project.settings.report else ""
    name = settings if against is None else against
    commit = git.commit_named(root, name) if name else None
    if commit is None and against is not None and not checkout.may_lack(root, against):
        commit = git.require_commit(root, against)
    if name and commit is None:
        notes.append(f"Nothing is compared with {name}: {checkout.without(root, name)}")
    return (name, commit) if commit else ("", "")


def _pipeline(
    project: Project, history: History, notes: list[str]
) -> tuple[tuple[Node, ...], Lock]:
    """The stages and the lock; of files that a merge marked, a note is left."""
    nodes: tuple[Node, ...] = ()
    locked = Lock({})
    try:
        nodes = graph.parse(dvc_file.read(project.root))
        locked = Locks(project.root, history.index).read(lock.text(project.root))
    except StagebookError as error:
        notes += [str(one) for one in error.problems]
    return nodes, locked


def _rows(
    history: History, records: Iterable[Values], notes: list[str]
) -> Iterator[tuple[str, Row]]:
    """What changed from the build before to each of these; not for records of another shape."""
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
    asked: Iterable[tuple[str, str]],
    files: MetricFiles,
    nodes: tuple[Node, ...],
    built: tuple[tuple[Measured, ...], str],
) -> Iterator[Headline]:
    """The metrics that come first, each a file and a name in it, with what they were before.

    Args:
        asked: The files and names.
        files: What the files hold.
        nodes: The stages of ``dvc.yaml``.
        built: Every build that has metrics, and the name of the last one, if it has none too.
    """
    for file, name in asked:
        there, base = files.both(file)
        value, then = (found.values.get(name) for found in (there, base))
        before, edited = _before(*built, *_measured_as(nodes, file, name), value)
        yield Headline(file, name, value, before, then, edited, _trouble(there, name))


def _trouble(found: Found, name: str) -> str:
    if found.problem is not None:
        return "cannot be read"
    return "" if name in found.values else "not there"


def _measured_as(nodes: Iterable[Node], file: str, name: str) -> tuple[str, str]:
    """The stage that writes a metrics file, and what its records call a metric in it."""
    for node in nodes:
        if file in node.outs:
            return node.name, metrics.named(file, name, len(node.metrics))
    return "", name


def _last(history: History) -> str:
    """The name of the last build, also if it failed or measured nothing; empty for none."""
    return next(iter(measured.names(history)), "")


def _before(
    builds: Iterable[Measured], last: str, stage: str, name: str, value: Any
) -> tuple[Any, bool]:
    """What a metric is compared with, and whether the tree has another value than was built.

    That is the build before the last one; of a value that no build here wrote, the last one. What
    the last build did not measure is what it was in the one before.
    """
    known = [one for one in builds if name in one.metrics.get(stage, {})]
    past = [one.metrics[stage][name] for one in known]
    if past and repr(past[-1]) != repr(value):  # NaN is not even equal to itself
        return past[-1], True
    if past and not (known[-1].name == last and stage in known[-1].stages):
        return past[-1], False
    return (past[-2] if len(past) > 1 else None), False
