"""The stages of ``dvc.yaml`` as names and edges, ours and hand-written ones."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from stagebook.pipeline import dvc_file, lock, plain_stages, repository, resolved
from stagebook.pipeline.stage import SITE, SOURCES

_DEFAULT_PARAMS = "params.yaml"


@dataclass(frozen=True, slots=True)
class Node:
    """One stage.

    Attributes:
        name: DVC's name of it.
        deps: Paths that it reads.
        outs: Paths that it writes.
        measures: Those outputs that are metrics or plots.
        notebook: Whether it runs a notebook, so that each execution has a record.
        metrics: The paths of its metrics.
        cmd: The shell command; empty if unknown.
        params: The params files that it depends on, and whether on each as a whole.
        frozen: Whether DVC leaves it as it is, whatever changes.
        keys: The keys that count in each params file; empty for all.
        uncached: Those outputs that are not in DVC's cache.
        persisted: Those outputs that DVC does not delete before it runs the stage.
        always: Whether DVC runs it in every build.
        folder: The folder that it runs in, from the root; empty for the root.
        commands: The shell commands, if the stage has a list of them.
        mark: The mark of a Stagebook stage; empty for another stage.
        written: The paths that are written in another form, such as ``./raw``, as DVC has them in
            ``dvc.lock``: relative to the folder that the stage runs in, or absolute.
    """

    name: str
    deps: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    notebook: bool = True
    metrics: tuple[str, ...] = ()
    cmd: str = ""
    params: Mapping[str, bool] = field(default_factory=dict)
    frozen: bool = False
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uncached: frozenset[str] = frozenset()
    persisted: frozenset[str] = frozenset()
    always: bool = False
    folder: str = ""
    commands: tuple[str, ...] = ()
    mark: str = ""
    written: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_of_root(self) -> bool:
        """Whether it is a stage of the root's ``dvc.yaml``; other names start with their file."""
        return ":" not in self.name and not self.name.endswith(".dvc")


def parse(text: str, file: str = dvc_file.FILE) -> tuple[Node, ...]:
    """The stages in the text of a ``dvc.yaml``, in its order.

    Args:
        text: The text.
        file: The path of the file; the names of stages start with it, unless it is the root's.

    Raises:
        StagebookError: It is not valid YAML, or ``stages`` is not a mapping.
    """
    folder = posixpath.dirname(file)
    entries = {
        f"{file}:{name}" if folder else str(name): _below(folder, entry) if folder else entry
        for name, entry in dvc_file.stages(text).items()
        if isinstance(entry, Mapping)
    }
    return tuple(
        Node(
            name,
            tuple(_paths(entry, "deps")),
            tuple(_paths(entry, "outs", "metrics", "plots")),
            tuple(_paths(entry, "metrics", "plots")),
            _of(entry) not in (None, SOURCES, SITE),
            tuple(_paths(entry, "metrics")),
            lock.command(entry.get("cmd", "")),
            {path: not keys for path, keys in _params(entry)},
            bool(entry.get("frozen")),
            dict(_params(entry)),
            frozenset(_flagged(entry, "cache", False)),
            frozenset(_flagged(entry, "persist", True)),
            bool(entry.get("always_changed")),
            _folder(entry),
            lock.commands(entry.get("cmd")),
            str(_of(entry) or ""),
            dict(_written(entry)),
        )
        for name, entry in entries.items()
    )


def read(root: Path, text: str | None = None) -> tuple[Node, ...]:
    """The stages of every ``dvc.yaml`` of a repository; DVC resolves those with templates.

    Args:
        root: The project's root.
        text: The text of the root's ``dvc.yaml`` that counts, whether or not it has been written;
            None for the file.

    Raises:
        StagebookError: A ``dvc.yaml`` cannot be read.
    """
    own = dvc_file.read(root) if text is None else text
    # DVC makes absolute paths in the project relative
    is_literal = repository.is_literal(root, own) and str(root.resolve()) not in own
    if is_literal and plain_stages.is_plain(own):
        return parse(own)
    # This reports the markers of a merge conflict, which DVC does not.
    dvc_file.stages(dvc_file.read(root))
    return tuple(
        Node(
            stage.name,
            stage.deps,
            stage.outs,
            (*stage.metrics, *stage.plots),
            _of({"meta": stage.meta}) not in (None, SOURCES, SITE),
            stage.metrics,
            stage.cmd,
            {path: not keys for path, keys in stage.params.items()},
            stage.frozen,
            stage.params,
            stage.uncached,
            stage.persisted,
            stage.always,
            stage.folder,
            stage.commands,
            str(_of({"meta": stage.meta}) or ""),
            stage.written,
        )
        for stage in resolved.stages(root, text)
    )


def makers_of(nodes: Iterable[Node]) -> dict[str, tuple[Node, ...]]:
    """For each stage, the stages that write what it reads: the same path, or one in the other."""
    nodes = tuple(nodes)
    at: dict[PurePosixPath, list[int]] = defaultdict(list)  # places of the stages that write it
    within: dict[PurePosixPath, list[int]] = defaultdict(list)  # or something in it
    for place, node in enumerate(nodes):
        for path in map(PurePosixPath, node.outs):
            at[path].append(place)
            for above in path.parents:
                within[above].append(place)

    def makers(node: Node, own: int) -> tuple[Node, ...]:
        places = {
            place
            for path in map(PurePosixPath, node.deps)
            for places in (within.get(path), *(at.get(above) for above in (path, *path.parents)))
            for place in places or ()
        }
        return tuple(nodes[place] for place in sorted(places - {own}))

    return {node.name: makers(node, own) for own, node in enumerate(nodes)}


def meet(value: str, other: str) -> bool:
    """Whether two paths are the same, or one lies in the other."""
    first, second = PurePosixPath(value), PurePosixPath(other)
    return first.is_relative_to(second) or second.is_relative_to(first)


def _below(folder: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of a folder's ``dvc.yaml``, as the root sees it."""
    return {**entry, "wdir": posixpath.join(folder, str(entry.get("wdir") or ""))}


def _params(entry: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Params files, each with the keys that count; without keys, all count."""
    folder, listed = str(entry.get("wdir", "")), entry.get("params") or ()
    names = [item for item in listed if not isinstance(item, Mapping)]
    files = [file for item in listed if isinstance(item, Mapping) for file in item.items()]
    for path, keys in (*files, *([(_DEFAULT_PARAMS, names)] if names else [])):
        yield posixpath.normpath(posixpath.join(folder, str(path))), tuple(map(str, keys or ()))


def _of(entry: Mapping[str, Any]) -> Any:
    """The mark of a Stagebook stage; None for another stage."""
    meta = entry.get("meta")
    return meta.get("stagebook") if isinstance(meta, Mapping) else None


def _folder(entry: Mapping[str, Any]) -> str:
    folder = posixpath.normpath(str(entry.get("wdir") or "."))
    return "" if folder == "." else folder


def _flagged(entry: Mapping[str, Any], flag: str, value: bool) -> Iterator[str]:
    """The outputs with a value of a flag."""
    folder = str(entry.get("wdir", ""))
    for item in (output for key in ("outs", "metrics", "plots") for output in entry.get(key) or ()):
        for path, flags in item.items() if isinstance(item, Mapping) else ():
            if isinstance(flags, Mapping) and flags.get(flag) is value:
                yield posixpath.normpath(posixpath.join(folder, str(path)))


def _written(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The paths that are not as short as they can be, each with its text."""
    folder = str(entry.get("wdir", ""))
    for key in ("deps", "outs", "metrics", "plots", "params"):
        for item in entry.get(key) or ():
            if key == "params" and not isinstance(item, Mapping):
                continue  # the name of a parameter
            for text in map(str, item if isinstance(item, Mapping) else (item,)):
                path = posixpath.normpath(posixpath.join(folder, text))
                kept = posixpath.normpath(text) if key == "params" else text  # as DVC does
                if kept != posixpath.relpath(path, folder or "."):
                    yield path, kept


def _paths(entry: Mapping[str, Any], *keys: str) -> Iterator[str]:
    folder = str(entry.get("wdir", ""))
    for item in (value for key in keys for value in entry.get(key) or ()):
        path = next(iter(item), "") if isinstance(item, Mapping) else item
        yield posixpath.normpath(posixpath.join(folder, str(path)))
