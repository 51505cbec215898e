"""A stage's params file: names with values, and the line of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml.comments import CommentedMap

from stagebook.errors import Problem, StagebookError, Where
from stagebook.pipeline import yaml_text


@dataclass(frozen=True, slots=True)
class ParamsFile:
    """The values of one params file.

    Attributes:
        path: Relative to the project's root.
        values: What it says, before any check.
        lines: Where each name stands, counted from 1, unless a merge key brings it.
    """

    path: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]


def params_path(stage: str, folder: str) -> str:
    """Path of a stage's params file, relative to the project's root."""
    return (PurePosixPath(folder) / f"{stage}.yaml").as_posix()


def read(path: str, root: Path) -> ParamsFile:
    """A params file; one that is not there has no values."""
    try:
        text = (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ParamsFile(path, {}, {})
    except UnicodeDecodeError as error:
        problem = Problem(
            "bad-encoding", f"It is not UTF-8: {error}.", "Save it again.", Where(path)
        )
        raise StagebookError(problem) from None
    return parse(text, path)


def parse(text: str, path: str) -> ParamsFile:
    """The values in a params file's text.

    Raises:
        StagebookError: It is no YAML, or no mapping of names to values.
    """
    document = yaml_text.load(text, path)
    if document is None:
        return ParamsFile(path, {}, {})
    if not isinstance(document, CommentedMap):
        raise StagebookError(
            Problem(
                "bad-params",
                "It is no mapping of names to values.",
                "Write one `name: value` a line.",
                Where(path, line=1),
            )
        )
    plain = yaml_text.load(text, path, plain=True)
    lines = {str(name): at[0] + 1 for name, at in document.lc.data.items()}
    return ParamsFile(path, {str(name): value for name, value in plain.items()}, lines)
