"""The commit that a package was built from: by its attestation, or by the lock that names it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stagebook.errors import Problem, StagebookError, Where
from stagebook.files import digest
from stagebook.model import attestation, materials
from stagebook.model.manifest import FILE, Manifest
from stagebook.pipeline import lock as locks
from stagebook.pipeline.dvc_file import LOCK
from stagebook.record import git


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a package came from.

    Attributes:
        commit: The commit.
        stage: The stage that made it.
        path: Where the package lies in the project.
        told_by: What names the commit.
    """

    commit: str
    stage: str
    path: str
    told_by: Literal["dvc.lock", "attestation"]


def find(folder: Path, manifest: Manifest, root: Path) -> Origin:
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
    versions = git.commits_of(root, LOCK)
    texts = dict(git.blobs(root, dict.fromkeys(one.blob for one in versions)))
    for one in versions:
        if text := texts.pop(one.blob, ""):  # what does not hold it once never does
            for entry in locks.parse(text).entries.values():
                for out in entry.outs:
                    if out.md5 == md5:
                        return Origin(one.commit, entry.stage, out.path, "dvc.lock")
    return _attested(folder, manifest, root, md5)


def _attested(folder: Path, manifest: Manifest, root: Path, md5: str) -> Origin:
    found = attestation.look(folder, manifest)
    made_of = materials.read(folder / materials.FILE)
    if found.problems or not made_of.steps or found.commit is None:
        message = (
            f"No commit of {root} has a dvc.lock that holds this package ({md5[:12]}), and no "
            f"attestation names a commit: {found.words}."
        )
        hint = "Name the repository that it was built in: --repository; or fetch its branches."
        raise StagebookError(Problem("unknown-commit", message, hint, Where(str(folder))))
    if git.commit_named(root, found.commit) is None:
        message = f"The commit {found.commit[:12]}, which the attestation names, is not here."
        hint = f"git -C {root} fetch --all"
        raise StagebookError(Problem("unknown-commit", message, hint, Where(str(folder))))
    stage = made_of.steps[-1].stage
    return Origin(found.commit, stage, found.path or f"models/{manifest.name}", "attestation")


def dvc_hash(folder: Path, manifest: Manifest) -> str:
    """DVC's hash of the package's folder: MD5 of a list of its files, ending in ``.dir``.

    See ``dvc_data.hashfile.tree.Tree``.
    """
    listed = [
        {"md5": digest(folder / path, "md5"), "relpath": path} for path in (*manifest.files, FILE)
    ]
    listed.sort(key=lambda one: tuple(one["relpath"].split("/")))
    text = json.dumps(listed, sort_keys=True)
    return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"
