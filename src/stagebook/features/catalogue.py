"""The definitions of features in a project's modules: views, on-demand features, services."""

import contextlib
import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from stagebook.features.definitions import FeatureView, OnDemandFeature
from stagebook.features.service import FeatureService
from stagebook.project import local_errors
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project.project import Project
from stagebook.project.settings import FILE

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All definitions of features of a project, in the order of its modules.

    Attributes:
        views: The feature views, each with all features that any definition selects of it.
        on_demand: The on-demand features.
        services: The feature services.
    """

    views: tuple[FeatureView, ...]
    on_demand: tuple[OnDemandFeature, ...]
    services: tuple[FeatureService, ...]

    @classmethod
    def load(cls, project: Project) -> "Catalogue":
        """The definitions in the modules that the setting ``features`` names.

        Each module is imported, which runs it; what it prints goes to standard error.

        Args:
            project: The project.

        Raises:
            StagebookError: The setting is missing, a module does not exist or cannot be imported,
                a definition is invalid, or two definitions have one name.
        """
        names = project.settings.features
        if not names:
            message = "The project does not say which modules define its features."
            hint = (
                "Name them below [tool.stagebook] in pyproject.toml, for example: "
                'features = ["my_package.feature_views"]'
            )
            raise StagebookError(Problem("no-features", message, hint, Where(FILE)))
        folders = _code_folders(project)
        with _importing(folders):
            modules = [_imported(name, folders, project) for name in names]
        return cls.of(modules, project.root)

    @classmethod
    def of(cls, modules: Iterable[ModuleType], root: Path) -> "Catalogue":
        """The definitions in some modules.

        Args:
            modules: The modules, imported.
            root: The folder that the places of definitions are relative to in messages.

        Raises:
            StagebookError: Two views, or two services, have one name.
        """
        values = [value for module in modules for value in vars(module).values()]
        services = _distinct(value for value in values if isinstance(value, FeatureService))
        views = [value for value in values if isinstance(value, FeatureView)]
        views += [view for service in services for view in service.resolution.views]
        on_demand = [value for value in values if isinstance(value, OnDemandFeature)]
        on_demand += [item for service in services for item in service.resolution.on_demand]
        problems = [
            *_repeated("feature views", views, root),
            *_repeated("feature services", services, root),
        ]
        if problems:
            raise StagebookError(*problems)
        return cls(_merged(views), _distinct(on_demand), services)

    def service(self, name: str) -> FeatureService:
        """The service of this name.

        Raises:
            StagebookError: No service has the name.
        """
        names = [service.name for service in self.services]
        if name not in names:
            known = f"The project has: {', '.join(names) or 'none'}."
            message = f"The project has no feature service `{name}`."
            raise StagebookError(
                Problem("no-feature-service", message, did_you_mean(name, names, known))
            )
        return self.services[names.index(name)]


def _code_folders(project: Project) -> list[Path]:
    return [(project.root / folder).resolve() for folder in project.settings.code]


def importing(project: Project) -> contextlib.AbstractContextManager[None]:
    """Puts a project's code first in the search for modules, as while its definitions load."""
    return _importing(_code_folders(project))


@contextlib.contextmanager
def _importing(folders: Sequence[Path]) -> Iterator[None]:
    """Puts folders first in the search for modules; what modules print goes to standard error."""
    before = list(sys.path)
    sys.path[:0] = map(str, folders)
    importlib.invalidate_caches()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path[:] = before


def _imported(name: str, folders: Sequence[Path], project: Project) -> ModuleType:
    try:
        return importlib.import_module(name)
    except StagebookError as error:  # an invalid definition, which names its line
        placed = (_placed(problem, project.root) for problem in error.problems)
        raise StagebookError(*placed) from error
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise StagebookError(_missing(name, project)) from None
        raise _not_imported(name, error, folders, project) from error
    except (Exception, SystemExit) as error:
        raise _not_imported(name, error, folders, project) from error


def _missing(name: str, project: Project) -> Problem:
    """The problem that a module does not exist, at the line of the setting that names it."""
    lines = (project.root / FILE).read_text(encoding="utf-8-sig").splitlines()
    quoted = re.compile(rf"""["']{re.escape(name)}["']""")
    number = next((n for n, line in enumerate(lines, start=1) if quoted.search(line)), None)
    searched = ", ".join(project.settings.code)
    hint = f"Correct the setting `features`. Modules are looked for in: {searched}"
    message = f"There is no module `{name}`."
    return Problem("no-feature-module", message, hint, Where(FILE, line=number))


def _not_imported(
    name: str, error: BaseException, folders: Sequence[Path], project: Project
) -> StagebookError:
    text = local_errors.error_text(error)
    where = local_errors.raised_at(error, [project.root, *folders], project.root)
    message = f"The module `{name}` cannot be imported: {text}."
    hint = f"Correct the module; `python -c 'import {name}'` shows the whole error."
    return StagebookError(Problem("features-not-imported", message, hint, where))


def _placed(problem: Problem, root: Path) -> Problem:
    """A problem whose place is relative to the project's root."""
    return replace(problem, where=place(problem.where, root))


def place(where: Where | None, root: Path) -> Where | None:
    """The place of a definition, relative to the project's root."""
    if where is None:
        return None
    return replace(where, file=local_errors.relative(Path(where.file), root.resolve()))


def _repeated(
    noun: str, definitions: Iterable[FeatureView | FeatureService], root: Path
) -> Iterator[Problem]:
    """A problem for each definition that has the name of another one."""
    first: dict[str, FeatureView | FeatureService] = {}
    for definition in definitions:
        other = first.setdefault(definition.name, definition)
        if _identity(other) != _identity(definition):
            message = (
                f"Two {noun} have the name `{definition.name}`; the first is in "
                f"{place(other.where, root)}."
            )
            hint = "Give one of them another name."
            yield Problem("repeated-definition", message, hint, place(definition.where, root))


def _identity(definition: FeatureView | FeatureService) -> tuple[Any, ...]:
    """What is the same for all selections of features of one view, and for no two services."""
    if isinstance(definition, FeatureService):
        return (id(definition),)
    view = definition
    times = (view.event_time, view.known_time, view.ttl)
    return (view.entity, view.table, *times, id(view.schema), view.where)


def _merged(views: Iterable[FeatureView]) -> tuple[FeatureView, ...]:
    """Each view once, with the features of all its selections; the widest gives their order."""
    selections: dict[str, list[FeatureView]] = {}
    for view in views:
        selections.setdefault(view.name, []).append(view)
    merged = []
    for same in selections.values():
        widest = max(same, key=lambda view: len(view.features))
        merged.append(widest.with_features(name for view in same for name in view.features))
    return tuple(merged)


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    """Each object once, in order."""
    return tuple({id(value): value for value in values}.values())
