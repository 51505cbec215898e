"""The setup of git for a project, and its removal."""

import os
from pathlib import Path

from stagebook.pipeline.git_command import GitError
from stagebook.pipeline.git_setup import git_setup
from stagebook.pipeline.git_setup.git_setup import GitSetup
from stagebook.project.errors import Problem
from stagebook.project.extras import GIT
from stagebook.project.project import Project


def missing(project: Project) -> GitSetup:
    """What the repository lacks; nothing is written.

    Raises:
        StagebookError: There is no repository, or the extra is not installed.
    """
    GIT.require()
    return GitSetup.missing(project.root)


def set_up(project: Project) -> GitSetup:
    """Writes what the repository lacks; returns it, with what is left for the person."""
    setup = missing(project)
    setup.write(project.root)
    return GitSetup(setup.files, setup.settings, GitSetup.missing(project.root).problems)


def remove(project: Project) -> GitSetup:
    """Removes all that ``set_up`` wrote; returns what that was."""
    setup = GitSetup.removal(project.root)
    setup.write(project.root)
    return setup


def unconfigured(root: Path) -> Problem | None:
    """A warning for a clone that lacks the setup; a build in CI commits and merges nothing."""
    try:
        return None if "CI" in os.environ else git_setup.unconfigured(root)
    except GitError:
        return None
