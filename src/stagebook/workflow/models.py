"""The verbs for a model that is packaged."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.project.errors import Exit, StagebookError
from stagebook.project.project import Project

if TYPE_CHECKING:
    from stagebook.model.clean import CleanCheck
    from stagebook.model.export import Export, FormatName
    from stagebook.model.policy import Policy
    from stagebook.model.recreate import Recreation, Say
    from stagebook.model.registry import Registration
    from stagebook.model.verification import VerificationReport


def check_package(path: Path, policy: "Policy") -> "VerificationReport":
    """What each check says of a package, under a policy.

    Args:
        path: Its folder, its archive, or its address in MLflow's registry.
        policy: What the package must satisfy.
    """
    from stagebook.model import load_gate, package_source

    with package_source.opened(path) as folder:
        return load_gate.pass_through(folder, policy, here=False)


def check_clean(path: Path, policy: "Policy", say: "Say") -> "CleanCheck":
    """What each check says of a package in a fresh environment that is made from it alone."""
    from stagebook.model import archive, clean

    with archive.opened(path) as folder:
        return clean.check(folder, policy, say)


def pack(path: Path, target: Path | None) -> Path:
    """Packs a package, its attestation and its signature into one archive; returns its path."""
    from stagebook.model import archive

    folder = path.resolve()
    return archive.pack(folder, target or folder.with_name(folder.name + archive.SUFFIX))


def sign(path: Path, key: Path) -> Path:
    """Signs a package; returns the signature's file."""
    from stagebook.model import manifest, signing

    manifest.read(path)
    return signing.sign(path.resolve(), key)


def verify(path: Path, key: Path) -> None:
    """Checks a package against its signature.

    Raises:
        StagebookError: The signature does not match.
    """
    from stagebook.model import archive, signing
    from stagebook.model.contents import Contents

    with archive.opened(path.resolve()) as folder:
        if problems := signing.verify(Contents.read(folder), key):
            raise StagebookError(*problems, exit_code=Exit.UNFIT)


def recreate(
    path: Path, repository: Path, into: Path | None, say: "Say", *, fresh: bool
) -> "Recreation":
    """Rebuilds a packaged model in its own folder, and compares the two."""
    from stagebook.model import archive
    from stagebook.model import recreate as recreating

    root = Project.find(repository).root
    target = (into or Path(f"{path.name}.recreated")).resolve()
    with archive.opened(path.resolve()) as folder:
        return recreating.recreate(folder, root, target, say, fresh=fresh)


def register(
    path: Path, policy: "Policy", name: str | None, alias: str | None, uri: str | None
) -> "Registration":
    """Registers a package, from a folder or an archive, in MLflow if it passes the load gate."""
    from stagebook.model import archive, load_gate, manifest, registry
    from stagebook.model.registry_address import RegistryAddress

    project = Project.around(Path.cwd())
    with archive.opened(path.resolve()) as folder:
        title = registry.Title.of(name or manifest.read(folder).name, alias)
        place = RegistryAddress.of(project, uri, title.name)
        return registry.register(load_gate.pass_through(folder, policy, here=False), title, place)


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A packaged model in another format.

    Attributes:
        export: The file's content, and how close its predictions are to the original's.
        target: Path of the file.
        report: What the gate says of the package.
    """

    export: "Export"
    target: Path
    report: "VerificationReport"


def export(
    path: Path,
    format_: "FormatName",
    policy: "Policy",
    say: "Say",
    rows: Path | None = None,
    output: Path | None = None,
    tolerance: float | None = None,
) -> ExportedModel:
    """Writes a packaged model in another format, if it passes the gate and predictions agree."""
    from stagebook.model import archive, load_gate
    from stagebook.model import export as exporting
    from stagebook.model import rows as comparing

    target = exporting.target_of(path, format_, output)
    with archive.opened(path.resolve()) as folder:
        report = load_gate.pass_through(folder, policy)
        report.require()
        features = report.manifest.model.features
        if rows:
            chosen = comparing.read(report.contents, rows, features)
        else:
            chosen = comparing.default(report.contents, _roots(path), features)
        exported = exporting.export(report, format_, chosen, tolerance, say)
    exporting.write(exported, target)
    return ExportedModel(exported, target, report)


def _roots(path: Path) -> Iterator[Path]:
    """The projects around a package and around the current folder, if they exist."""
    for start in (path.resolve().parent, Path.cwd()):
        with contextlib.suppress(StagebookError):
            yield Project.find(start).root
