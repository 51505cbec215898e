"""The package of a digest among all folders that a project has ever had."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from stagebook.history.lineage.graph import Entity
from stagebook.history.lineage.ledger import Ledger
from stagebook.model import commit, manifest, regular_file
from stagebook.model.json_text import LARGEST
from stagebook.model.manifest import FILE, Manifest
from stagebook.project.errors import StagebookError


@dataclass(frozen=True, slots=True)
class LocatedPackage:
    """A package as a folder of a project.

    Attributes:
        manifest: Its manifest.
        folder: Its path and DVC's hash of it.
    """

    manifest: Manifest
    folder: Entity


def locate(ledger: Ledger, digest: str) -> LocatedPackage | None:
    """The package of a digest, of now or of an older build; None if it is unknown.

    A package of now is in the tree. The content of an older one is in DVC's cache, from where
    only the list of its files and its manifest are read.

    Args:
        ledger: All that is known of the project's files.
        digest: The package's digest.
    """
    folders = dict.fromkeys(ledger.folders())
    for path in dict.fromkeys(folder.path for folder in folders):
        package = _in_tree(ledger.project.root / path, path, digest)
        if package and package.folder in folders:
            return package
    for folder in folders:
        text = ledger.cache.read(md5) if (md5 := ledger.listed(folder).get(FILE)) else None
        if text is not None and _is(text, digest):
            return LocatedPackage(manifest.parse(text, f"{folder.path}/{FILE}"), folder)
    return None


def _in_tree(folder: Path, path: str, digest: str) -> LocatedPackage | None:
    try:
        text = regular_file.read(folder / FILE, LARGEST + 1)
        if not _is(text, digest):
            return None
        package_manifest = manifest.parse(text, f"{path}/{FILE}")
        return LocatedPackage(
            package_manifest, Entity(path, commit.dvc_hash(folder, package_manifest))
        )
    except (OSError, ValueError, StagebookError):  # what is left of a package is none
        return None


def _is(text: bytes, digest: str) -> bool:
    return hashlib.sha256(text).hexdigest() == digest
