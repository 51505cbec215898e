"""The verbs for a project's features."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.project.project import Project

if TYPE_CHECKING:
    from stagebook.features.stored_rows import StoredView
    from stagebook.history.feature_listing import FeatureListing


def listing(project: Project) -> "FeatureListing":
    """The features of a project, with what uses them."""
    from stagebook.history.feature_listing import FeatureListing

    return FeatureListing.read(project)


def materialize(
    project: Project, name: str, store: Path, *, incremental: bool
) -> tuple["StoredView", ...]:
    """Writes the online store of a feature service from the tables of its views.

    Args:
        project: The project.
        name: The service.
        store: Path of the store, relative to the working folder.
        incremental: Whether an existing store gets the rows that became known since.

    Returns:
        What the store has of each view.
    """
    from stagebook.features.catalogue import Catalogue
    from stagebook.features.materialize import materialize as write

    service = Catalogue.load(project).service(name)
    target = store.absolute()
    if target.is_relative_to(project.root):
        target = target.relative_to(project.root)
    with contextlib.chdir(project.root):  # the tables of views are relative to it
        return write(service.resolution, target, {}, incremental=incremental)
