"""Attestations for the packages among a stage's outputs."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from stagebook.errors import StagebookError
from stagebook.model import attestation, manifest
from stagebook.pipeline.dvc_file import LOCK
from stagebook.record.record import Record


def attest(root: Path, record: Record) -> tuple[Path, ...]:
    """Writes an attestation beside each package that an execution has written.

    Args:
        root: The project's root.
        record: The record of the execution.

    Returns:
        The attestations.
    """
    lock = root / LOCK
    digest = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else ""
    values = record.as_json()
    return tuple(
        attestation.write(root / path, attestation.render(found, path, values, digest))
        for path, found in _packages(root, (one.path for one in record.outputs))
    )


def _packages(root: Path, paths: Iterable[str]) -> Iterable[tuple[str, manifest.Manifest]]:
    for path in paths:
        if (root / path / manifest.FILE).is_file():
            try:
                yield path, manifest.read(root / path)
            except StagebookError:  # a folder that only looks like a package
                continue
