"""The environment's lock file: which versions it pins, and whether they are what is installed."""

import hashlib
import json
import platform
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stagebook.notebook.distributions import canonical
from stagebook.notebook.source import Source
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.files import write_whole
from stagebook.project.project import Project

_FORMAT = 1
_CACHE = "cache/lock.json"
_LOCAL = ("directory", "editable", "path", "virtual", "git", "vcs", "url")

Pin = tuple[str, tuple[str, ...]]
"""A specifier such as ``==2.1``, and the markers of which one must hold; none for always."""


def require_agreement(project: Project, sources: Iterable[Source]) -> None:
    """Checks the distributions that stages use against the lock file, if there is one.

    A distribution that the lock file does not pin is not a disagreement.

    Raises:
        StagebookError: Some are installed in another version; it names both versions of each.
    """
    if project.lock is None:
        return
    file = project.root / project.lock
    if not file.is_file():
        message = f"The setting `lock` names {project.lock}, which does not exist."
        raise StagebookError(
            Problem("lock-missing", message, "Correct the setting.", Where("pyproject.toml"))
        )
    pins = _remembered(file, project.state)
    stages: dict[tuple[str, str], list[str]] = {}
    for source in sources:
        for pair in source.distributions:
            stages.setdefault(pair, []).append(source.stage)
    problems = [
        _problem(name, version, locked, used_by, project.lock)
        for (name, version), used_by in sorted(stages.items())
        if (locked := _disagreeing(version, pins.get(name, ())))
    ]
    if problems:
        raise StagebookError(*problems, exit_code=Exit.ENVIRONMENT)


def _problem(name: str, version: str, locked: list[str], stages: list[str], lock: str) -> Problem:
    several = "s" if len(stages) > 1 else ""
    return Problem(
        "lock-disagrees",
        f"{name} {version} is installed, but the lock file has {' or '.join(locked)}. "
        f"Stage{several} {', '.join(stages)} would run with {version}.",
        f"Install the versions in {lock}, or update {lock}. Then build again: dvc repro",
        Where(lock),
    )


def _disagreeing(version: str, pins: Iterable[Pin]) -> list[str]:
    """The versions that the pins of this environment ask for, if none of them is this version."""
    pins = tuple(pins)
    if (f"=={version}", ()) in pins or all(item == f"=={version}" for item, _ in pins):
        return []
    here = [specifier for specifier, markers in pins if _any_holds(markers)]
    return [] if any(_holds(item, version) for item in here) else [_shown(value) for value in here]


def _shown(specifier: str) -> str:
    return specifier.removeprefix("==")


def _holds(specifier: str, version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:  # conda knows versions that PyPI does not, such as 2024a
        return specifier == f"=={version}"


def _any_holds(markers: tuple[str, ...]) -> bool:
    from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName

    for marker in markers:
        try:
            if Marker(marker).evaluate({"extra": ""}):
                return True
        except (InvalidMarker, UndefinedEnvironmentName):
            return True
    return not markers


def _remembered(file: Path, state: Path) -> Mapping[str, tuple[Pin, ...]]:
    """The pins of a lock file, which is parsed once for each of its contents."""
    data = file.read_bytes()
    key = hashlib.sha256(file.name.encode() + b"\0" + data).hexdigest()
    try:
        values = json.loads((state / _CACHE).read_text(encoding="utf-8"))
        if (values["format"], values["key"]) == (_FORMAT, key):
            return {
                name: tuple((specifier, tuple(markers)) for specifier, markers in pins)
                for name, pins in values["pins"].items()
            }
    except (OSError, ValueError, KeyError, TypeError):
        pass  # it is missing or from another version of Stagebook
    pins = parse(data.decode("utf-8", errors="replace"), file.name)
    write_whole(state / _CACHE, json.dumps({"format": _FORMAT, "key": key, "pins": pins}))
    return pins


def parse(text: str, name: str) -> dict[str, tuple[Pin, ...]]:
    """The pins in the text of a lock file, by canonical name of the distribution.

    Args:
        text: The text.
        name: The file's name, which shows its format.

    Raises:
        StagebookError: It is not in that format.
    """
    pins: dict[str, list[Pin]] = {}
    for distribution, pin in _reader(text, name)(text, name):
        pins.setdefault(canonical(distribution), []).append(pin)
    return {distribution: tuple(values) for distribution, values in pins.items()}


def _reader(text: str, name: str) -> Any:
    if name.endswith((".yml", ".yaml")):
        return _of_conda
    is_toml = name.endswith(".toml") or "\n[[package]]\n" in f"\n{text}\n".replace("\r\n", "\n")
    return _of_toml if is_toml else _of_requirements


def _of_requirements(text: str, _: str) -> Iterator[tuple[str, Pin]]:
    """The pins in a file that pip installs from, as pip-compile, uv and pip freeze write it."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        plain = line.partition(" #")[0].partition(" --")[0].strip()
        if not plain or plain.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(plain)
        except InvalidRequirement:  # such as a path to a folder
            continue
        if requirement.specifier:
            marker = requirement.marker
            yield requirement.name, (str(requirement.specifier), (str(marker),) if marker else ())


def _of_toml(text: str, name: str) -> Iterator[tuple[str, Pin]]:
    """The pins in ``uv.lock``, ``pylock.toml``, ``poetry.lock`` or ``pdm.lock``."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem("bad-toml", f"The file is not valid TOML: {error}.", "", Where(name))
        raise StagebookError(problem) from None
    for entry in [*document.get("package", ()), *document.get("packages", ())]:
        if "version" in entry and not _is_local(entry):
            yield entry["name"], (f"=={entry['version']}", tuple(_markers(entry)))


def _is_local(entry: Mapping[str, Any]) -> bool:
    """Whether a package is not a release: its content counts, and its version says little."""
    source = entry.get("source", {})
    kind = source.get("type") if isinstance(source, dict) else None
    fields = {*entry, *(source if kind is None else ())} - {"source"}
    return kind in ("directory", "git", "file", "url") or not fields.isdisjoint(_LOCAL)


def _markers(entry: Mapping[str, Any]) -> Iterator[str]:
    """The markers of a package, of which one must hold."""
    yield from entry.get("resolution-markers", ())
    for key in ("marker", "markers"):
        marker = entry.get(key)
        if isinstance(marker, str):
            yield marker
        elif isinstance(marker, dict):  # of Poetry, for each of its groups
            yield from marker.values()


def _of_conda(text: str, name: str) -> Iterator[tuple[str, Pin]]:
    """The pins that a ``conda-lock.yml`` has for this platform."""
    from stagebook.pipeline import yaml_text

    document = yaml_text.load(text, name, plain=True)
    entries = document.get("package", ()) if isinstance(document, dict) else ()
    for entry in entries:
        if entry.get("platform") in (_conda_platform(), None):
            yield entry["name"], (f"=={entry['version']}", ())


def _conda_platform() -> str:
    system = {"darwin": "osx", "win32": "win"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    return f"{system}-{'64' if machine in ('x86_64', 'amd64') else machine}"
