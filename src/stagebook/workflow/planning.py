"""The verb that says what is stale and why."""

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace

from stagebook.history import planned
from stagebook.notebook.distributions import Installed
from stagebook.notebook.snapshot import Snapshot
from stagebook.pipeline import (
    dvc,
    dvc_file,
    git,
    git_contents,
    layout,
    lock,
    nodes,
    notebooks,
    packages_lock,
)
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.layout import Layout
from stagebook.pipeline.notebooks import StageNotebook
from stagebook.pipeline.plan import explained, judgement, locked, params, running, selection
from stagebook.pipeline.plan.explained import PresentSource, Sources
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.plan.locked import LockedFiles
from stagebook.pipeline.plan.plan import Plan
from stagebook.pipeline.plan.present import Present
from stagebook.pipeline.plan.run_cache import RunCache
from stagebook.pipeline.stage import is_source, source_path
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.masks import Masks
from stagebook.project.project import Project
from stagebook.workflow.sourcing import reader_of


@dataclass(frozen=True, slots=True)
class Planning:
    """A plan, and how the command ends.

    Attributes:
        plan: The plan.
        exit_code: 0; or the code of what keeps the next build from starting.
    """

    plan: Plan
    exit_code: Exit = Exit.DONE


_RANGE = ".."


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the notebooks declare now.

    Attributes:
        nodes: The stages that ``dvc.yaml`` has, or would have if it were in sync.
        sources: The present source of each notebook.
        snapshot: The last build's start.
        problems: What keeps the next build from starting.
        exit_code: The exit code of the first of them.
    """

    nodes: tuple[nodes.Node, ...]
    sources: dict[str, PresentSource]
    snapshot: Snapshot
    problems: tuple[Problem, ...] = ()
    exit_code: Exit = Exit.DONE


def plan(project: Project, targets: Iterable[str] = ()) -> Planning:
    """What the next ``dvc repro`` does with each stage, and why.

    Nothing is written but caches in the state folder, no lock is taken, and DVC is not asked.

    Args:
        project: The project.
        targets: Names of stages, their notebooks or outputs; the plan is limited to these stages
            and those before them.

    Raises:
        StagebookError: A notebook, ``dvc.yaml`` or ``dvc.lock`` is invalid, or no stage has a
            name.
    """
    dvc.require_repository(project.root)
    declared = _declared(project)
    targets = (notebooks.stage_named(project, target) for target in targets)
    chosen = selection.select(declared.nodes, targets)
    recorded = lock.read(project.root)
    files = ProjectFiles.of(project.root, project.state)
    present = _present(project, files, chosen, declared)
    stages = judgement.judge(chosen, recorded, present)
    files.remember(project.state)
    sources = Sources(project.root, files.cache, declared.snapshot, declared.sources)
    full = Plan(explained.explain(stages, sources), declared.problems)
    full = Masks.here().hide_all(planned.with_records(full, project))
    return Planning(full, declared.exit_code)


def since(project: Project, revisions: str, targets: Iterable[str] = ()) -> Planning:
    """What differs between the build of a commit and the present files, or another commit.

    Args:
        project: The project.
        revisions: A commit, branch or tag; or two of them, as ``A..B``.
        targets: Names of stages; the comparison is limited to these and those before them.

    Raises:
        StagebookError: Git knows no such commit, or a file of it is invalid.
    """
    first, separator, second = revisions.partition(_RANGE)
    before = git.require_commit(project.root, first)
    cache = Cache.of(project.root)
    if separator:
        after = git.require_commit(project.root, second or "HEAD")
        texts = git_contents.texts(project.root, [f"{after}:./{dvc_file.FILE}"])
        stages = nodes.parse(next(iter(texts.values()), ""))
        present = locked.present_of(_lock_of(project, after), stages, cache)
        sources = Sources(project.root, cache, commits=(before, after))
    else:
        declared = _declared(project)
        stages = declared.nodes
        tree = ProjectFiles.of(project.root, project.state)
        present = _present(project, tree, stages, declared)
        files = LockedFiles.of(lock.read(project.root), cache, tree)
        present = replace(present, files=files, running=frozenset())
        sources = Sources(
            project.root, cache, declared.snapshot, declared.sources, commits=(before, "HEAD")
        )
    recorded = _lock_of(project, before)
    chosen = selection.select(stages, targets)
    judged = judgement.judge(chosen, recorded, present, compares=True)
    removed = set(recorded.entries) - {node.name for node in stages}
    words = f"{first}..{second or 'HEAD'}" if separator else f"since {first}"
    compared = Plan(explained.explain(judged, sources), (), words, tuple(sorted(removed)))
    return Planning(Masks.here().hide_all(planned.with_records(compared, project)))


def _present(
    project: Project, files: ProjectFiles, chosen: tuple[nodes.Node, ...], declared: _Declared
) -> Present:
    """What the working tree has now."""
    runs_now = running.stages(project.root, chosen)
    files.read_ahead(_paths(chosen, runs_now))
    return Present(
        files,
        params.read(project.root, chosen),
        {source_path(stage): source.md5 for stage, source in declared.sources.items()},
        RunCache.of(files.cache).outputs,
        runs_now,
    )


def _lock_of(project: Project, commit: str) -> lock.Lock:
    """The ``dvc.lock`` of a commit; without stages if it has none."""
    texts = git_contents.texts(project.root, [f"{commit}:./{dvc_file.LOCK}"])
    return lock.parse(next(iter(texts.values()), ""))


def _declared(project: Project) -> _Declared:
    """Reads the notebooks, and what the last build had read of them."""
    installed = Installed.remembered(project.state)
    snapshot = Snapshot.read(project.state)
    previous = snapshot.as_read_by(reader_of(installed))
    read = notebooks.read_all(project, previous.notebooks)
    made = notebooks.makings(project, read, installed, previous.modules)
    sources = {
        notebook.stage.name: PresentSource.of(notebook.notebook, item)
        for notebook, item in zip(read, made, strict=True)
    }
    if project.state.is_dir():
        installed.remember(project.state)
    declared = _Declared((), sources, snapshot)
    declared = _fitted(declared, project, read, previous.fits)
    try:
        packages_lock.require_agreement(project, [item.source for item in made])
    except StagebookError as error:
        problems = (*declared.problems, *error.problems)
        code = declared.exit_code or error.exit_code
        return replace(declared, problems=problems, exit_code=code)
    return declared


def _fitted(
    declared: _Declared, project: Project, read: tuple[StageNotebook, ...], fits: str
) -> _Declared:
    """With the stages of ``dvc.yaml``; those of the notebooks if it is out of sync with them."""
    try:
        # a build without notebooks still checks the stages that notebooks declared before
        if read or dvc_file.parse(dvc_file.read(project.root)).ours:
            layout.require_fit(project, read, fits)
    except StagebookError as error:
        if error.exit_code is not Exit.OUT_OF_SYNC:
            raise
        text = Layout.of(project, read, dvc_file.read(project.root)).text(project)
        return replace(
            declared,
            nodes=nodes.read(project.root, text),
            problems=error.problems,
            exit_code=error.exit_code,
        )
    return replace(declared, nodes=nodes.read(project.root))


def _paths(chosen: Iterable[nodes.Node], runs_now: Set[str]) -> list[str]:
    """The files that decide, without those that a stage writes at this moment."""
    written = {path for node in chosen if node.name in runs_now for path in node.outs}
    return [
        path
        for node in chosen
        for path in (*node.deps, *node.outs)
        if not is_source(path) and not any(nodes.meet(path, other) for other in written)
    ]
