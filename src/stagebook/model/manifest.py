"""The manifest of a package: what its model is, and the hash of every file."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any, Self

from stagebook.errors import Problem, StagebookError, Where
from stagebook.files import digest

FORMAT = 1
FILE = "package.json"
BESIDE = frozenset({FILE, "registered_model_meta"})
"""Files that no manifest lists: itself, and what MLflow adds to what comes from its registry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        sha256: Hex digits.
        size: Bytes.
    """

    sha256: str
    size: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """The entry of a file on disk."""
        return cls(digest(path, "sha256"), path.stat().st_size)


@dataclass(frozen=True, slots=True)
class Served:
    """What is needed to have predictions from the model.

    Attributes:
        file: Where it lies in the package.
        format: ``skops`` or ``pickle``.
        type: Its class, as ``module.Name``.
        method: The method that predicts.
        features: Columns that it is given, in order.
        outputs: Columns that come out.
    """

    file: str
    format: str
    type: str
    method: str
    features: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a package.

    Attributes:
        name: The model's name.
        model: What is needed to have predictions from it.
        files: Each file but the manifest, by its path in the package.
    """

    name: str
    model: Served
    files: Mapping[str, Entry]

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest's text, and by it of every byte in the package."""
        return hashlib.sha256(render(self).encode()).hexdigest()

    @classmethod
    def of(cls, folder: Path, name: str, model: Served) -> Self:
        """The manifest of a folder that has everything but the manifest."""
        return cls(name, model, {path: Entry.of(folder / path) for path in _files(folder)})

    def differences(self, folder: Path) -> tuple[Problem, ...]:
        """How a folder differs from what the manifest says; empty where it does not."""
        found = set(_files(folder))
        return tuple(self._different(folder, found))

    def _different(self, folder: Path, found: set[str]) -> Iterator[Problem]:
        for path, entry in sorted(self.files.items()):
            where = Where(path)
            if _leaves(path):
                message = "The manifest names a file outside of the package."
                yield Problem("package-changed", message, _GET_ANOTHER, where)
            elif path not in found:
                yield Problem("package-changed", "The file is missing.", _GET_ANOTHER, where)
            elif (folder / path).is_symlink():
                message = "It is a link and no file, so it could be exchanged."
                yield Problem("package-changed", message, _GET_ANOTHER, where)
            elif Entry.of(folder / path) != entry:
                message = "Its bytes are not those that were packaged."
                yield Problem("package-changed", message, _GET_ANOTHER, where)
        if self.model.file not in self.files:
            message = "The model's file is not one of the package's."
            yield Problem("package-changed", message, _GET_ANOTHER, Where(self.model.file))
        for path in sorted(found - self.files.keys()):
            message = "The file was added after the package was made."
            yield Problem(
                "package-changed", message, "Delete it, or get the package anew.", Where(path)
            )


_GET_ANOTHER = "Get the package anew from where it was made, or recreate it."


def read(folder: Path) -> Manifest:
    """The manifest of a package.

    Raises:
        StagebookError: The folder is no package, or one of a newer format.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        message = f"There is no package here: it has no {FILE} that can be read."
        hint = "Name the folder that `stagebook.package` wrote, or the archive of `model pack`."
        raise StagebookError(Problem("no-package", message, hint, Where(str(folder)))) from None
    return parse(text, str(folder / FILE))


def parse(text: str, file: str) -> Manifest:
    """The manifest in a text.

    Args:
        text: The text.
        file: Its path, for messages.

    Raises:
        StagebookError: It is no manifest, or one of another format.
    """
    where = Where(file)
    try:
        values = json.loads(text)
        version = values["format"]
    except (ValueError, KeyError, TypeError):
        raise StagebookError(
            Problem("no-package", "It is no manifest of a package.", _GET_ANOTHER, where)
        ) from None
    if version != FORMAT:
        message = f"The package has format {version!r}; this Stagebook reads {FORMAT}."
        raise StagebookError(
            Problem("newer-package", message, "Load it with a newer Stagebook.", where)
        )
    try:
        found = _checked(_parsed(values))
    except (KeyError, TypeError, AttributeError) as error:
        message = f"The manifest lacks something: {error}."
        raise StagebookError(Problem("no-package", message, _GET_ANOTHER, where)) from None
    if render(found) != text:  # what is not read would be in no hash
        message = "The manifest is not as it was written."
        raise StagebookError(Problem("package-changed", message, _GET_ANOTHER, where))
    return found


def _checked(manifest: Manifest) -> Manifest:
    """The manifest, if its values are of the right kind; a TypeError else."""
    model = manifest.model
    texts = (manifest.name, *(getattr(model, one.name) for one in fields(model)[:4]))
    for one in (*texts, *model.features, *model.outputs):
        if not isinstance(one, str):
            raise TypeError(f"{one!r} is no text")
    if model.format not in _FORMATS:
        raise TypeError(f"{model.format!r} is no format of a model")
    if not model.method.isidentifier() or model.method.startswith(_CHANGES):
        raise TypeError(f"`{model.method}` is no method that predicts")
    return manifest


_FORMATS = ("pickle", "skops")
_CHANGES = ("_", "fit", "partial_fit", "set_")


def _parsed(values: Mapping[str, Any]) -> Manifest:
    model = values["model"]
    served = Served(
        **{**model, "features": tuple(model["features"]), "outputs": tuple(model["outputs"])}
    )
    files = {path: Entry(**entry) for path, entry in values["files"].items()}
    return Manifest(values["name"], served, files)


def render(manifest: Manifest) -> str:
    """The text of a manifest: sorted, the same bytes for the same package."""
    values = {
        "format": FORMAT,
        "name": manifest.name,
        "model": asdict(manifest.model),
        "files": {path: asdict(entry) for path, entry in sorted(manifest.files.items())},
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _leaves(path: str) -> bool:
    parts = PurePosixPath(path)
    return parts.is_absolute() or ".." in parts.parts or "\\" in path


def _files(folder: Path) -> Iterator[str]:
    """Every file and link below a folder, sorted; links are not followed."""
    for above, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(above) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = (Path(above) / name).relative_to(folder).as_posix()
            if path not in BESIDE:
                yield path
