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


@dataclass(frozen=True, slots=True)
class Statement:
    """What an attestation says.

    Attributes:
        digest: Of the package that it is about.
        path: Where that was written, relative to the project's root.
        commit: The commit that it was built from.
        dirty: Whether files differed from that commit.
        code: Address of the repository, with the branch.
        stage: The stage that wrote it.
        record: Id of the execution that wrote it.
    """

    digest: str
    path: str | None
    commit: str | None
    dirty: bool
    code: str | None
    stage: str
    record: str


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


def read(folder: Path) -> Statement:
    """What the attestation beside a package says, whatever package it is about.

    Raises:
        OSError: There is none.
        ValueError: It is no JSON; KeyError, IndexError or TypeError if it is no attestation.
    """
    return parse(path_of(folder).read_text(encoding="utf-8"))


def parse(text: str) -> Statement:
    """What a text that ``render`` wrote says; errors as of ``read``."""
    values = json.loads(text)
    subject, built = values["subject"][0], values["predicate"]["buildDefinition"]
    codes = [one for one in built["resolvedDependencies"] if "gitCommit" in one["digest"]]
    code: Mapping[str, Any] = codes[0] if codes else {"uri": None, "digest": {"gitCommit": None}}
    return Statement(
        digest=str(subject["digest"]["sha256"]),
        path=subject.get("uri"),
        commit=code["digest"]["gitCommit"],
        dirty=bool(built["internalParameters"]["dirty"]),
        code=code["uri"],
        stage=str(built["externalParameters"]["stage"]),
        record=str(values["predicate"]["runDetails"]["metadata"]["invocationId"]),
    )


def look(folder: Path, manifest: Manifest) -> Attested:
    """What the attestation beside a package says, held against the package."""
    path = path_of(folder)
    where = Where(path.name)
    try:
        said = read(folder)
    except FileNotFoundError:
        message = "No attestation lies beside the package, so nobody says who built it."
        return Attested("no attestation", (Problem("no-attestation", message, _ASK, where),))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        message = f"The attestation cannot be read: {type(error).__name__}: {error}"
        problem = Problem("wrong-attestation", message, _ASK, where)
        return Attested("no attestation that can be read", (problem,), foreign=True)
    if said.digest != manifest.digest:
        message = (
            f"The attestation is about another package, {said.digest[:12]}, "
            f"not {manifest.digest[:12]}."
        )
        problem = Problem("wrong-attestation", message, _ASK, where)
        return Attested("attestation of another package", (problem,), foreign=True)
    if said.dirty or not said.commit:
        message = "It was built from files that are not in git, so no commit can make it again."
        hint = "Commit, and build it again: dvc repro"
        return Attested("built from a dirty tree", (Problem("dirty-build", message, hint, where),))
    return Attested(f"built from commit {said.commit[:10]}", commit=said.commit, path=said.path)


_ASK = f"Ask whoever handed the package over for the file that ends in {SUFFIX}."
