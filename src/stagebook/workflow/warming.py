"""The warm processes of a project: shown, ended, and started before a build needs them."""

from stagebook.execution.warm import population
from stagebook.execution.warm.place import Place
from stagebook.execution.warm.population import ZygoteState
from stagebook.project.project import Project


def status(project: Project) -> tuple[ZygoteState, ...]:
    """The warm processes of a project."""
    return population.read(Place.of(str(project.root)))


def stop(project: Project) -> tuple[ZygoteState, ...]:
    """Ends the warm processes of a project; returns those that lived."""
    return population.stop(Place.of(str(project.root)))
