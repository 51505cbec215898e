"""The installed distributions: their modules, requirements and origins."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from stagebook.notebook import environment_scan
from stagebook.notebook.environment_scan import canonical
from stagebook.project.files import write_whole

__all__ = ["Distribution", "Installed", "canonical"]

_FORMAT = 2
_CACHE = "cache/installed.json"


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution.

    Attributes:
        version: Its version.
        requires: Its requirements, as its metadata writes them.
        local: The folder or file on this machine that it was installed from, an absolute path;
            None if it was installed as a release.
        editable: Whether its code runs from that folder.
        revision: The commit of the repository or the hash of the archive that it was installed
            from, since its version does not identify its content; empty for a release.
    """

    version: str
    requires: tuple[str, ...] = ()
    local: str | None = None
    editable: bool = False
    revision: str = ""

    @property
    def identity(self) -> str:
        """Its version, with the revision if it has one."""
        return f"{self.version} {self.revision}".rstrip()


@dataclass(frozen=True)
class Installed:
    """The distributions of this environment.

    Attributes:
        providers: For each top-level module, the distributions that provide it.
        distributions: The distributions by canonical name.
        edges: The requirements of distributions with some extras, as far as they were looked up.
        remembered_edges: How many of these are on disk; -1 if the file is missing.
    """

    providers: Mapping[str, tuple[str, ...]]
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    edges: dict[str, list[tuple[str, str]]] = field(default_factory=dict, compare=False)
    remembered_edges: int = field(default=-1, compare=False)

    @classmethod
    def scan(cls) -> "Installed":
        """The environment of this process, as it is now."""
        providers, distributions = environment_scan.scan()
        return cls(
            providers, {name: Distribution(*values) for name, values in distributions.items()}
        )

    @classmethod
    def remembered(cls, state: Path) -> "Installed":
        """The environment of this process, scanned only if it changed since the last scan.

        Args:
            state: The project's state folder, which holds the last scan.
        """
        key = environment_scan.fingerprint()
        try:
            values = json.loads((state / _CACHE).read_text(encoding="utf-8"))
            if (values["format"], values["key"]) == (_FORMAT, key):
                return cls._from_json(values)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # it is missing or from another version of Stagebook
        return cls.scan()

    def remember(self, state: Path) -> None:
        """Writes the scan and the edges to disk, for ``remembered``."""
        if len(self.edges) == self.remembered_edges:
            return
        values = {
            "format": _FORMAT,
            "key": environment_scan.fingerprint(),
            "providers": dict(self.providers),
            "distributions": {
                name: [
                    distribution.version,
                    distribution.requires,
                    distribution.local,
                    distribution.editable,
                    distribution.revision,
                ]
                for name, distribution in self.distributions.items()
            },
            "edges": self.edges,
        }
        write_whole(state / _CACHE, json.dumps(values))

    @classmethod
    def _from_json(cls, values: Mapping[str, Any]) -> "Installed":
        edges = {
            key: [(name, extras) for name, extras in required]
            for key, required in values["edges"].items()
        }
        return cls(
            {module: tuple(names) for module, names in values["providers"].items()},
            {
                name: Distribution(version, tuple(requires), *origin)
                for name, (version, requires, *origin) in values["distributions"].items()
            },
            edges,
            len(edges),
        )

    def provides(self, module: str) -> bool:
        """Whether a distribution provides a top-level module of this name."""
        return module in self.providers

    def version(self, name: str) -> str | None:
        """The version of a distribution; None if it is not installed."""
        distribution = self.distributions.get(canonical(name))
        return distribution.version if distribution else None

    def identity(self, name: str) -> str | None:
        """The version of a distribution, with its revision; None if it is not installed."""
        distribution = self.distributions.get(canonical(name))
        return distribution.identity if distribution else None

    def identity_behind(self, name: str) -> str | None:
        """The identity of the distribution that provides a module, or that has this name."""
        return self.identity(next(iter(self.providers.get(name, ())), name))

    def revisions(self, names: Iterable[str]) -> dict[str, str]:
        """The revisions of the given distributions that have one."""
        revisions = {name: self.distributions[name].revision for name in names}
        return {name: revision for name, revision in revisions.items() if revision}

    @cached_property
    def local(self) -> Mapping[str, Distribution]:
        """The distributions that were installed from a folder or file of this machine."""
        return {
            name: distribution
            for name, distribution in self.distributions.items()
            if distribution.local
        }

    def closure(self, modules: Iterable[str], also: Iterable[str] = ()) -> dict[str, str]:
        """The distributions that provide some modules, and everything that these require.

        Args:
            modules: Top-level module names; unknown ones are ignored.
            also: Names of distributions to add.

        Returns:
            Canonical names with installed versions, sorted by name.
        """
        names = {name for module in modules for name in self.providers.get(module, ())}
        pending = [(name, "") for name in (*names, *map(canonical, also))]
        seen: set[tuple[str, str]] = set()
        versions: dict[str, str] = {}
        while pending:
            name, extras = pending.pop()
            distribution = self.distributions.get(name)
            if (name, extras) in seen or distribution is None:
                continue
            seen.add((name, extras))
            versions[name] = distribution.version
            pending.extend(self._required(name, extras, distribution.requires))
        return dict(sorted(versions.items()))

    def _required(self, name: str, extras: str, requires: tuple[str, ...]) -> list[tuple[str, str]]:
        key = f"{name}[{extras}]"
        if key not in self.edges:
            self.edges[key] = environment_scan.required(requires, extras)
        return self.edges[key]
