"""The files of a commit, as its ``dvc.lock`` has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stagebook.pipeline.cache import Cache
from stagebook.pipeline.lock import Lock
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.plan.present import ParamsState, Present
from stagebook.pipeline.stage import is_source


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
    def of(cls, lock: Lock, cache: Cache, present: ProjectFiles | None = None) -> "LockedFiles":
        """The files of a lock: as stages wrote them, or else as stages read them."""
        entries = lock.entries.values()
        read = {dep.path: dep.md5 for entry in entries for dep in entry.deps}
        return cls(
            read | {out.path: out.md5 for entry in entries for out in entry.outs}, cache, present
        )

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
    """What a commit had, as its ``dvc.lock`` says.

    Args:
        lock: The lock.
        nodes: The stages of the commit's ``dvc.yaml``.
        cache: DVC's cache.
    """
    files = LockedFiles.of(lock, cache)
    recorded = {name: entry.params or {} for name, entry in lock.entries.items()}
    params = {
        (node.name, file): ParamsState(recorded.get(node.name, {}).get(file) or {})
        for node in nodes
        for file in node.keys
    }
    sources = {path: md5 for path, md5 in files.hashes.items() if is_source(path)}
    return Present(files, params, sources)
