"""The environment that a model was packaged in, and how another one differs from it."""

import hashlib
import json
import platform
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any, Literal, Self

from packaging.version import InvalidVersion, Version

from stagebook.model import json_text
from stagebook.project.errors import Problem, Where

FORMAT = 1
FILE = "environment.lock.json"
Rule = Literal["equal", "compatible"]


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment.

    Attributes:
        python: Version of Python.
        implementation: Such as ``CPython``.
        system: Operating system.
        machine: Architecture.
        libc: C library and its version; empty where Python does not know.
        distributions: Installed distributions that matter, with versions.
        critical: Those whose version can change what the model predicts.
        rule: ``equal``, or ``compatible`` if the same minor version is enough.
    """

    python: str
    implementation: str
    system: str
    machine: str
    libc: str
    distributions: Mapping[str, str]
    critical: tuple[str, ...]
    rule: Rule

    @property
    def digest(self) -> str:
        """SHA-256 of its text."""
        return hashlib.sha256(render(self).encode()).hexdigest()

    @property
    def words(self) -> str:
        """Python and the critical distributions, with their versions, in a line."""
        critical = (f"{name} {self.distributions[name]}" for name in self.critical)
        return ", ".join([f"Python {self.python}", *critical])

    @classmethod
    def here(
        cls, distributions: Mapping[str, str], critical: Collection[str], rule: Rule = "equal"
    ) -> Self:
        """This environment.

        Args:
            distributions: The distributions that matter, with versions.
            critical: Those whose version can change what the model predicts.
            rule: What another environment has to be.
        """
        return cls(
            python=platform.python_version(),
            implementation=platform.python_implementation(),
            system=platform.system(),
            machine=platform.machine(),
            libc=" ".join(filter(None, platform.libc_ver())),
            distributions=dict(sorted(distributions.items())),
            critical=tuple(sorted(set(critical) & distributions.keys())),
            rule=rule,
        )

    def differences(self, rule: Rule | None = None) -> tuple[Problem, ...]:
        """How the environment of this process differs from this one, where that matters.

        Args:
            rule: What it has to be; if None, what the package says.
        """
        return tuple(self._different(rule or self.rule))

    def _different(self, rule: Rule) -> Iterator[Problem]:
        here = platform.python_version()
        if not fits(self.python, here, rule):
            yield Problem(
                "other-python-version",
                f"The package was made with Python {self.python}; this environment has {here}.",
                f"Make an environment with Python {_minor(self.python)}, or override it: "
                'stagebook.load(..., environment="ignore")',
                Where(FILE),
            )
        for name in self.critical:
            expected, installed = self.distributions[name], _version(name)
            if installed is None or not fits(expected, installed, rule):
                yield Problem(
                    "other-version",
                    f"The package was made with {name} {expected}; this environment has "
                    f"{installed or 'none'}.",
                    f"pip install {name}=={expected}",
                    Where(FILE),
                )


def fits(expected: str, installed: str, rule: Rule) -> bool:
    """Whether an installed version satisfies a rule."""
    if rule == "equal" or expected == installed:
        return expected == installed
    try:
        return Version(expected).release[:2] == Version(installed).release[:2]
    except InvalidVersion:
        return False


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def render(environment: Environment) -> str:
    """The text of the lock."""
    return json.dumps({"format": FORMAT, **asdict(environment)}, indent=1) + "\n"


def parse(text: str) -> Environment:
    """The environment in a text that ``render`` wrote; ValueError or KeyError for another."""
    values: dict[str, Any] = json_text.load(text)
    if values.pop("format") != FORMAT:
        raise ValueError("another format")
    return Environment(**{**values, "critical": tuple(values["critical"])})
