"""Where a package comes from: a folder, an archive, or MLflow's registry."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from stagebook.model import archive, manifest, registry
from stagebook.model.registry_address import RegistryAddress
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project


@contextlib.contextmanager
def opened(source: str | Path, place: RegistryAddress | None = None) -> Iterator[Path]:
    """The folder of a package; that of an archive or a registered package is temporary.

    Args:
        source: Its folder, its archive, or its address, such as ``models:/late_arrival@champion``.
        place: Where models are registered; None for the registry of the project around.

    Raises:
        StagebookError: The archive cannot be read, or the registry does not have the package.
    """
    if registry.is_uri(source):
        with registry.fetched(source, place or _registry()) as folder:
            yield folder
    else:
        with archive.opened(Path(source)) as folder:
            yield folder


def version(source: str | Path) -> str:
    """A text that changes when the source gives another package. Nothing is fetched or opened.

    Raises:
        StagebookError: There is no package, or the registry does not answer.
    """
    if registry.is_uri(source):
        return registry.version_of(str(source), _registry())
    path = Path(source)
    try:
        return hashlib.sha256(
            (path / manifest.FILE if path.is_dir() else path).read_bytes()
        ).hexdigest()
    except OSError as error:
        message = f"The package cannot be read: {error.strerror}."
        raise StagebookError(
            Problem("no-package", message, manifest.GET_ANOTHER, Where(str(source)))
        ) from None


def _registry() -> RegistryAddress:
    return RegistryAddress.of(Project.around(Path.cwd()), None, "")
