"""A stage's params file: names with values, and the line of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import is_lfs_pointer, lfs_pointer
from stagebook.project.project import Project
from stagebook.project.settings.stage_names import stage_name


@dataclass(frozen=True, slots=True)
class ParamsFile:
    """The values of one params file.

    Attributes:
        path: Relative to the project's root.
        values: Its values, unchecked.
        lines: The line of each name, counted from 1; without names that come from a merge key.
    """

    path: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]


def places(notebook: str, project: Project) -> tuple[str, ...]:
    """The paths that a notebook's params file may have, relative to the root.

    Args:
        notebook: Path of the notebook.
        project: The project.
    """
    folder = PurePosixPath(project.settings.params)
    names = dict.fromkeys((stage_name(notebook), PurePosixPath(notebook).stem))
    return tuple((folder / f"{name}.yaml").as_posix() for name in names)


def locate(notebook: str, project: Project) -> str:
    """Path of a notebook's params file, relative to the root, whether or not it exists.

    It has the name of the stage, or of the notebook's file.

    Args:
        notebook: Path of the notebook.
        project: The project.

    Raises:
        StagebookError: Files with both names exist.
    """
    paths = places(notebook, project)
    existing = [path for path in paths if (project.root / path).is_file()]
    if len(existing) > 1:
        message = f"{' and '.join(existing)} are both the params file of {notebook}."
        problem = Problem("two-params-files", message, "Delete one of them.", Where(existing[1]))
        raise StagebookError(problem)
    return existing[0] if existing else paths[0]


def read(path: str, root: Path) -> ParamsFile:
    """A params file; a missing one has no values."""
    try:
        text = (root / path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ParamsFile(path, {}, {})
    except UnicodeDecodeError as error:
        problem = Problem(
            "bad-encoding",
            f"The file is not UTF-8: {error}.",
            "Save the file as UTF-8.",
            Where(path),
        )
        raise StagebookError(problem) from None
    return parse(text, path)


def parse(text: str, path: str) -> ParamsFile:
    """The values in a params file's text.

    Raises:
        StagebookError: It is not valid YAML, or not a mapping of names to values.
    """
    if is_lfs_pointer(text):
        raise StagebookError(lfs_pointer(path, "params file"))
    from ruamel.yaml.comments import CommentedMap

    from stagebook.pipeline import yaml_text

    document = yaml_text.load(text, path)
    if document is None:
        return ParamsFile(path, {}, {})
    if not isinstance(document, CommentedMap):
        raise StagebookError(
            Problem(
                "bad-params",
                "The file is not a mapping of names to values.",
                "Write one `name: value` on each line.",
                Where(path, line=1),
            )
        )
    plain = yaml_text.load(text, path, plain=True)
    lines = {str(name): at[0] + 1 for name, at in document.lc.data.items()}
    return ParamsFile(path, {str(name): value for name, value in plain.items()}, lines)
