"""The search for the modules that a notebook imports, in the project and outside."""

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from stagebook.notebook.cells import Notebook
from stagebook.notebook.code import normalise_cell
from stagebook.notebook.distributions import Installed
from stagebook.notebook.external_modules import ExternalModules
from stagebook.notebook.modules import Module, ReachableModules, SearchPath
from stagebook.project.project import Project

OWN = "stagebook"
"""The name of Stagebook's own distribution and module."""


@dataclass(frozen=True, slots=True)
class Search:
    """The search for the modules of a folder's notebooks, in the project and outside.

    Attributes:
        path: The places in the project.
        installed: The environment.
        elsewhere: The modules outside the project that count by their content.
    """

    path: SearchPath
    installed: Installed
    elsewhere: ExternalModules

    def is_known(self, module: str) -> bool:
        """Whether a top-level module outside the project is found."""
        return self.installed.provides(module) or self.elsewhere.find(module) is not None

    def closure(self, reached: ReachableModules, also: Iterable[str]) -> dict[str, str]:
        """The distributions that some code reaches, with versions."""
        owners = filter(None, map(self.elsewhere.owner, reached.external))
        return self.installed.closure(reached.external, (*also, *owners))

    def modules_of(self, distributions: Iterable[str]) -> tuple[str, ...]:
        """The top-level modules of the given distributions that count by content."""
        local = self.installed.local.keys() & set(distributions) - {OWN}
        providers = self.installed.providers.items() if local else ()
        return tuple(sorted(name for name, by in providers if local & set(by)))


def module_digest(module: str, search: Search) -> str:
    """SHA-256 over a module and all that it imports: local code, and distributions by version.

    Args:
        module: Its dotted name.
        search: The search for its imports.
    """
    reached = search.path.reach([("", normalise_cell(f"import {module}"))])
    lines = [f"{local_module.digest} {path}" for path, local_module in reached.modules]
    lines += [f"{name} {search.installed.identity(name)}" for name in search.closure(reached, ())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def search_path(notebook: Notebook, project: Project, installed: Installed) -> Search:
    """The search for a notebook's modules: in its folder, in the code folders, then elsewhere."""
    return search_in(project.root, code_folders(notebook.path, project), installed)


def search_in(
    root: Path,
    folders: Iterable[Path],
    installed: Installed,
    known: Mapping[str, Module] = MappingProxyType({}),
    remembered: Mapping[str, Module] = MappingProxyType({}),
) -> Search:
    """The search in some folders of a project, then elsewhere.

    Args:
        root: The project's root.
        folders: Absolute folders of local modules, in order.
        installed: The environment.
        known: Modules that replace those on disk, by path relative to the root.
        remembered: Earlier versions of modules, by path relative to the root.
    """

    def is_installed(name: str) -> bool:
        return name in sys.stdlib_module_names or installed.provides(name)

    elsewhere = ExternalModules(root, installed)
    path = SearchPath(
        root,
        tuple(folders),
        is_installed,
        elsewhere.find,
        {root / path: module for path, module in known.items()},
        {root / path: module for path, module in remembered.items()},
    )
    return Search(path, installed, elsewhere)


def code_folders(path: str, project: Project) -> tuple[Path, ...]:
    """Absolute folders that a notebook imports local modules from, in order."""
    names = (str(Path(path).parent), *project.settings.code)
    # abspath, since resolving would follow a link out of the project
    absolute = (os.path.abspath(project.root / name) for name in names)  # noqa: PTH100
    return tuple(map(Path, dict.fromkeys(absolute)))
