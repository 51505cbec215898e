"""The packages of a project that were built from its feature services, and whether they still fit.

A package describes its service in ``features.json``; the present code is held against it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.features import definition_check, description
from stagebook.features.catalogue import Catalogue, importing
from stagebook.features.description import ServiceDescription
from stagebook.features.service import FeatureService
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.stage import MANIFEST, PACKAGED_FEATURES
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project.project import Project
from stagebook.project.typed_json import ShapeError

_FOLDER = "models"
"""A folder whose packages count even if no stage writes them."""
_LARGEST = 4_000_000  # bytes of a description


@dataclass(frozen=True, slots=True)
class ServicePackage:
    """A package that uses a feature service.

    Attributes:
        path: The package, relative to the project's root.
        stale: Whether the definitions differ from those that it was built from; None if it does
            not describe a service, so that only its stage is known to import one.
        differences: What differs.
    """

    path: str
    stale: bool | None = None
    differences: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """This package as plain values."""
        return {
            "path": self.path,
            "stale": self.stale,
            "differences": [problem.as_json() for problem in self.differences],
        }


@dataclass(frozen=True, slots=True)
class ServicePackages:
    """The packages that describe a feature service.

    Attributes:
        by_service: The packages of each service, by its name.
        described: Paths of all packages that describe a service, of this project or not.
        problems: Descriptions that cannot be read or compared, and services that do not exist.
    """

    by_service: Mapping[str, tuple[ServicePackage, ...]]
    described: frozenset[str]
    problems: tuple[Problem, ...]

    @classmethod
    def read(
        cls, project: Project, nodes: Sequence[Node], catalogue: Catalogue
    ) -> "ServicePackages":
        """The packages among the outputs of stages, and in ``models/``.

        Args:
            project: The project.
            nodes: The stages of ``dvc.yaml``.
            catalogue: The project's definitions, imported.
        """
        services = {service.name: service for service in catalogue.services}
        own: dict[str, list[ServicePackage]] = {}
        described, problems = set(), []
        with importing(project):
            for path in _with_description(project.root, nodes):
                described.add(path)
                try:
                    packaged = _description(project.root, path)
                    service = services.get(packaged.name)
                    if service is None:
                        problems.append(_unknown(path, packaged, services))
                    else:
                        own.setdefault(service.name, []).append(_compared(path, packaged, service))
                except StagebookError as error:
                    problems += error.problems
        by_service = {name: tuple(packages) for name, packages in own.items()}
        return cls(by_service, frozenset(described), tuple(problems))

    def of(self, service: str, written: Iterable[str]) -> tuple[ServicePackage, ...]:
        """The packages that use a service.

        Args:
            service: Its name.
            written: The packages that stages write which import its module; one without a
                description counts as a user.
        """
        silent = (ServicePackage(path) for path in written if path not in self.described)
        return (*self.by_service.get(service, ()), *silent)


def _with_description(root: Path, nodes: Iterable[Node]) -> Iterator[str]:
    """The folders that are packages with a description, each once."""
    outs = dict.fromkeys((*(out for node in nodes for out in node.outs), _FOLDER))
    places = (place for out in outs for place in (root / out, *_children(root / out)))
    for place in dict.fromkeys(places):
        if (place / MANIFEST).is_file() and (place / PACKAGED_FEATURES).is_file():
            yield place.relative_to(root).as_posix() if place.is_relative_to(root) else str(place)


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:  # not a folder, or one that may not be listed
        return []


def _description(root: Path, path: str) -> ServiceDescription:
    file = root / path / PACKAGED_FEATURES
    try:
        if file.stat().st_size > _LARGEST:
            raise ShapeError(f"it has more than {_LARGEST:,} bytes")
        return description.parse(file.read_bytes())
    except (OSError, ShapeError) as error:
        message = f"The file cannot be read: {error}."
        hint = "Build the package again."
        where = Where(f"{path}/{PACKAGED_FEATURES}")
        raise StagebookError(Problem("package-changed", message, hint, where)) from None


def _compared(path: str, packaged: ServiceDescription, service: FeatureService) -> ServicePackage:
    differences = definition_check.differences(packaged, service)
    return ServicePackage(path, bool(differences), differences)


def _unknown(path: str, packaged: ServiceDescription, names: Iterable[str]) -> Problem:
    message = f"The package was built from the feature service `{packaged.name}`, which is gone."
    fallback = "Remove the package, or define the service again."
    hint = did_you_mean(packaged.name, list(names), fallback)
    return Problem("no-feature-service", message, hint, Where(path))
