"""The project around a kernel, and the settings that make a kernel work like a build."""

import os
import subprocess
import sys
from pathlib import Path

from stagebook.execution import variables
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.project import Project
from stagebook.record import interactive
from stagebook.record.interactive import KernelSession

_TOO_LATE = Problem(
    "threads-too-late",
    "numpy was loaded before Stagebook, so libraries may use more threads than in a build.",
    "Restart the kernel, and run the notebook from its first cell.",
)


def find_project(file: Path | None) -> Project:
    """The project of the notebook or, if its folder is unknown, of the working folder.

    VS Code starts a kernel in the open folder, which may be above the project.

    Args:
        file: The notebook's file, if the front end sends it.

    Raises:
        StagebookError: No project was found, or its settings are invalid.
    """
    if file and file.is_absolute() and file.parent.is_dir():
        try:
            return Project.find(file.parent)
        except StagebookError as error:
            if error.problems[0].code != "no-project":
                raise
    return Project.find(Path.cwd())


def enter(project: Project, stage: str | None) -> tuple[Problem, ...]:
    """Makes a kernel work like a build: its paths, imports, threads and MLflow.

    Args:
        project: The project.
        stage: The notebook's stage, if it is known.

    Returns:
        Differences from a build that can no longer be removed.
    """
    from stagebook.notebook.search import code_folders

    notebook_path = f"{project.settings.notebooks}/any.ipynb"
    folders = [str(folder) for folder in code_folders(notebook_path, project)]
    sys.path[:] = [*folders, *(entry for entry in sys.path if entry not in folders)]
    os.chdir(project.root)
    _end_abandoned_runs(project)
    notes = _fix_threads(project, stage)
    _fix_tracking(project)
    KernelSession.of_this_process(project)
    if stage:
        work_on(project, stage)
    return notes


def work_on(project: Project, stage: str) -> None:
    """From now on, cells belong to this stage."""
    _fix_threads(project, stage)
    KernelSession.of_this_process(project).works_on(stage)


def _fix_threads(project: Project, stage: str | None) -> tuple[Problem, ...]:
    settings = project.settings.stage(stage) if stage else project.settings.defaults
    expected = variables.of_threads(settings.threads)
    differ = any(os.environ.get(name) != value for name, value in expected.items())
    os.environ.update(expected)
    return (_TOO_LATE,) if differ and "numpy" in sys.modules else ()


def _fix_tracking(project: Project) -> None:
    """Makes plain MLflow log to the project's experiment, unless the person has set another."""
    defaults = {"MLFLOW_TRACKING_URI": project.tracking_uri}
    if "MLFLOW_EXPERIMENT_ID" not in os.environ:
        defaults |= variables.of_mlflow(project.settings.name)
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def _end_abandoned_runs(project: Project) -> None:
    """Starts a process that ends the runs of killed kernels, if there are any."""
    if interactive.ended(project):
        module = "stagebook.tracking.interactive_runs"
        subprocess.Popen(
            [sys.executable, "-m", module, str(project.root)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
