"""The manifest of a package: what its model is, and the hash of every file."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from stagebook.model import json_text, regular_file
from stagebook.pipeline.stage import MANIFEST, PACKAGED_FEATURES
from stagebook.project import typed_json
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import digest
from stagebook.project.typed_json import ShapeError

FORMAT = 1
FILE = MANIFEST
BESIDE = frozenset({FILE, "registered_model_meta"})
"""Files that no manifest lists: itself, and what MLflow adds to what comes from its registry."""

FILES = frozenset(
    {
        "MLmodel",
        "MODEL_CARD.md",
        "environment.lock.json",
        "evaluation.json",
        "golden.parquet",
        "input_example.json",
        "materials.json",
        "profile.input.json",
        "profile.output.json",
        "python_env.yaml",
        "requirements.txt",
        "schema.input.json",
        "schema.output.json",
        "splits.json",
    }
)
"""Files of every package besides its model and its manifest."""

FEATURES, FEATURE_GOLDEN = PACKAGED_FEATURES, "features.golden.parquet"
"""Files that only a package with a feature service has, both of them."""

EVALUATION = "evaluation.json"
"""The file with the scores of a package."""

MONITORING = "monitoring.json"
"""A file that only a package with a column of time has."""

MODEL_FILES = {"skops": "model.skops", "pickle": "model.pkl"}
"""The model's file in each format."""

LARGEST = 4_000_000
"""Bytes of a manifest: a model may have tens of thousands of features."""


@dataclass(frozen=True, slots=True)
class ManifestEntry:
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
class PredictionInterface:
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
    model: PredictionInterface
    files: Mapping[str, ManifestEntry]

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest's text, and by it of every byte in the package."""
        return hashlib.sha256(render(self).encode()).hexdigest()

    @classmethod
    def of(cls, folder: Path, name: str, model: PredictionInterface) -> Self:
        """The manifest of a folder that has everything but the manifest."""
        return cls(
            name, model, {path: ManifestEntry.of(folder / path) for path in files_of(folder)}
        )

    @property
    def known(self) -> frozenset[str]:
        """Every file that a package with this model has, but for the manifest."""
        own = FILES | {MODEL_FILES[self.model.format]}
        features = {FEATURES, FEATURE_GOLDEN}
        monitoring = {MONITORING} & self.files.keys()
        return own | monitoring | (features if features & self.files.keys() else set())


GET_ANOTHER = "Get the package again from where it was made, or recreate it."


def read(folder: Path) -> Manifest:
    """The manifest of a package.

    Raises:
        StagebookError: The folder is not a package, or one of a newer format.
    """
    try:
        text = regular_file.read(folder / FILE, LARGEST + 1)
    except (OSError, ValueError):
        message = f"This is not a package: its {FILE} is missing or cannot be read."
        hint = "Name the folder that `stagebook.package` wrote, or the archive of `model pack`."
        raise StagebookError(Problem("no-package", message, hint, Where(str(folder)))) from None
    return parse(text, str(folder / FILE))


def parse(text: str | bytes, file: str) -> Manifest:
    """The manifest in a text.

    Args:
        text: The text, as UTF-8 if it is bytes.
        file: Its path, for messages.

    Raises:
        StagebookError: It is not a manifest, or one of another format.
    """
    where = Where(file)
    try:
        values = json_text.load(text, LARGEST)
        version = values["format"]
    except (ValueError, KeyError, TypeError):
        raise StagebookError(
            Problem("no-package", "The file is not a manifest of a package.", GET_ANOTHER, where)
        ) from None
    if version != FORMAT:
        message = f"The package has format {version!r}; this Stagebook reads {FORMAT}."
        raise StagebookError(
            Problem("newer-package", message, "Load the package with a newer Stagebook.", where)
        )
    try:
        manifest = _checked(typed_json.convert(values, Manifest))
        same = render(manifest).encode() == (text.encode() if isinstance(text, str) else text)
    except (ShapeError, UnicodeEncodeError) as error:
        message = f"The manifest cannot be read: {error}."
        raise StagebookError(Problem("no-package", message, GET_ANOTHER, where)) from None
    if not same:  # what is not read would be in no hash
        message = "The manifest changed after it was written."
        raise StagebookError(Problem("package-changed", message, GET_ANOTHER, where))
    return manifest


def _checked(manifest: Manifest) -> Manifest:
    """The manifest, if its values are possible; otherwise a ShapeError."""
    model = manifest.model
    if model.format not in MODEL_FILES:
        raise ShapeError(f"{model.format!r} is not a format of models")
    if len(manifest.files) > _MOST_FILES:
        raise ShapeError(f"{len(manifest.files)} files are too many for a package")
    if any(entry.size < 0 for entry in manifest.files.values()):
        raise ShapeError("the size of a file is negative")
    if not model.method.isidentifier() or model.method.startswith(_CHANGES):
        raise ShapeError(f"`{model.method}` is not a prediction method")
    return manifest


_MOST_FILES = 100
_CHANGES = ("_", "fit", "partial_fit", "set_")


def render(manifest: Manifest) -> str:
    """The text of a manifest: sorted, the same bytes for the same package."""
    values = {
        "format": FORMAT,
        "name": manifest.name,
        "model": asdict(manifest.model),
        "files": {path: asdict(entry) for path, entry in sorted(manifest.files.items())},
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def files_of(folder: Path) -> Iterator[str]:
    """Every file and link below a folder, sorted; links are not followed."""
    for above, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(above) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = (Path(above) / name).relative_to(folder).as_posix()
            if path not in BESIDE:
                yield path
