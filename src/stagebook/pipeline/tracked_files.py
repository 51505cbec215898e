"""The files that DVC tracks outside of stages: ``.dvc`` files, of which some are imported."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from stagebook.pipeline import lock, repository, yaml_block
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.pipeline.nodes import Node
from stagebook.project.errors import StagebookError


@dataclass(frozen=True, slots=True)
class TrackedFiles:
    """What the ``.dvc`` files of a repository name.

    Attributes:
        nodes: One for each file. One without inputs was added; DVC does nothing with it.
        lock: What each import was made from.
    """

    nodes: tuple[Node, ...]
    lock: Lock

    @property
    def imports(self) -> tuple[Node, ...]:
        """Those that DVC imports again if their source changed: not frozen, with inputs."""
        return tuple(node for node in self.nodes if node.deps and not node.frozen)


def read(root: Path) -> TrackedFiles:
    """The ``.dvc`` files of a repository; those that are not valid are left out."""
    nodes, entries = [], {}
    for file in repository.tracking_files(root):
        document = _document(root, file)
        folder = posixpath.join(posixpath.dirname(file), str(document.get("wdir") or "."))
        deps, outs = (tuple(_hashed(folder, document.get(key))) for key in ("deps", "outs"))
        command = lock.command(document.get("cmd", ""))  # of a stage of DVC 1
        nodes.append(
            Node(
                file,
                tuple(dep.path for dep in deps),
                tuple(out.path for out in outs),
                notebook=False,
                cmd=command,
                frozen=bool(document.get("frozen")),
            )
        )
        entries[file] = LockEntry(file, command, deps, outs, legacy=_is_legacy(document))
    return TrackedFiles(tuple(nodes), Lock(entries))


def tracked(root: Path, path: str, files: Iterable[str]) -> tuple[str, HashedPath | None] | None:
    """The ``.dvc`` file by which DVC tracks a file outside of any stage, and its content.

    Args:
        root: The project's root.
        path: The file or folder; it may lie in a folder that is tracked.
        files: Every ``.dvc`` file; it may have another name than what it tracks.

    Returns:
        The path of the ``.dvc`` file, and the content that it names for exactly this path; None
        if no ``.dvc`` file tracks it.
    """
    target = PurePosixPath(path)
    usual = {f"{item}.dvc" for item in (target, *target.parents)}
    for file in sorted(files, key=lambda name: name not in usual):
        for out in _tracked_by(root, file):
            if target.is_relative_to(out.path):
                return file, out if out.path == path else None
    return None


def _tracked_by(root: Path, file: str) -> Iterator[HashedPath]:
    """What a ``.dvc`` file tracks; its paths are those of its folder, or of its ``wdir``."""
    document = _document(root, file)
    folder = PurePosixPath(file).parent / str(document.get("wdir", "."))
    for out in lock.hashed(document.get("outs")):
        yield replace(out, path=posixpath.normpath(folder / out.path))


def _document(root: Path, file: str) -> Mapping[str, Any]:
    """What a ``.dvc`` file says; nothing if it is not valid YAML, which DVC reports."""
    try:
        text = (root / file).read_text("utf-8")
        values = yaml_block.read(text)
        if values is None:
            from stagebook.pipeline import yaml_text  # imports ruamel.yaml, which takes long

            values = yaml_text.load(text, file, plain=True)
    except (OSError, ValueError, StagebookError):
        return {}
    return values if isinstance(values, Mapping) else {}


def _items(listed: Any) -> Iterator[Mapping[str, Any]]:
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping) and "path" in item:
            yield item


def _hashed(folder: str, listed: Any) -> Iterator[HashedPath]:
    """The files of the file system; those of another repository DVC asks for there."""
    for item in _items(listed):
        if "repo" not in item and "db" not in item:
            path = posixpath.normpath(posixpath.join(folder, str(item["path"])))
            yield HashedPath(path, str(item.get("md5", "")), 0)


def _is_legacy(document: Mapping[str, Any]) -> bool:
    items = (item for key in ("deps", "outs") for item in _items(document.get(key)))
    return any("md5" in item and "hash" not in item for item in items)
