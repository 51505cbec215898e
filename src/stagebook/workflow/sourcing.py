"""The first stage of every build: writes the source of each notebook for DVC."""

import contextlib
import hashlib
import sys
from pathlib import Path

from stagebook.notebook import source
from stagebook.notebook.distributions import Installed
from stagebook.notebook.snapshot import Snapshot, StageSnapshot
from stagebook.pipeline import layout, notebooks, packages_lock
from stagebook.pipeline.stage import SOURCES, source_path
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.files import stamps, write_whole
from stagebook.project.project import Project
from stagebook.record import unstarted
from stagebook.workflow import warming


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
    snapshot = Snapshot.of(stages, fits, reader)
    snapshot.write(project.state)
    installed.remember(project.state)
    changed = [stage.source.stage for stage in stages if _write(project, stage)]
    with contextlib.suppress(StagebookError):  # the stages report it
        warming.prepare(project, snapshot, changed, installed)
    return tuple(
        problem
        for stage in stages
        for problem in source.warnings(stage.source, stage.notebook.path)
    )


def _write(project: Project, stage: StageSnapshot) -> bool:
    """Writes the source of a stage; returns whether it has changed."""
    path, text = project.root / source_path(stage.source.stage), source.render(stage.source)
    before = path.read_bytes() if path.exists() else b""
    write_whole(path, text, exact=True)
    return before != text.encode()


def reader_of(installed: Installed) -> str:
    """The versions of what reads notebooks and modules: another may read them differently."""
    own = hashlib.sha256(repr(stamps(Path(source.__file__).parent)).encode()).hexdigest()
    return f"Python {sys.version}, jupytext {installed.version('jupytext')}, Stagebook {own}"
