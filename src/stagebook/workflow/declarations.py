"""What the notebooks and DVC's files declare now, and what the working tree has of it."""

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace

from stagebook.notebook.distributions import Installed
from stagebook.notebook.snapshot import Snapshot
from stagebook.pipeline import dvc_file, layout, nodes, notebooks, packages_lock, tracked_files
from stagebook.pipeline.layout import Layout
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.notebooks import StageNotebook
from stagebook.pipeline.plan import params, running
from stagebook.pipeline.plan.explained import PresentSource
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.plan.present import Present
from stagebook.pipeline.plan.run_cache import RunCache
from stagebook.pipeline.stage import is_source, source_path
from stagebook.pipeline.tracked_files import TrackedFiles
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.project import Project
from stagebook.workflow.sourcing import reader_of


@dataclass(frozen=True, slots=True)
class Declared:
    """What the notebooks and DVC's files declare now.

    Attributes:
        nodes: The stages that ``dvc.yaml`` has, or would have if it were in sync.
        tracked: The ``.dvc`` files.
        sources: The present source of each notebook.
        snapshot: The last build's start.
        problems: What keeps the next build from starting.
        exit_code: The exit code of the first of them.
    """

    nodes: tuple[Node, ...]
    tracked: TrackedFiles
    sources: dict[str, PresentSource]
    snapshot: Snapshot
    problems: tuple[Problem, ...] = ()
    exit_code: Exit = Exit.DONE


def read(project: Project) -> Declared:
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
    declared = Declared((), tracked_files.read(project.root), sources, snapshot)
    declared = _fitted(declared, project, read, previous.fits)
    try:
        packages_lock.require_agreement(project, [item.source for item in made])
    except StagebookError as error:
        problems = (*declared.problems, *error.problems)
        code = declared.exit_code or error.exit_code
        return replace(declared, problems=problems, exit_code=code)
    return declared


def present(
    project: Project, files: ProjectFiles, chosen: tuple[Node, ...], declared: Declared
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


def _fitted(
    declared: Declared, project: Project, read: tuple[StageNotebook, ...], fits: str
) -> Declared:
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


def _paths(chosen: Iterable[Node], runs_now: Set[str]) -> list[str]:
    """The files that decide, without those that a stage writes at this moment."""
    written = {path for node in chosen if node.name in runs_now for path in node.outs}
    return [
        path
        for node in chosen
        for path in (*node.deps, *node.outs)
        if not is_source(path) and not any(nodes.meet(path, other) for other in written)
    ]
