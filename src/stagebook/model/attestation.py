"""The statement beside a package: who built it, when, from which commit. in-toto and SLSA."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.errors import Problem, Where
from stagebook.files import write_whole
from stagebook.model.manifest import Manifest

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://stagebook.dev/stage/v1"
SUFFIX = ".intoto.json"


@dataclass(frozen=True, slots=True)
class Attested:
    """What was found beside a package.

    Attributes:
        words: In a few words.
        problems: What is wrong.
        foreign: Whether it speaks of another package.
        commit: The commit that it names.
        path: Where the package was written, relative to the project's root.
    """

    words: str
    problems: tuple[Problem, ...] = ()
    foreign: bool = False
    commit: str | None = None
    path: str | None = None


def path_of(folder: Path) -> Path:
    """Where the attestation of a package lies: beside it."""
    return folder.with_name(folder.name + SUFFIX)


def render(manifest: Manifest, path: str, record: Mapping[str, Any], lock: str) -> str:
    """The attestation of a package.

    Args:
        manifest: The package's manifest.
        path: Where it was written, relative to the project's root.
        record: The record of the execution that made it.
        lock: SHA-256 of ``dvc.lock`` before that execution; empty if there was none.
    """
    git, volatile = record["git"] or {}, record["volatile"]
    remote = f"git+{git['remote']}" if git.get("remote") else "git"
    code = {
        "uri": f"{remote}@{git.get('branch') or 'HEAD'}",
        "digest": {"gitCommit": git.get("commit")},
    }
    data = [{"uri": one["path"], "digest": {"md5": one["md5"]}} for one in record["inputs"]]
    dvc = [{"uri": "dvc.lock", "digest": {"sha256": lock}}] if lock else []
    source = {"uri": record["notebook"], "digest": {"sha256": record["source"]}}
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": manifest.name, "uri": path, "digest": {"sha256": manifest.digest}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "stage": record["stage"],
                    "parameters": {one["name"]: one["value"] for one in record["parameters"]},
                },
                "internalParameters": {
                    "dirty": bool(git.get("dirty", True)),
                    "diff": git.get("diff"),
                    "build": record["build"],
                    "environment": dict(record["environment"]),
                },
                "resolvedDependencies": [*([code] if git else []), source, *data, *dvc],
            },
            "runDetails": {
                "builder": {"id": f"https://stagebook.dev/builder/{volatile['host']}"},
                "metadata": {
                    "invocationId": volatile["id"],
                    "startedOn": volatile["started"],
                },
                "byproducts": [
                    {"name": "record", "uri": f".stagebook/records/{volatile['id']}.json"},
                    {"name": "executed notebook", "annotations": {"stage": record["stage"]}},
                    {"name": "mlflow run", "annotations": {"stagebook.record": volatile["id"]}},
                ],
            },
        },
    }
    return json.dumps(statement, indent=1, ensure_ascii=False) + "\n"


def write(folder: Path, text: str) -> Path:
    """Writes the attestation of a package beside it."""
    write_whole(path_of(folder), text)
    return path_of(folder)


def look(folder: Path, manifest: Manifest) -> Attested:
    """What the attestation beside a package says, held against the package."""
    path = path_of(folder)
    where = Where(path.name)
    try:
        statement = json.loads(path.read_text(encoding="utf-8"))
        digest = statement["subject"][0]["digest"]["sha256"]
        inner = statement["predicate"]["buildDefinition"]["internalParameters"]
        dirty, commit = bool(inner["dirty"]), commit_of(statement)
    except FileNotFoundError:
        message = "No attestation lies beside the package, so nobody says who built it."
        return Attested("no attestation", (Problem("no-attestation", message, _ASK, where),))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        message = f"The attestation cannot be read: {type(error).__name__}: {error}"
        problem = Problem("wrong-attestation", message, _ASK, where)
        return Attested("no attestation that can be read", (problem,), foreign=True)
    if digest != manifest.digest:
        message = (
            f"The attestation is about another package, {digest[:12]}, not {manifest.digest[:12]}."
        )
        problem = Problem("wrong-attestation", message, _ASK, where)
        return Attested("attestation of another package", (problem,), foreign=True)
    if dirty or not commit:
        message = "It was built from files that are not in git, so no commit can make it again."
        hint = "Commit, and build it again: dvc repro"
        return Attested("built from a dirty tree", (Problem("dirty-build", message, hint, where),))
    written = statement["subject"][0].get("uri")
    return Attested(f"built from commit {commit[:10]}", commit=commit, path=written)


def commit_of(statement: Mapping[str, Any]) -> str | None:
    """The commit that an attestation names."""
    for one in statement["predicate"]["buildDefinition"]["resolvedDependencies"]:
        if commit := one["digest"].get("gitCommit"):
            return str(commit)
    return None


_ASK = f"Ask whoever handed the package over for the file that ends in {SUFFIX}."
