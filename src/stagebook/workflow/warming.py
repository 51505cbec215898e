"""The warm processes of a project: shown, ended, and started before a build needs them."""

from collections.abc import Collection

from stagebook.execution import kernel, warm_kernel
from stagebook.execution.warm import choice, client, population
from stagebook.execution.warm.key import Recipe
from stagebook.execution.warm.place import Place
from stagebook.execution.warm.population import ZygoteState
from stagebook.execution.warm_kernel import WarmKernel
from stagebook.notebook.distributions import Installed
from stagebook.notebook.snapshot import Snapshot
from stagebook.pipeline import lock, nodes
from stagebook.project import ancestry
from stagebook.project.project import Project


def status(project: Project) -> tuple[ZygoteState, ...]:
    """The warm processes of a project."""
    return population.read(Place.of(str(project.root)))


def stop(project: Project) -> tuple[ZygoteState, ...]:
    """Ends the warm processes of a project; returns those that lived."""
    return population.stop(Place.of(str(project.root)))


def prepare(
    project: Project, snapshot: Snapshot, changed: Collection[str], installed: Installed
) -> None:
    """Starts the zygotes that a build needs first, while DVC finds out what to run.

    Nothing is started if no stage is new or has changed code: such a build may have nothing to do.

    Args:
        project: The project.
        snapshot: Its stages as they are now.
        changed: The stages whose source has changed.
        installed: The environment.
    """
    if not choice.is_wanted(project.settings.warm):
        return
    built = lock.read(project.root).entries
    names = [node.name for node in nodes.read(project.root) if node.name in snapshot.stages]
    due = [place for place, name in enumerate(names) if name in changed or name not in built]
    if not due:
        return
    client.start_early(Recipe.of_own_processes(str(project.root)), ancestry.build())
    stages = (snapshot.stages[name] for name in names[due[0] :])
    kernels = [WarmKernel.of(project, stage, installed) for stage in stages]
    order = [item for item in kernels if item is not None]
    warm_kernel.write_order(project.state, order)
    for item in order[:1]:
        item.start(kernel.lasting_environment(item.threads))
