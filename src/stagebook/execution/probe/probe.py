"""The probe of a kernel."""

from stagebook.execution.journal import Notes
from stagebook.execution.probe.clock import Clock
from stagebook.execution.probe.conditions import RunConditions
from stagebook.execution.probe.generators import Generators
from stagebook.execution.probe.observer import Observer
from stagebook.execution.probe.surroundings import Surroundings


def install(text: str, files: str, journal: Notes) -> Observer:
    """From here on, what the cells of this kernel ask for is noted.

    Args:
        text: The conditions of the run.
        files: The sandbox's folder.
        journal: Where to note it.

    Returns:
        The observer, to be attached to the shell.
    """
    observer = Observer(RunConditions.parse(text), files, journal)
    Generators(observer).install()
    Clock(observer).install()
    Surroundings(observer).install()
    return observer
