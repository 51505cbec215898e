"""Signatures by OpenSSF model-signing, with a key of one's own and without a network."""

from pathlib import Path

from stagebook.errors import Exit, Problem, StagebookError, Where
from stagebook.model import manifest

SUFFIX = ".sig"


def signature_path(folder: Path) -> Path:
    """Where the signature of a package lies: beside it."""
    return folder.with_name(folder.name + SUFFIX)


def sign(folder: Path, key: Path) -> Path:
    """Signs every file of a package; returns where the signature is.

    Args:
        folder: The package.
        key: A private key of an elliptic curve, in PEM.

    Raises:
        StagebookError: The extra is not installed, or the key cannot be used.
    """
    target = signature_path(folder)
    try:
        _config("signing").use_elliptic_key_signer(private_key=key).sign(folder, target)
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise StagebookError(_bad_key(key, error)) from error
    return target


def verify(folder: Path, key: Path) -> tuple[Problem, ...]:
    """What is wrong with the signature of a package; empty where nothing is.

    Args:
        folder: The package.
        key: The public key, in PEM.

    Raises:
        StagebookError: The extra is not installed, or the key cannot be used.
    """
    target = signature_path(folder)
    if not target.is_file():
        message = "The package is not signed."
        hint = f"Get {target.name} from whoever signed it, and put it beside the package."
        return (Problem("not-signed", message, hint, Where(str(target))),)
    if not key.is_file():
        raise StagebookError(_bad_key(key, FileNotFoundError("there is no such file")))
    try:
        _config("verifying").use_elliptic_key_verifier(public_key=key).verify(folder, target)
    except Exception:  # model-signing raises what its parsers raise
        changed = manifest.read(folder).differences(folder)
        names = ", ".join(one.where.file for one in changed if one.where)
        what = (
            f"{names} changed since." if names else "it is of another key, or of another package."
        )
        message = f"The signature does not fit the package: {what}"
        hint = "Get the package anew, and the key from its owner."
        return (Problem("bad-signature", message, hint, Where(str(target))),)
    return ()


def _config(module: str):  # type: ignore[no-untyped-def]  # an optional library without types
    import importlib

    try:
        return importlib.import_module(f"model_signing.{module}").Config()
    except ImportError as error:
        message = f"Signing needs the extra `signing`: {error}."
        raise StagebookError(
            Problem("no-extra", message, "pip install 'stagebook[signing]'"),
            exit_code=Exit.ENVIRONMENT,
        ) from error


def _bad_key(key: Path, error: Exception) -> Problem:
    hint = "Make one: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
    return Problem("bad-key", f"The key cannot be used: {error}.", hint, Where(str(key)))
