"""Where monitoring keeps what it has read and concluded, and the problem if it cannot."""

from pathlib import Path

from stagebook.project.errors import Problem, Where

_DIGITS = 12


def package_folder(folder: Path, package: str) -> Path:
    """The folder of one package: what is kept of two packages is not mixed.

    Args:
        folder: The folder for what is kept.
        package: The package's digest.
    """
    return folder / package.rpartition(":")[2][:_DIGITS]


def not_kept(code: str, what: str, error: OSError, place: Path) -> Problem:
    """The problem that something cannot be written.

    Args:
        code: Its code.
        what: The beginning of a sentence, such as ``The summaries of the days cannot be kept``.
        error: Why.
        place: The file or folder.
    """
    hint = "Name a folder that may be written, on a disk with free space."
    return Problem(code, f"{what}: {error.strerror}.", hint, Where(str(place)))
