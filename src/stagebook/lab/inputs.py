"""Missing inputs in a person's kernel, and the command that builds each."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from stagebook.execution import inputs
from stagebook.lab.recognition import SavedNotebook
from stagebook.pipeline import dvc_file
from stagebook.pipeline.graph import Pipeline
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.project import Project


def missing(
    project: Project, paths: Iterable[str], saved: tuple[SavedNotebook, ...]
) -> tuple[Problem, ...]:
    """The paths that do not exist, each with the stage to build for it.

    Args:
        project: The project.
        paths: Paths relative to its root.
        saved: Its notebooks.
    """
    by_maker: dict[str | None, list[str]] = {}
    for path in dict.fromkeys(paths):
        if not (project.root / path).exists():
            by_maker.setdefault(_maker(path, saved, project), []).append(path)
    return tuple(inputs.missing(absent, maker) for maker, absent in by_maker.items())


def behind(error: BaseException, project: Project, declared: Iterable[str]) -> tuple[Problem, ...]:
    """The missing inputs that an error names; empty if the error has another cause.

    Args:
        error: What a cell raised.
        project: The project.
        declared: The inputs of the notebook, if it is known.
    """
    saved = SavedNotebook.read_all(project)
    written = (path for notebook in saved if notebook.stage for path in notebook.stage.writes)
    absent = [
        item for item in dict.fromkeys((*declared, *written)) if not (project.root / item).exists()
    ]
    chain = list(_chain(error))
    text = "\n".join(map(str, chain))
    files = [_below(project.root, item) for item in chain]
    named = [
        path for path in absent if _names(text, path) or any(_within(file, path) for file in files)
    ]
    return missing(project, named, saved)


def beside(error: BaseException, project: Project, folder: str) -> tuple[str, ...]:
    """Files that an error's missing path would name from the notebook's own folder.

    Args:
        error: What a cell raised.
        project: The project.
        folder: The folder of the notebook, relative to the root.
    """
    paths: dict[str, None] = {}
    for item in _chain(error):
        if isinstance(item, FileNotFoundError) and isinstance(item.filename, str):
            path = Path(os.path.normpath(project.root / folder / item.filename))
            if path.is_relative_to(project.root) and path.exists():
                paths[path.relative_to(project.root).as_posix()] = None
    return tuple(paths)


def _maker(path: str, saved: tuple[SavedNotebook, ...], project: Project) -> str | None:
    """The stage that writes a path; invalid notebooks are ignored."""
    ours = Pipeline(tuple(notebook.stage for notebook in saved if notebook.stage)).producer(path)
    if ours:
        return ours.name
    try:
        written = dvc_file.parse(dvc_file.read(project.root)).written
    except StagebookError:
        return None
    holders = (name for out, name in written.items() if _within(path, out))
    return next(holders, None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _below(root: Path, error: BaseException) -> str | None:
    """The file that an error of the system is about, relative to the root."""
    name = error.filename if isinstance(error, OSError) else None
    if not isinstance(name, (str, bytes)):
        return None
    path = Path(root, name.decode(errors="replace") if isinstance(name, bytes) else name)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else None


def _names(text: str, path: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(path)}(?![\w-]|\.\w)", text) is not None


def _within(path: str | None, folder: str) -> bool:
    return path is not None and PurePosixPath(path).is_relative_to(folder)
