"""The files of DVC in a repository: every ``dvc.yaml``, ``dvc.lock`` and ``.dvc`` file."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from stagebook.pipeline import dvc_file, resolved
from stagebook.pipeline.dvc_file import FILE, LOCK

_TEMPLATED = re.compile(r"\$\{|^\s*(foreach|matrix)\s*:|['\"](foreach|matrix)['\"]", re.MULTILINE)
_LEFT_OUT = {"__pycache__", "node_modules"}


def other_files(root: Path) -> tuple[str, ...]:
    """The paths of every ``dvc.yaml`` below the root's own.

    Hidden folders and virtual environments are left out, as DVC has no stages there.
    """
    return tuple(sorted(_other_files(root)))


def _other_files(root: Path) -> Iterator[str]:
    for place, files in folders(root):
        if place != root and FILE in files:
            yield (place / FILE).relative_to(root).as_posix()


def tracking_files(root: Path) -> tuple[str, ...]:
    """The paths of every ``.dvc`` file, whatever its name."""
    paths = (place / name for place, files in folders(root) for name in files if _tracks(name))
    return tuple(sorted(path.relative_to(root).as_posix() for path in paths))


def _tracks(name: str) -> bool:
    return name.endswith(".dvc") and name != ".dvc"


def folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folders that DVC reads, each with the names of its files."""
    for folder, below, files in os.walk(root):
        place = Path(folder)
        if "pyvenv.cfg" in files or ((place / ".dvc").is_dir() and place != root):
            below.clear()
            continue
        below[:] = [item for item in below if not item.startswith(".") and item not in _LEFT_OUT]
        yield place, files


def other_locks(root: Path) -> tuple[str, ...]:
    """The paths of the ``dvc.lock`` beside each ``dvc.yaml`` below the root's own."""
    return tuple((PurePosixPath(file).parent / LOCK).as_posix() for file in other_files(root))


def is_literal(root: Path, text: str | None = None) -> bool:
    """Whether the root's ``dvc.yaml`` is the only one, and has no templates to resolve.

    Args:
        root: The project's root.
        text: The text of the root's ``dvc.yaml`` that counts; None for the file.
    """
    return not is_templated(dvc_file.read(root) if text is None else text) and not other_files(root)


def is_templated(text: str) -> bool:
    """Whether only DVC can say which stages the text of a ``dvc.yaml`` has."""
    return _TEMPLATED.search(text) is not None


def written(root: Path) -> tuple[str, ...]:
    """Every path that some stage of the repository writes, and every ``dvc.lock``."""
    text = dvc_file.read(root)
    if is_literal(root):
        paths: tuple[str, ...] = dvc_file.all_written(text)
    else:
        paths = tuple(path for stage in resolved.stages(root) for path in stage.outs)
    return tuple(dict.fromkeys((*paths, LOCK, *other_locks(root))))
