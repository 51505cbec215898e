"""The commit that a package was built from: by its attestation, or by the lock that names it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stagebook.history.history import History
from stagebook.history.past_locks import PastLocks
from stagebook.model import attestation, materials
from stagebook.model.manifest import FILE, Manifest
from stagebook.pipeline import git
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import digest
from stagebook.project.project import STATE


@dataclass(frozen=True, slots=True)
class PackageOrigin:
    """Where a package came from.

    Attributes:
        commit: The commit.
        stage: The stage that made it.
        path: Where the package lies in the project.
        source: What names the commit.
    """

    commit: str
    stage: str
    path: str
    source: Literal["dvc.lock", "attestation"]


def find(folder: Path, manifest: Manifest, root: Path) -> PackageOrigin:
    """The origin of a package.

    The newest commit whose ``dvc.lock`` holds the package's bytes is the surest; else the one
    that a clean attestation names.

    Args:
        folder: The package.
        manifest: Its manifest.
        root: The project's root, in a git repository.

    Raises:
        StagebookError: No commit is known to have made it.
    """
    md5 = dvc_hash(folder, manifest)
    return _locked(root, md5) or _attested(folder, manifest, root, md5)


def _locked(root: Path, md5: str) -> PackageOrigin | None:
    with History.open(root / STATE) as history:
        locks = PastLocks(root, history.index)
        locks.update()
        for past in locks.wrote_content(md5):
            path = next(out.path for out in past.entry.outs if out.md5 == md5)
            return PackageOrigin(past.commits[0].commit, past.entry.stage, path, "dvc.lock")
    return None


def _attested(folder: Path, manifest: Manifest, root: Path, md5: str) -> PackageOrigin:
    check = attestation.look(folder, manifest)
    package_materials = materials.read(folder / materials.FILE)
    if check.problems or not package_materials.steps or check.commit is None:
        message = (
            f"No commit of {root} has a dvc.lock that contains this package ({md5[:12]}), and no "
            f"attestation names a commit: {check.words}."
        )
        hint = "Name the repository of the package: --repository FOLDER, or fetch its branches."
        raise StagebookError(Problem("unknown-commit", message, hint, Where(str(folder))))
    if git.commit_named(root, check.commit) is None:
        message = f"The commit {check.commit[:12]}, which the attestation names, is not in {root}."
        hint = f"git -C {root} fetch --all"
        raise StagebookError(Problem("unknown-commit", message, hint, Where(str(folder))))
    stage = package_materials.steps[-1].stage
    return PackageOrigin(
        check.commit, stage, check.path or f"models/{manifest.name}", "attestation"
    )


def dvc_hash(folder: Path, manifest: Manifest) -> str:
    """DVC's hash of the package's folder: MD5 of a list of its files, ending in ``.dir``.

    See ``dvc_data.hashfile.tree.Tree``.
    """
    listed = [
        {"md5": digest(folder / path, "md5"), "relpath": path} for path in (*manifest.files, FILE)
    ]
    listed.sort(key=lambda item: tuple(item["relpath"].split("/")))
    text = json.dumps(listed, sort_keys=True)
    return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"
