"""The verbs for a model that is packaged."""

from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.errors import Exit, StagebookError
from stagebook.project import Project

if TYPE_CHECKING:
    from stagebook.model.clean import Cleaned
    from stagebook.model.gate import Passage, Policy
    from stagebook.model.recreate import Recreated, Say
    from stagebook.model.registry import Registration


def check_package(path: Path, policy: "Policy") -> "Passage":
    """What each check says of a package, in a folder or an archive, under a policy."""
    from stagebook.model import archive, gate

    with archive.opened(path) as folder:
        return gate.pass_through(folder, policy)


def check_clean(path: Path, policy: "Policy", say: "Say") -> "Cleaned":
    """What each check says of a package in a fresh environment that is made from it alone."""
    from stagebook.model import archive, clean

    with archive.opened(path) as folder:
        return clean.check(folder, policy, say)


def pack(path: Path, target: Path | None) -> Path:
    """Bundles a package with what lies beside it; returns the archive."""
    from stagebook.model import archive

    folder = path.resolve()
    return archive.pack(folder, target or folder.with_name(folder.name + archive.SUFFIX))


def sign(path: Path, key: Path) -> Path:
    """Signs a package; returns the signature's file."""
    from stagebook.model import manifest, signing

    manifest.read(path)
    return signing.sign(path.resolve(), key)


def verify(path: Path, key: Path) -> None:
    """Holds a package against its signature.

    Raises:
        StagebookError: It does not fit.
    """
    from stagebook.model import archive, signing

    with archive.opened(path.resolve()) as folder:
        if problems := signing.verify(folder, key):
            raise StagebookError(*problems, exit_code=Exit.UNFIT)


def recreate(
    path: Path, repository: Path, into: Path | None, say: "Say", *, fresh: bool
) -> "Recreated":
    """Makes a packaged model again, in a folder of its own, and compares the two."""
    from stagebook.model import archive
    from stagebook.model import recreate as recreating

    root = Project.find(repository).root
    target = (into or Path(f"{path.name}.recreated")).resolve()
    with archive.opened(path.resolve()) as folder:
        return recreating.recreate(folder, root, target, say, fresh=fresh)


def register(
    path: Path, policy: "Policy", name: str | None, alias: str | None, uri: str | None
) -> "Registration":
    """Puts a package, in a folder or an archive, into MLflow's registry if it passes the gate."""
    from stagebook.model import archive, gate, manifest, registry

    project = Project.around(Path.cwd())
    with archive.opened(path.resolve()) as folder:
        title = registry.Title.of(name or manifest.read(folder).name, alias)
        place = registry.Place.of(project, uri, title.name)
        return registry.register(gate.pass_through(folder, policy), title, place)
