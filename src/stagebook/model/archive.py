"""A package with what lies beside it, as one file to hand over."""

import contextlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stagebook.errors import Problem, StagebookError, Where
from stagebook.model import attestation, manifest, signing

SUFFIX = ".tar"


def pack(folder: Path, target: Path) -> Path:
    """Writes a package, its attestation and its signature into one archive.

    The same files give the same archive.

    Args:
        folder: The package.
        target: The archive.

    Raises:
        StagebookError: There is no package.
    """
    found = manifest.read(folder)
    if target.is_relative_to(folder):
        message = "The archive would be in the package itself."
        raise StagebookError(
            Problem("not-written", message, "Name another: --to FILE", Where(str(target)))
        )
    inside = [folder / path for path in (*found.files, manifest.FILE)]
    beside = [attestation.path_of(folder), signing.signature_path(folder)]
    files = sorted([*inside, *(path for path in beside if path.is_file())])
    near = target.with_name(f".{target.name}.new")
    try:
        with tarfile.open(near, "w", format=tarfile.PAX_FORMAT) as archive:
            for path in files:
                _add(archive, path.relative_to(folder.parent).as_posix(), path)
        near.replace(target)
    except OSError as error:
        message = f"It could not be written: {error.strerror}."
        hint = "Check the path and the rights on its folder."
        raise StagebookError(Problem("not-written", message, hint, Where(str(target)))) from None
    finally:
        with contextlib.suppress(OSError):
            near.unlink(missing_ok=True)
    return target


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    data = path.read_bytes()
    entry = tarfile.TarInfo(name)  # of nobody, at no time
    entry.size, entry.mode = len(data), 0o644
    archive.addfile(entry, io.BytesIO(data))


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder of a package that is given as a folder, or as an archive of ``pack``.

    An archive is unpacked into a temporary folder, which goes afterwards.

    Raises:
        StagebookError: The archive cannot be read, or would write outside of that folder.
    """
    if not path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory() as name:
        try:
            with tarfile.open(path) as archive:
                archive.extractall(name, filter="data")
        except (tarfile.TarError, OSError) as error:
            message = f"It is no archive of a package: {error}."
            hint = (
                "Name a folder that `stagebook.package` wrote, or what `stagebook model pack` did."
            )
            raise StagebookError(Problem("no-package", message, hint, Where(str(path)))) from None
        folders = [one for one in Path(name).iterdir() if (one / manifest.FILE).is_file()]
        if len(folders) != 1:
            message = f"It holds {len(folders)} packages, and not one."
            raise StagebookError(Problem("no-package", message, "", Where(str(path))))
        yield folders[0]
