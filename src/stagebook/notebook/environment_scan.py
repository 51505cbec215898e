"""Reads what is installed from the metadata in the folders of ``sys.path``."""

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

Found = tuple[str, tuple[str, ...], str | None, bool, str]
"""Version, requirements, local origin, whether it is editable, and its revision."""


def canonical(name: str) -> str:
    """The one spelling of a distribution's name, such as ``scikit-learn``."""
    # as packaging.utils.canonicalize_name has it, whose import takes longer than all the rest
    return re.sub(r"[-_.]+", "-", name).lower()


def fingerprint() -> str:
    """A digest that changes with every installation, upgrade and removal.

    It covers this Python, the folders that it imports from, and in each of them the name, time
    and size of each distribution's metadata. No file is opened.
    """
    parts = [sys.version, sys.platform, sys.prefix]
    for folder in sys.path:
        try:
            names = sorted(name for name in os.listdir(folder or ".") if name.endswith(_METADATA))
        except OSError:
            continue
        # a folder without any, such as the one of the script that is run, says nothing
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


def scan() -> tuple[dict[str, tuple[str, ...]], dict[str, Found]]:
    """The distributions that provide each top-level module, and all distributions by name."""
    from importlib import metadata

    found: dict[str, Found] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name and canonical(name) not in found:  # the first on the path is the one that counts
            found[canonical(name)] = _of(distribution)
    providers = {
        module: tuple(sorted({canonical(name) for name in names}))
        for module, names in metadata.packages_distributions().items()
    }
    return providers, found


def _of(distribution: "Distribution") -> Found:
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
    """What ``direct_url.json`` holds, which is there for what comes from no package index.

    See https://packaging.python.org/specifications/direct-url
    """
    import json

    try:
        direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return direct if isinstance(direct, dict) else {}


def _origin(distribution: "Distribution", direct: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The path of this machine that a distribution was installed from, if any.

    Packages of conda have the address of the folder that they were built in, on another machine;
    they are releases all the same.
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
    """The folder of a distribution that ``setup.py develop`` installed, which leaves no address.

    Its metadata are in the folder of its code, beside the file that describes its build.
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
    """What tells the content of a direct reference, beside the version; empty if nothing does."""
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
    """What a distribution needs in this environment.

    Args:
        requires: Its requirements, as its metadata writes them.
        extras: The extras that are wanted of it, sorted, with commas between.

    Returns:
        Canonical names, each with the extras that are wanted of it.
    """
    from packaging.markers import default_environment
    from packaging.requirements import InvalidRequirement, Requirement

    environment = {key: str(value) for key, value in default_environment().items()}
    wanted = []
    for line in requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:  # old releases hold some; pip could not install them either
            continue
        if any(
            requirement.marker is None
            or requirement.marker.evaluate({**environment, "extra": extra})
            for extra in extras.split(",")
        ):
            wanted.append((canonical(requirement.name), ",".join(sorted(requirement.extras))))
    return wanted
