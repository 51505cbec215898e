"""The statement beside a package: who built it, when, from which commit. in-toto and SLSA."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stagebook.model import json_text, opening, regular_file
from stagebook.model.manifest import FILE as MANIFEST
from stagebook.model.manifest import Manifest
from stagebook.model.manifest import read as read_manifest
from stagebook.model.opening import OpeningCheck
from stagebook.pipeline.dvc_file import LOCK
from stagebook.pipeline.git import Git
from stagebook.project import typed_json
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import write_whole
from stagebook.record.record import Record

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://stagebook.dev/stage/v1"
SUFFIX = ".intoto.json"
_OPENED = "stagebook_opened"  # SLSA asks for the vendor's name in fields that it does not define


@dataclass(frozen=True, slots=True)
class AttestationCheck:
    """What was found beside a package.

    Attributes:
        words: In a few words.
        problems: What is wrong.
        foreign: Whether it speaks of another package.
        commit: The commit that it names.
        path: Where the package was written, relative to the project's root.
        statement: All that it says, if it is about this package.
        data: Its bytes, for whoever verifies their signature.
    """

    words: str
    problems: tuple[Problem, ...] = ()
    foreign: bool = False
    commit: str | None = None
    path: str | None = None
    statement: "Statement | None" = None
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Statement:
    """What an attestation says.

    Attributes:
        digest: Of the package that it is about.
        path: Where that was written, relative to the project's root.
        commit: The commit that it was built from.
        dirty: Whether files differed from that commit, or no commit is known.
        git_failure: Why no commit is known, in one sentence; None where one is.
        opened: What packaging found when it opened the model; None if that is not recorded.
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
    git_failure: str | None = None
    opened: OpeningCheck | None = None


def path_of(folder: Path) -> Path:
    """Where the attestation of a package lies: beside it."""
    return folder.with_name(folder.name + SUFFIX)


def render(
    manifest: Manifest, path: str, record: Record, lock: str, opened: OpeningCheck | None = None
) -> str:
    """The attestation of a package.

    Args:
        manifest: The package's manifest.
        path: Where it was written, relative to the project's root.
        record: The record of the execution that made it.
        lock: SHA-256 of ``dvc.lock`` before that execution; an empty text if it did not exist.
        opened: What packaging found when it opened the model, if that is known.
    """
    extension = {_OPENED: opened.as_json()} if opened is not None else {}
    git, volatile = record.git, record.volatile
    data = [{"uri": file.path, "digest": {"md5": file.md5}} for file in record.inputs]
    dvc = [{"uri": "dvc.lock", "digest": {"sha256": lock}}] if lock else []
    source = {"uri": record.notebook, "digest": {"sha256": record.source}}
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": manifest.name, "uri": path, "digest": {"sha256": manifest.digest}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "stage": record.stage,
                    "parameters": record.values,
                },
                "internalParameters": {
                    "dirty": git.dirty if git else True,
                    "diff": git.diff if git else None,
                    "gitFailure": asdict(record.git_failure) if record.git_failure else None,
                    "build": record.build,
                    "environment": asdict(record.environment),
                },
                "resolvedDependencies": [*([_code(git)] if git else []), source, *data, *dvc],
            },
            "runDetails": {
                "builder": {"id": f"https://stagebook.dev/builder/{volatile.host}"},
                "metadata": {
                    "invocationId": volatile.id,
                    "startedOn": volatile.started,
                    **extension,
                },
                "byproducts": [
                    {"name": "record", "uri": f".stagebook/records/{volatile.id}.json"},
                    {"name": "executed notebook", "annotations": {"stage": record.stage}},
                    {"name": "mlflow run", "annotations": {"stagebook.record": volatile.id}},
                ],
            },
        },
    }
    return json.dumps(statement, indent=1, ensure_ascii=False) + "\n"


def _code(git: Git) -> dict[str, Any]:
    """The commit as a dependency."""
    remote = f"git+{git.remote}" if git.remote else "git"
    return {"uri": f"{remote}@{git.branch or 'HEAD'}", "digest": {"gitCommit": git.commit}}


def write(folder: Path, text: str) -> Path:
    """Writes the attestation of a package beside it."""
    write_whole(path_of(folder), text)
    return path_of(folder)


def attest(root: Path, record: Record, notes: Path) -> tuple[Path, ...]:
    """Writes an attestation beside each package that an execution has written.

    Args:
        root: The project's root.
        record: The record of the execution.
        notes: The folder in which packaging left what it found when it opened a model.

    Returns:
        The attestations.
    """
    lock = root / LOCK
    digest = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else ""
    return tuple(
        write(
            root / path,
            render(manifest, path, record, digest, opening.noted(notes, manifest.digest)),
        )
        for path, manifest in _packages(root, (file.path for file in record.outputs))
    )


def _packages(root: Path, paths: Iterable[str]) -> Iterable[tuple[str, Manifest]]:
    for path in paths:
        if (root / path / MANIFEST).is_file():
            try:
                yield path, read_manifest(root / path)
            except StagebookError:  # a folder that only looks like a package
                continue


def parse(text: str | bytes) -> Statement:
    """What a text that ``render`` wrote says, whatever package it is about.

    Raises:
        ValueError: It is not valid JSON; KeyError, IndexError, TypeError or AttributeError: it is
            not an attestation.
    """
    values = json_text.load(text)
    subject, built = values["subject"][0], values["predicate"]["buildDefinition"]
    ended = values["predicate"]["runDetails"]["metadata"]
    codes = [item for item in built["resolvedDependencies"] if "gitCommit" in item["digest"]]
    code: Mapping[str, Any] = codes[0] if codes else {"uri": None, "digest": {"gitCommit": None}}
    commit = code["digest"]["gitCommit"]
    if commit is not None and not _COMMIT.fullmatch(commit):
        raise ValueError(f"{commit!r} is not the hash of a commit")
    return Statement(
        digest=str(subject["digest"]["sha256"]),
        path=subject.get("uri"),
        commit=commit,
        dirty=bool(built["internalParameters"]["dirty"]),
        code=code["uri"],
        stage=str(built["externalParameters"]["stage"]),
        record=str(ended["invocationId"]),
        git_failure=_message(built["internalParameters"].get("gitFailure")),
        opened=typed_json.convert(ended[_OPENED], OpeningCheck) if _OPENED in ended else None,
    )


def _message(failure: Any) -> str | None:
    return str(failure["message"]) if isinstance(failure, Mapping) else None


def look(folder: Path, manifest: Manifest) -> AttestationCheck:
    """The attestation beside a package, compared with the package."""
    path = path_of(folder)
    where = Where(path.name)
    try:
        data = regular_file.read(path, json_text.LARGEST + 1)
        statement = parse(data)
    except FileNotFoundError:
        message = "The package has no attestation, so its builder is unknown."
        return AttestationCheck(
            "no attestation", (Problem("no-attestation", message, _ASK, where),)
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        message = f"The attestation cannot be read: {type(error).__name__}: {error}"
        problem = Problem("wrong-attestation", message, _ASK, where)
        return AttestationCheck("unreadable attestation", (problem,), foreign=True)
    if statement.digest != manifest.digest:
        message = (
            f"The attestation is for another package: {statement.digest[:12]} instead of "
            f"{manifest.digest[:12]}."
        )
        problem = Problem("wrong-attestation", message, _ASK, where)
        return AttestationCheck("attestation of another package", (problem,), foreign=True)
    if statement.git_failure is not None and not statement.commit:
        message = f"The commit of the build is unknown: {statement.git_failure}"
        hint = "Check that `git status` works, then build again: dvc repro --force"
        problem = Problem("unknown-build-commit", message, hint, where)
        return AttestationCheck("built from an unknown commit", (problem,))
    if statement.dirty or not statement.commit:
        message = "The package was built from changes that no commit contains."
        hint = "Commit all changes, then build again: dvc repro --force"
        problem = Problem("dirty-build", message, hint, where)
        return AttestationCheck(
            "built from uncommitted changes", (problem,), statement=statement, data=data
        )
    words = f"built from commit {statement.commit[:10]}"
    return AttestationCheck(words, (), False, statement.commit, statement.path, statement, data)


def unsigned(folder: Path) -> Problem:
    """The problem that nobody has signed the attestation of a package."""
    message = "The attestation is not signed, or no public key was given."
    hint = (
        "Sign the package where it was built: stagebook model sign PACKAGE --key key.pem. "
        "Then give the public key: --key public.pem, or stagebook.load(..., public_key=...)."
    )
    return Problem("unsigned-attestation", message, hint, Where(path_of(folder).name))


_COMMIT = re.compile("[0-9a-f]{40,64}")
_ASK = f"Ask the sender of the package for its {SUFFIX} file."
