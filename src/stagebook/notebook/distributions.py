"""The installed distributions, what they provide, and what they require."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True, slots=True)
class Installed:
    """The distributions of this environment.

    Attributes:
        providers: For each top-level module, the distributions that provide it.
    """

    providers: Mapping[str, tuple[str, ...]]

    @classmethod
    def scan(cls) -> "Installed":
        """The environment of this process, as it is now."""
        for cached in (_version, _requirements):
            cached.cache_clear()
        return cls(
            {
                module: tuple(sorted({str(canonicalize_name(name)) for name in names}))
                for module, names in metadata.packages_distributions().items()
            }
        )

    def provides(self, module: str) -> bool:
        """Whether some distribution provides a top-level module of this name."""
        return module in self.providers

    def closure(self, modules: Iterable[str], also: Iterable[str] = ()) -> dict[str, str]:
        """The distributions behind some modules, and all that these require.

        Args:
            modules: Top-level module names; those that nothing provides are passed over.
            also: Names of distributions to add.

        Returns:
            Canonical names with installed versions, sorted by name.
        """
        names = {name for module in modules for name in self.providers.get(module, ())}
        pending = [(name, frozenset[str]()) for name in (*names, *map(canonical, also))]
        seen: set[tuple[str, frozenset[str]]] = set()
        versions: dict[str, str] = {}
        while pending:
            name, extras = pending.pop()
            version = _version(name)
            if (name, extras) in seen or version is None:
                continue
            seen.add((name, extras))
            versions[name] = version
            pending.extend(_required(name, extras))
        return dict(sorted(versions.items()))


def canonical(name: str) -> str:
    """The one spelling of a distribution's name, such as ``scikit-learn``."""
    return str(canonicalize_name(name))


@cache
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@cache
def _requirements(name: str) -> tuple[Requirement, ...]:
    parsed = []
    for line in metadata.requires(name) or ():
        try:
            parsed.append(Requirement(line))
        except InvalidRequirement:  # old releases hold some; pip could not install them either
            continue
    return tuple(parsed)


def _required(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    environment = {key: str(value) for key, value in default_environment().items()}
    for requirement in _requirements(name):
        wanted = any(
            requirement.marker is None
            or requirement.marker.evaluate({**environment, "extra": extra})
            for extra in (extras or {""})
        )
        if wanted:
            yield canonical(requirement.name), frozenset(requirement.extras)
