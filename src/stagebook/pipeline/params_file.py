"""A stage's params file: names with values, and the line of each."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from stagebook.errors import Problem, StagebookError, Where


@dataclass(frozen=True, slots=True)
class ParamsFile:
    """The values of one params file.

    Attributes:
        path: Relative to the project's root.
        values: What it says, before any check.
        lines: Where each name stands, counted from 1.
    """

    path: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]


def params_path(stage: str, folder: str) -> str:
    """Path of a stage's params file, relative to the project's root."""
    return f"{folder}/{stage}.yaml"


def read(path: str, root: Path) -> ParamsFile:
    """A params file; one that is not there has no values."""
    try:
        text = (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ParamsFile(path, {}, {})
    return parse(text, path)


def parse(text: str, path: str) -> ParamsFile:
    """The values in a params file's text.

    Raises:
        StagebookError: It is no YAML, or no mapping of names to values.
    """
    try:
        document = YAML(typ="rt").load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise StagebookError(
            Problem("bad-yaml", f"It is no YAML: {error.problem}.", "", Where(path, line=line))
        ) from None
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
    plain = YAML(typ="safe").load(io.StringIO(text))
    lines = {str(name): document.lc.key(name)[0] + 1 for name in document}
    return ParamsFile(path, {str(name): value for name, value in plain.items()}, lines)
