"""Reads the installed distributions from the metadata in the folders of ``sys.path``."""

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_METADATA = (".dist-info", ".egg-info", ".egg-link")
_NAMES = ("METADATA", "PKG-INFO")

_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")

ScannedDistribution = tuple[str, tuple[str, ...], str | None, bool, str]
"""Version, requirements, local origin, whether it is editable, and revision."""


def canonical(name: str) -> str:
    """The canonical spelling of a distribution's name, such as ``scikit-learn``."""
    # like packaging.utils.canonicalize_name, whose import would take longer than the whole scan
    return re.sub(r"[-_.]+", "-", name).lower()


def fingerprint() -> str:
    """A digest that changes with every installation, upgrade and removal.

    It covers this Python, the folders of its imports, and the name, time and size of each
    distribution's metadata in them. No file is opened.
    """
    parts = [sys.version, sys.platform, sys.prefix]
    for folder in sys.path:
        try:
            names = sorted(name for name in os.listdir(folder or ".") if name.endswith(_METADATA))
        except OSError:
            continue
        # a folder without metadata, such as that of the script, does not count
        parts += [_stamp(os.path.join(folder, name)) for name in names]  # noqa: PTH118  # 300 times
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()


def _stamp(path: str) -> str:
    stamps = [path]
    for part in (path, *(f"{path}/{name}" for name in _NAMES)):
        try:
            status = os.stat(part)  # noqa: PTH116
        except OSError:
            continue
        stamps.append(f"{status.st_mtime_ns}:{status.st_size}:{status.st_ino}")
    return " ".join(stamps)


def scan() -> tuple[dict[str, tuple[str, ...]], dict[str, ScannedDistribution]]:
    """The distributions that provide each top-level module, and all distributions by name."""
    from importlib import metadata

    distributions: dict[str, ScannedDistribution] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if (
            name and canonical(name) not in distributions
        ):  # the first on the path is the one that counts
            distributions[canonical(name)] = _of(distribution)
    providers = {
        module: tuple(sorted({canonical(name) for name in names}))
        for module, names in metadata.packages_distributions().items()
    }
    return providers, distributions


def _of(distribution: "Distribution") -> ScannedDistribution:
    direct = _direct(distribution)
    local, editable = _origin(distribution, direct)
    return (
        distribution.version,
        tuple(distribution.requires or ()),
        local,
        editable,
        _revision(direct),
    )


def _direct(distribution: "Distribution") -> Mapping[str, Any]:
    """The content of ``direct_url.json``, which exists if a package index was not the origin.

    See https://packaging.python.org/specifications/direct-url
    """
    import json

    try:
        direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return direct if isinstance(direct, dict) else {}


def _origin(distribution: "Distribution", direct: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The local path that a distribution was installed from, if any, and whether it is editable.

    Packages of conda have the address of their build folder on another machine; they are
    releases.
    """
    from urllib.parse import unquote, urlsplit

    address = urlsplit(str(direct.get("url", "")))
    if address.scheme != "file" or "vcs_info" in direct:
        tree = _source_tree(distribution)
        return tree, tree is not None
    if (distribution.read_text("INSTALLER") or "").strip() == "conda":
        return None, False
    return unquote(address.path), bool(_table(direct, "dir_info").get("editable"))


def _source_tree(distribution: "Distribution") -> str | None:
    """The source folder of a distribution that ``setup.py develop`` installed, without an address.

    Its metadata are in the folder of its code, next to the file that describes its build.
    """
    metadata = getattr(distribution, "_path", None)
    if not isinstance(metadata, Path) or metadata.suffix != ".egg-info":
        return None
    folders = (metadata.parent, metadata.parent.parent)  # the code may be in `src/`
    tree = (
        folder for folder in folders if any((folder / name).is_file() for name in _PROJECT_FILES)
    )
    path = next(tree, None)
    return str(path) if path else None


def _revision(direct: Mapping[str, Any]) -> str:
    """The commit or hash of a direct reference, which identifies its content; may be empty."""
    vcs, archive = _table(direct, "vcs_info"), _table(direct, "archive_info")
    if commit := vcs.get("commit_id"):
        return f"{vcs.get('vcs', 'vcs')} {commit}"
    hashes = _table(archive, "hashes")
    if algorithm := next(iter(sorted(hashes, reverse=True)), ""):
        return f"{algorithm} {hashes[algorithm]}"
    return str(archive.get("hash", "")).replace("=", " ")


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = values.get(key)
    return table if isinstance(table, dict) else {}


def required(requires: Iterable[str], extras: str) -> list[tuple[str, str]]:
    """The requirements of a distribution in this environment.

    Args:
        requires: Its requirements, as its metadata writes them.
        extras: The requested extras, sorted, separated by commas.

    Returns:
        Canonical names, each with its requested extras.
    """
    from packaging.markers import default_environment
    from packaging.requirements import InvalidRequirement, Requirement

    environment = {key: str(value) for key, value in default_environment().items()}
    needed = []
    for line in requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:  # in old releases; pip could not install them either
            continue
        if any(
            requirement.marker is None
            or requirement.marker.evaluate({**environment, "extra": extra})
            for extra in extras.split(",")
        ):
            needed.append((canonical(requirement.name), ",".join(sorted(requirement.extras))))
    return needed
