"""The stage that every build begins with: what each notebook is made of, written for DVC."""

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
    """Writes what each notebook is made of; returns what could not be told without running it.

    Raises:
        StagebookError: dvc.yaml no longer fits the notebooks, so DVC would build something else;
            or what is installed is not what the lock file says.
    """
    with unstarted.noted(project.state, SOURCES):
        installed = Installed.remembered(project.state)
        reader = _reader(installed)
        known = Snapshot.read(project.state).as_read_by(reader)
        found = notebooks.read_all(project, known.notebooks)
        fits = layout.require_fit(project, found, known.fits)
        modules = notebooks.makings(project, found, installed, known.modules)
        layout.require_unhidden(project, found, modules, installed)
        packages_lock.require_agreement(project, [module.source for module in modules])
    stages = [
        StageSnapshot.of(notebook.notebook, project, makings)
        for notebook, makings in zip(found, modules, strict=True)
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


def _reader(installed: Installed) -> str:
    """What notebooks and modules are read by: another version may read them differently."""
    own = hashlib.sha256(repr(stamps(Path(source.__file__).parent)).encode()).hexdigest()
    return f"Python {sys.version}, jupytext {installed.version('jupytext')}, Stagebook {own}"
