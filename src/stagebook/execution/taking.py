"""Selects the notebook, modules and settings of a run: from its build's start, or from now."""

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
    """The snapshot that a run of a stage executes, and warnings about it.

    Under DVC, a run takes what the stage ``sources`` recorded at the build's start, which is what
    DVC's hash of the source describes. A run that a person starts takes the present project.

    Args:
        project: The project.
        stage: The stage's name.
        installed: The environment.

    Raises:
        StagebookError: The notebook is missing or invalid, or the recorded state is no longer
            available.
    """
    path = source_path(stage)
    source_file = project.root / path
    # a hand-written stage may also call `stagebook run`, without depending on the source
    if "DVC_STAGE" not in os.environ or not source_file.exists():
        return _now(project, notebooks.read_one(project, stage), installed), []
    recorded = source_file.read_text(encoding="utf-8", errors="replace")
    snapshot = Snapshot.read(project.state).stages.get(stage)
    if snapshot and source.render(snapshot.source) == recorded:
        source.check_installed(snapshot.source, installed, path)
        _check_outside(snapshot, path)
        return snapshot, _newer(project, snapshot)
    return _recorded_now(project, stage, installed, recorded), []


def _now(project: Project, stage_notebook: StageNotebook, installed: Installed) -> StageSnapshot:
    search = search_path(stage_notebook.notebook, project, installed)
    return StageSnapshot.of(
        stage_notebook.notebook, project, look_up(stage_notebook.notebook, project, search)
    )


def _recorded_now(
    project: Project, stage: str, installed: Installed, recorded: str
) -> StageSnapshot:
    """The stage as it is now, which must equal the recorded one.

    This is so where the source came from DVC's cache and not from the stage ``sources``.
    """
    notebook = notebooks.read_one(project, stage)
    dvc_file.require_in_sync(Layout.read(project).changes)
    snapshot = _now(project, notebook, installed)
    source.check_recorded(recorded, snapshot.source, source_path(stage))
    return snapshot


def _check_outside(snapshot: StageSnapshot, where: str) -> None:
    """Checks modules outside the project, which run in place, against the source."""
    digests = dict(snapshot.source.modules)
    changed = [name for name, path in snapshot.outside.items() if _digest(path) != digests[name]]
    problems = [
        Problem(
            "source-changed",
            f"`{name}` changed during the build. The build has no copy of files outside the "
            "project.",
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


def _newer(project: Project, snapshot: StageSnapshot) -> list[Problem]:
    """A warning about files that were saved since the build began."""
    changed = [
        path
        for path, data in snapshot.files.items()
        if not (project.root / path).is_file() or (project.root / path).read_bytes() != data
    ]
    notebook, name = snapshot.notebook, snapshot.source.stage
    try:
        now = notebooks.read_one(project, name).notebook
        same = (now.path, now.cells) == (notebook.path, notebook.cells)
    except StagebookError:  # somebody is in the middle of editing it
        same = False
    if not same:
        changed.insert(0, notebook.path)
    if project.settings.stage(name) != snapshot.settings:
        changed.append("pyproject.toml")
    if not changed:
        return []
    return [
        Problem(
            "newer-source",
            f"{' and '.join(changed)} changed after this build began. Stage {name} uses the "
            "version from the start of the build.",
            "The next build uses the new version: dvc repro",
            Where(notebook.path),
        )
    ]
