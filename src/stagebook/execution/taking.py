"""Which notebook, modules and settings a run takes: those of its build's start, or those of now."""

import os
from pathlib import Path

from stagebook.notebook import source
from stagebook.notebook.distributions import Installed
from stagebook.notebook.modules import Module
from stagebook.notebook.search import search_path
from stagebook.notebook.snapshot import Snapshot, StageSnapshot
from stagebook.notebook.source import look_up
from stagebook.pipeline import dvc_file, notebooks
from stagebook.pipeline.layout import Layout
from stagebook.pipeline.notebooks import StageNotebook
from stagebook.pipeline.stage import source_path
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project


def take(project: Project, stage: str, installed: Installed) -> tuple[StageSnapshot, list[Problem]]:
    """What a run of a stage executes, and what a person should know about it.

    Under DVC, a run takes what the stage ``sources`` recorded at the build's start: DVC's hash of
    the source says that. A run that a person types takes what is in the project now.

    Args:
        project: The project.
        stage: The stage's name.
        installed: The environment.

    Raises:
        StagebookError: There is no such notebook, it is wrong, or what was recorded cannot be had
            any more.
    """
    path = source_path(stage)
    source_file = project.root / path
    # a hand-written stage may call `stagebook run` too, and need not depend on the source
    if "DVC_STAGE" not in os.environ or not source_file.exists():
        return _now(project, notebooks.read_one(project, stage), installed), []
    recorded = source_file.read_text(encoding="utf-8", errors="replace")
    taken = Snapshot.read(project.state).stages.get(stage)
    if taken and source.render(taken.source) == recorded:
        source.check_installed(taken.source, installed, path)
        _check_outside(taken, path)
        return taken, _newer(project, taken)
    return _recorded_now(project, stage, installed, recorded), []


def _now(project: Project, found: StageNotebook, installed: Installed) -> StageSnapshot:
    search = search_path(found.notebook, project, installed)
    return StageSnapshot.of(found.notebook, project, look_up(found.notebook, project, search))


def _recorded_now(
    project: Project, stage: str, installed: Installed, recorded: str
) -> StageSnapshot:
    """The stage as it is now, which has to be what was recorded.

    This is so where the source came from DVC's cache and not from the stage ``sources``.
    """
    notebook = notebooks.read_one(project, stage)
    dvc_file.require_in_sync(Layout.read(project).changes)
    taken = _now(project, notebook, installed)
    source.check_recorded(recorded, taken.source, source_path(stage))
    return taken


def _check_outside(taken: StageSnapshot, where: str) -> None:
    """Holds modules outside of the project, which run where they are, against the source."""
    digests = dict(taken.source.modules)
    changed = [name for name, path in taken.outside.items() if _digest(path) != digests[name]]
    problems = [
        Problem(
            "source-changed",
            f"`{name}` changed during the build. It is not in the project, so the build has no "
            "copy of it.",
            "Build again: dvc repro",
            Where(where),
        )
        for name in changed
    ]
    if problems:
        raise StagebookError(*problems)


def _digest(path: str) -> str | None:
    try:
        return Module.read(Path(path)).digest
    except OSError:
        return None


def _newer(project: Project, taken: StageSnapshot) -> list[Problem]:
    """What was saved since the build began, as one warning."""
    changed = [
        path
        for path, data in taken.files.items()
        if not (project.root / path).is_file() or (project.root / path).read_bytes() != data
    ]
    notebook, name = taken.notebook, taken.source.stage
    try:
        now = notebooks.read_one(project, name).notebook
        same = (now.path, now.cells) == (notebook.path, notebook.cells)
    except StagebookError:  # somebody is in the middle of editing it
        same = False
    if not same:
        changed.insert(0, notebook.path)
    if project.settings.stage(name) != taken.settings:
        changed.append("pyproject.toml")
    if not changed:
        return []
    return [
        Problem(
            "newer-source",
            f"{' and '.join(changed)} changed after this build began. Stage {name} runs the "
            "version of the build's start.",
            "The next build takes the new version: dvc repro",
            Where(notebook.path),
        )
    ]
