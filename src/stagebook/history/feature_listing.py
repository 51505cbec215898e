"""The features of a project with their users: stages, packages, online stores."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stagebook.features.catalogue import Catalogue, place
from stagebook.features.definitions import FeatureView, OnDemandFeature
from stagebook.features.service import FeatureService
from stagebook.features.table_state import TableState
from stagebook.history.service_packages import ServicePackage, ServicePackages
from stagebook.notebook.distributions import Installed
from stagebook.pipeline import nodes as graph
from stagebook.pipeline import notebooks
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.notebooks import StageNotebook
from stagebook.pipeline.stage import MANIFEST
from stagebook.project.errors import Problem, Where
from stagebook.project.project import Project

_MATERIALIZE = ["stagebook", "features", "materialize"]


@dataclass(frozen=True, slots=True)
class ListedView:
    """A feature view with its table and its users.

    Attributes:
        view: The view.
        where: Where it is defined, relative to the project's root.
        maker: The stage that writes its table; empty if no stage does.
        table: The state of its table.
        services: The feature services that take features of it.
        stages: The stages that import its module, without the one that writes its table.
    """

    view: FeatureView
    where: Where | None
    maker: str
    table: TableState
    services: tuple[str, ...]
    stages: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """This view as plain values."""
        view, ttl = self.view, self.view.ttl
        return {
            "name": view.name,
            "entity": view.entity.name,
            "keys": list(view.entity.keys),
            "features": list(view.features),
            "event_time": view.event_time,
            "known_time": view.known_time,
            "ttl_seconds": None if ttl is None else ttl.total_seconds(),
            "table": view.table,
            "stage": self.maker or None,
            "built": self.table.exists,
            "rows": self.table.rows,
            "newest_known_time": self.table.newest,
            "trouble": self.table.trouble or None,
            "services": list(self.services),
            "stages": list(self.stages),
            "where": _place_as_json(self.where),
        }


@dataclass(frozen=True, slots=True)
class ListedOnDemandFeature:
    """An on-demand feature with its users.

    Attributes:
        feature: The feature.
        where: Where it is defined, relative to the project's root.
        services: The feature services that compute it.
    """

    feature: OnDemandFeature
    where: Where | None
    services: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """This feature as plain values."""
        return {
            "name": self.feature.name,
            "dtype": self.feature.dtype,
            "inputs": list(self.feature.inputs),
            "services": list(self.services),
            "where": _place_as_json(self.where),
        }


@dataclass(frozen=True, slots=True)
class OnlineStoreStage:
    """A hand-written stage that writes an online store.

    Attributes:
        stage: Its name.
        path: The store, as its command names it.
    """

    stage: str
    path: str


@dataclass(frozen=True, slots=True)
class ListedService:
    """A feature service with its users.

    Attributes:
        service: The service.
        where: Where it is defined, relative to the project's root.
        stages: The stages that import its module.
        packages: The packages that were built from it, or that these stages write.
        stores: The stages that write an online store of it.
    """

    service: FeatureService
    where: Where | None
    stages: tuple[str, ...]
    packages: tuple[ServicePackage, ...]
    stores: tuple[OnlineStoreStage, ...]

    def as_json(self) -> dict[str, Any]:
        """This service as plain values."""
        return {
            "name": self.service.name,
            "features": list(self.service.features),
            "request": list(self.service.request),
            "instant": self.service.instant,
            "views": [view.name for view in self.service.resolution.views],
            "on_demand": [item.name for item in self.service.resolution.on_demand],
            "stages": list(self.stages),
            "packages": [package.as_json() for package in self.packages],
            "stores": [asdict(store) for store in self.stores],
            "where": _place_as_json(self.where),
        }


@dataclass(frozen=True, slots=True)
class FeatureListing:
    """All features of a project.

    Attributes:
        views: The feature views.
        on_demand: The on-demand features.
        services: The feature services.
        unread: The problems with notebooks and packages whose use of features is not known.
    """

    views: tuple[ListedView, ...]
    on_demand: tuple[ListedOnDemandFeature, ...]
    services: tuple[ListedService, ...]
    unread: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, project: Project, nodes: Sequence[Node] | None = None) -> "FeatureListing":
        """The features of a project as its modules define them and its notebooks use them now.

        Args:
            project: The project.
            nodes: The stages of ``dvc.yaml``; None to read them.

        Raises:
            StagebookError: The definitions or ``dvc.yaml`` cannot be read.
        """
        catalogue = Catalogue.load(project)
        users = _Users.read(project, graph.read(project.root) if nodes is None else nodes)
        views = (_listed_view(view, catalogue, users) for view in catalogue.views)
        on_demand = (
            ListedOnDemandFeature(
                feature,
                place(feature.where, project.root),
                tuple(
                    service.name
                    for service in catalogue.services
                    if feature in service.resolution.on_demand
                ),
            )
            for feature in catalogue.on_demand
        )
        packages = ServicePackages.read(project, users.nodes, catalogue)
        services = (_listed_service(service, users, packages) for service in catalogue.services)
        unread = (*users.unread, *packages.problems)
        return cls(tuple(views), tuple(on_demand), tuple(services), unread)

    def as_json(self) -> dict[str, Any]:
        """This listing as plain values."""
        return {
            "views": [view.as_json() for view in self.views],
            "on_demand": [feature.as_json() for feature in self.on_demand],
            "services": [service.as_json() for service in self.services],
            "warnings": [problem.as_json() for problem in self.unread],
        }


@dataclass(frozen=True, slots=True)
class _Users:
    """What uses features in a project.

    Attributes:
        project: The project.
        nodes: The stages of ``dvc.yaml``.
        modules: The local modules that each notebook's stage imports, by paths.
        unread: The problems with the other notebooks.
    """

    project: Project
    nodes: Sequence[Node]
    modules: Mapping[str, frozenset[str]]
    unread: tuple[Problem, ...]

    @classmethod
    def read(cls, project: Project, nodes: Sequence[Node]) -> "_Users":
        results = notebooks.read_each(project, notebooks.stages(project)).values()
        valid = [item for item in results if isinstance(item, StageNotebook)]
        errors = [item for item in results if not isinstance(item, StageNotebook)]
        made_of = notebooks.makings(project, valid, Installed.remembered(project.state))
        modules = {item.source.stage: frozenset(item.modules) for item in made_of}
        unread = tuple(problem for error in errors for problem in error.problems)
        return cls(project, nodes, modules, unread)

    def stages(self, where: Where | None) -> tuple[str, ...]:
        """The stages that import the file of a definition, in the order of ``dvc.yaml``."""
        order = {node.name: number for number, node in enumerate(self.nodes)}
        names = [stage for stage, paths in self.modules.items() if where and where.file in paths]
        return tuple(sorted(names, key=lambda name: (order.get(name, len(order)), name)))

    def maker(self, path: str) -> str:
        """The stage that writes a path; empty if no stage does."""
        makers = (
            node.name for node in self.nodes if any(graph.meet(path, out) for out in node.outs)
        )
        return next(makers, "")

    def packages(self, stages: Iterable[str]) -> tuple[str, ...]:
        """The packages that some stages write."""
        outs = (out for node in self.nodes if node.name in stages for out in node.outs)
        return tuple(out for out in outs if (self.project.root / out / MANIFEST).is_file())

    def stores(self, service: str) -> Iterator[OnlineStoreStage]:
        """The stages that write an online store of a service."""
        for node in self.nodes:
            words = _words(node.cmd)
            for start in range(len(words) - len(_MATERIALIZE)):
                end = start + len(_MATERIALIZE)
                named = [word for word in words[end:] if not word.startswith("-")]
                if words[start:end] == _MATERIALIZE and named[:1] == [service] and named[1:]:
                    yield OnlineStoreStage(node.name, named[1])


def _words(command: str) -> list[str]:
    """The words of a shell command; none if its quotes are not closed."""
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _listed_view(view: FeatureView, catalogue: Catalogue, users: _Users) -> ListedView:
    where = place(view.where, users.project.root)
    services = (
        service.name
        for service in catalogue.services
        if view.name in {used.name for used in service.resolution.views}
    )
    state = TableState.read(view, users.project.root)
    maker = users.maker(view.table)
    stages = (stage for stage in users.stages(where) if stage != maker)
    return ListedView(view, where, maker, state, tuple(services), tuple(stages))


def _listed_service(
    service: FeatureService, users: _Users, described: ServicePackages
) -> ListedService:
    where = place(service.where, users.project.root)
    stages = users.stages(where)
    stores = tuple(users.stores(service.name))
    packages = described.of(service.name, users.packages(stages))
    return ListedService(service, where, stages, packages, stores)


def _place_as_json(where: Where | None) -> dict[str, Any] | None:
    return None if where is None else asdict(where)
