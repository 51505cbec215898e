"""The first stage of every build: writes the source of each notebook for DVC."""

import hashlib
import sys
from pathlib import Path

from stagebook.notebook import source
from stagebook.notebook.distributions import Installed
from stagebook.notebook.snapshot import Snapshot, StageSnapshot
from stagebook.pipeline import layout, notebooks, packages_lock
from stagebook.pipeline.stage import SOURCES, source_path
from stagebook.project.errors import Problem
from stagebook.project.files import stamps, write_whole
from stagebook.project.project import Project
from stagebook.record import unstarted


def sources(project: Project) -> tuple[Problem, ...]:
    """Writes the source of each notebook; returns warnings about what only a run would show.

    Raises:
        StagebookError: dvc.yaml is out of sync with the notebooks, or installed packages differ
            from the lock file.
    """
    with unstarted.noted(project.state, SOURCES):
        installed = Installed.remembered(project.state)
        reader = reader_of(installed)
        previous = Snapshot.read(project.state).as_read_by(reader)
        stage_notebooks = notebooks.read_all(project, previous.notebooks)
        fits = layout.require_fit(project, stage_notebooks, previous.fits)
        stage_sources = notebooks.makings(project, stage_notebooks, installed, previous.modules)
        layout.require_unhidden(project, stage_notebooks, stage_sources, installed)
        packages_lock.require_agreement(project, [item.source for item in stage_sources])
    stages = [
        StageSnapshot.of(notebook.notebook, project, stage_source)
        for notebook, stage_source in zip(stage_notebooks, stage_sources, strict=True)
    ]
    Snapshot.of(stages, fits, reader).write(project.state)
    installed.remember(project.state)
    for stage in stages:
        path = project.root / source_path(stage.source.stage)
        write_whole(path, source.render(stage.source), exact=True)
    return tuple(
        problem
        for stage in stages
        for problem in source.warnings(stage.source, stage.notebook.path)
    )


def reader_of(installed: Installed) -> str:
    """The versions of what reads notebooks and modules: another may read them differently."""
    own = hashlib.sha256(repr(stamps(Path(source.__file__).parent)).encode()).hexdigest()
    return f"Python {sys.version}, jupytext {installed.version('jupytext')}, Stagebook {own}"
