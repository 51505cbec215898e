"""The rows on which a model is compared with another form of it."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow.parquet as pq

from stagebook.model import json_text
from stagebook.model.contents import Contents
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.splits import FILE as SPLITS
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import digest

TEST, OTHER, FEW = "the test set", "other rows", "the golden rows"
_EVALUATION = "evaluation.json"


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Rows of a model's features.

    Attributes:
        kind: What they are: the test set, the golden rows or others.
        path: The file that they are from, as it was named.
        md5: Its hash, which is DVC's.
        frame: n rows with the features, in order.
    """

    kind: str
    path: str
    md5: str
    frame: pd.DataFrame

    @classmethod
    def of(cls, path: Path, name: str, features: Sequence[str], test: str) -> Self:
        """The rows in a Parquet file.

        Args:
            path: The file.
            name: What it is called in messages and reports.
            features: The columns that are wanted.
            test: The hash of the test set.

        Raises:
            StagebookError: It cannot be read, lacks a feature, or has no rows.
        """
        try:
            frame = pq.read_table(path, columns=list(features)).to_pandas()[list(features)]
            md5 = digest(path, "md5")
        except (OSError, ValueError, KeyError) as error:
            message = f"The file cannot be read as Parquet with the model's features: {error}"
            raise bad(name, message, features) from None
        if frame.empty:
            raise bad(name, "The file has no rows to compare.", features)
        return cls(TEST if md5 == test else OTHER, name, md5, frame)

    def as_json(self) -> dict[str, Any]:
        """What they are, as plain values."""
        return {"of": self.kind, "path": self.path, "md5": self.md5}


def bad(name: str, message: str, features: Sequence[str]) -> StagebookError:
    """The error that a model cannot predict for some rows.

    Args:
        name: The file that they are from.
        message: What is wrong.
        features: The columns that are wanted.
    """
    hint = f"Name a Parquet file that has {', '.join(features)}: --rows FILE"
    return StagebookError(Problem("bad-rows", message, hint, Where(name)))


def read(contents: Contents, file: Path, features: Sequence[str]) -> FeatureRows:
    """The rows in a file that somebody names.

    Args:
        contents: The package.
        file: The file.
        features: The model's features.
    """
    return FeatureRows.of(file, file.as_posix(), features, _test(contents)[1])


def default(contents: Contents, roots: Iterable[Path], features: Sequence[str]) -> FeatureRows:
    """The test set, if it still lies in a project where it lay; else the package's golden rows.

    Args:
        contents: The package.
        roots: Roots of projects to look in.
        features: The model's features.
    """
    path, md5 = _test(contents)
    inside = bool(path) and not _leaves(path)
    for root in roots if inside else ():
        if (root / path).is_file() and digest(root / path, "md5") == md5:
            return FeatureRows.of(root / path, path, features, md5)
    golden = contents.files[GOLDEN]
    frame = Golden.parse(golden).inputs[list(features)]
    return FeatureRows(FEW, GOLDEN, hashlib.md5(golden, usedforsecurity=False).hexdigest(), frame)


def _leaves(path: str) -> bool:
    """Whether a path that a package names may lead out of a project."""
    return Path(path).is_absolute() or ".." in Path(path).parts


def _test(contents: Contents) -> tuple[str, str]:
    """Path and hash of the test set: the split that the scores are of."""
    md5 = json_text.load(contents.files[_EVALUATION])["data"]["md5"]
    parts = json_text.load(contents.files[SPLITS])["parts"]
    return next((part["path"] for part in parts if part["md5"] == md5), ""), str(md5)
