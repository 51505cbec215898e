"""Signatures by OpenSSF model-signing, with a key of one's own and without a network."""

import tempfile
from pathlib import Path

from stagebook.model import attestation
from stagebook.model.contents import Contents
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.extras import SIGNING

SUFFIX = ".sig"


def signature_path(folder: Path) -> Path:
    """Where the signature of a package lies: beside it."""
    return folder.with_name(folder.name + SUFFIX)


def statement_signature_path(folder: Path) -> Path:
    """Where the signature of a package's attestation lies: beside that."""
    statement = attestation.path_of(folder)
    return statement.with_name(statement.name + SUFFIX)


SIGNATURES = (signature_path, statement_signature_path)
"""Where each signature of a package lies."""


def sign(folder: Path, key: Path) -> Path:
    """Signs every file of a package, and its attestation; returns where the signature is.

    Args:
        folder: The package.
        key: A private key of an elliptic curve, in PEM.

    Raises:
        StagebookError: The extra is not installed, or the key cannot be used.
    """
    SIGNING.require()
    target, statement = signature_path(folder), attestation.path_of(folder)
    try:
        _config("signing").use_elliptic_key_signer(private_key=key).sign(folder, target)
        if statement.is_file():
            signer = _config("signing").use_elliptic_key_signer(private_key=key)
            signer.sign(statement, statement_signature_path(folder))
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise StagebookError(_bad_key(key, error)) from error
    return target


def verify(contents: Contents, key: Path) -> tuple[Problem, ...]:
    """What is wrong with the signature of a package; empty where nothing is.

    Args:
        contents: The package.
        key: The public key, in PEM.

    Raises:
        StagebookError: The extra is not installed, or the key cannot be used.
    """
    target = signature_path(contents.folder)
    if not target.is_file():
        message = "The package is not signed."
        hint = f"Get {target.name} from the signer, and put it next to the package."
        return (Problem("not-signed", message, hint, Where(str(target))),)
    if not key.is_file():
        raise StagebookError(_bad_key(key, FileNotFoundError("the file does not exist")))
    SIGNING.require()
    try:
        verifier = _config("verifying").use_elliptic_key_verifier(public_key=key)
        with contents.written() as folder:  # the bytes that are opened are the ones verified
            verifier.verify(folder, target)
    except Exception:  # model-signing raises what its parsers raise
        names = ", ".join(problem.where.file for problem in contents.problems if problem.where)
        reason = (
            f"{names} changed after signing."
            if names
            else "it belongs to another key or another package."
        )
        message = f"The signature does not match the package: {reason}"
        hint = "Get the package again, and the key from its owner."
        return (Problem("bad-signature", message, hint, Where(str(target))),)
    return ()


def verify_statement(folder: Path, data: bytes, key: Path) -> tuple[Problem, ...]:
    """What is wrong with the signature of a package's attestation; empty where nothing is.

    Args:
        folder: The package.
        data: The attestation's bytes, as they were read.
        key: The public key, in PEM.

    Raises:
        StagebookError: The extra is not installed, or the key cannot be used.
    """
    target = statement_signature_path(folder)
    if not target.is_file():
        return (attestation.unsigned(folder),)
    SIGNING.require()
    try:
        verifier = _config("verifying").use_elliptic_key_verifier(public_key=key)
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name) / attestation.path_of(folder).name
            copy.write_bytes(data)
            verifier.verify(copy, target)
    except Exception:  # model-signing raises what its parsers raise
        reason = "it belongs to another key or another file"
        message = f"The signature does not match the attestation: {reason}."
        hint = "Get the package again, and the key from its owner."
        return (Problem("bad-signature", message, hint, Where(str(target))),)
    return ()


def _config(module: str):  # type: ignore[no-untyped-def]  # an optional library without types
    import importlib

    return importlib.import_module(f"model_signing.{module}").Config()


def _bad_key(key: Path, error: Exception) -> Problem:
    hint = "Create a key: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
    return Problem("bad-key", f"The key cannot be used: {error}.", hint, Where(str(key)))
