"""The files of a commit, as its ``dvc.lock`` has them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from stagebook.pipeline.cache import Cache
from stagebook.pipeline.lock import Lock
from stagebook.pipeline.nodes import Node, makers_of, meet
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.plan.findings import hashes, lock_path
from stagebook.pipeline.plan.present import ParamsState, Present


@dataclass(frozen=True, slots=True)
class LockedFiles:
    """The files that a ``dvc.lock`` names.

    Attributes:
        hashes: Their hashes by path.
        cache: DVC's cache.
        present: The files of the working tree, which come first; None to leave them out.
    """

    hashes: Mapping[str, str]
    cache: Cache
    present: ProjectFiles | None = None

    @classmethod
    def of(
        cls, lock: Lock, nodes: Iterable[Node], cache: Cache, present: ProjectFiles | None = None
    ) -> "LockedFiles":
        """The files of a lock that stages wrote, and those in what they wrote that stages read.

        Args:
            lock: The lock; entries of other stages do not count.
            nodes: The stages.
            cache: DVC's cache.
            present: The files of the working tree, which come first; None to leave them out.
        """
        nodes = tuple(nodes)
        makers = makers_of(nodes)
        hashes = {path: md5 for node in nodes for path, md5 in _written(node, lock)}
        for node in nodes:
            made = [path for maker in makers[node.name] for path in maker.outs]
            for path, md5 in _read(node, lock):
                if any(meet(path, other) for other in made):
                    hashes.setdefault(path, md5)
        return cls(hashes, cache, present)

    def md5(self, path: str, *, legacy: bool = False) -> str | None:
        """DVC's hash of a file or folder; None if it is in no place."""
        now = self.present.md5(path, legacy=legacy) if self.present else None
        return now or self.hashes.get(path)

    def unreadable(self, path: str) -> str:
        """Why a file or folder cannot be read; empty if it can, or is missing."""
        return self.present.unreadable(path) if self.present else ""

    def is_executable(self, path: str) -> bool:
        """Whether a path is a file that may be executed."""
        return bool(self.present and self.present.is_executable(path))

    def is_cached(self, md5: str) -> bool:
        """Whether DVC's cache holds a content."""
        return self.cache.file(md5) is not None

    def listing(self, md5: str) -> Mapping[str, str] | None:
        """The hashes of the files in a folder; None if DVC's cache does not hold it."""
        return self.cache.files(md5) if md5.endswith(".dir") else None


def present_of(lock: Lock, nodes: Iterable[Node], cache: Cache) -> Present:
    """What the stages of a commit read, as its ``dvc.lock`` says.

    Args:
        lock: The lock.
        nodes: The stages, as they were built.
        cache: DVC's cache.
    """
    nodes = tuple(nodes)
    inputs = {(node.name, path): md5 for node in nodes for path, md5 in _read(node, lock)}
    params = {}
    for node in nodes:
        entry = lock.entries.get(node.name)
        recorded = (entry.params or {}) if entry else {}
        for file in node.keys:
            params[node.name, file] = ParamsState(recorded.get(lock_path(node, file)) or {})
    return Present(LockedFiles.of(lock, nodes, cache), params, inputs=inputs)


def _read(node: Node, lock: Lock) -> Iterator[tuple[str, str]]:
    """Each input of a stage, with its hash in the lock."""
    return _hashed(node, node.deps, lock, "deps")


def _written(node: Node, lock: Lock) -> Iterator[tuple[str, str]]:
    """Each output of a stage, with its hash in the lock."""
    return _hashed(node, node.outs, lock, "outs")


def _hashed(
    node: Node, paths: Iterable[str], lock: Lock, side: Literal["deps", "outs"]
) -> Iterator[tuple[str, str]]:
    entry = lock.entries.get(node.name)
    recorded = hashes(getattr(entry, side)) if entry else {}
    for path in paths:
        if (md5 := recorded.get(lock_path(node, path))) is not None:
            yield path, md5
