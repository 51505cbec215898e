"""Modules outside the project and of no release, whose files count by content."""

import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from stagebook.notebook.distributions import Installed
from stagebook.notebook.modules import OutsideModule


@dataclass(frozen=True, slots=True)
class ExternalModules:
    """Top-level modules outside a project that count by their content.

    These are editable installs, copies installed from a folder of this machine, and plain modules
    in a folder of ``PYTHONPATH``.

    Attributes:
        root: The project's root.
        installed: The environment.
    """

    root: Path
    installed: Installed
    _found: dict[str, OutsideModule | None] = field(default_factory=dict, compare=False, repr=False)

    def find(self, module: str) -> OutsideModule | None:
        """Where a top-level module is; None if it is a release, in the project or not found."""
        if module not in self._found:
            self._found[module] = self._find(module)
        return self._found[module]

    def owner(self, module: str) -> str | None:
        """The local distribution that a top-level module belongs to, if any."""
        outside_module = self.find(module)
        return outside_module.owner if outside_module else None

    def _find(self, module: str) -> OutsideModule | None:
        providers = self.installed.providers.get(module, ())
        local = [name for name in providers if name in self.installed.local]
        if module in sys.stdlib_module_names or (providers and not local):
            return None
        folder = module_folder(module)
        if folder is None or self._is_known_otherwise(folder):
            return None
        owner = local[0] if local else self._editable_around(folder)
        return OutsideModule(folder, owner)

    def _is_known_otherwise(self, folder: Path) -> bool:
        """Whether a folder is Python's own, or in the project and not in its environment."""
        paths = sysconfig.get_paths()
        if any(folder.is_relative_to(paths[key]) for key in ("purelib", "platlib")):
            return False
        own = (paths["stdlib"], paths["platstdlib"], self.root)
        return any(folder.is_relative_to(item) for item in own)

    def _editable_around(self, folder: Path) -> str | None:
        """The editable distribution whose folder holds this one; the nearest of several."""
        around = {
            str(distribution.local): name
            for name, distribution in self.installed.local.items()
            if distribution.editable and folder.is_relative_to(str(distribution.local))
        }
        return around[max(around, key=len)] if around else None


def module_folder(module: str) -> Path | None:
    """The folder that an import of a top-level module would use in this process.

    Finders of editable installs are included. Nothing is imported.
    """
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)  # old finders may lack it
        spec = find_spec(module, None) if find_spec else None
        if spec is None:
            continue
        if spec.submodule_search_locations:
            return Path(next(iter(spec.submodule_search_locations))).parent
        return Path(spec.origin).parent if spec.has_location and spec.origin else None
    return None
