"""DVC's hashes of the files of a project, computed without DVC."""

import concurrent.futures
import errno
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Self

from stagebook.pipeline.cache import Cache
from stagebook.project.files import write_whole

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_FORMAT = 1
_FILE = "cache/hashes.json"
_SMALL = 2**16
_SETTLED = 2.0  # seconds; a file written later may change again within one tick of its clock
_CHUNK = 2**20
_IGNORE = ".dvcignore"
_NEVER = {".git", ".hg", ".dvc"}

_Stamp = tuple[int, int, int]


@dataclass(slots=True)
class ProjectFiles:
    """The files of one project, each hashed at most once.

    Attributes:
        root: The project's root.
        cache: DVC's cache.
        remembered: Hashes of large files with time, size and inode, by path.
    """

    root: Path
    cache: Cache
    remembered: dict[str, list[Any]] = field(default_factory=dict)
    _known: dict[tuple[str, bool], str | None] = field(default_factory=dict)
    _unreadable: dict[str, str] = field(default_factory=dict)
    _cached: dict[str, bool] = field(default_factory=dict)
    _ignored: "dict[str, GitIgnoreSpec | None]" = field(default_factory=dict)
    _is_new: bool = False

    @classmethod
    def of(cls, root: Path, state: Path) -> Self:
        """The files of a project, with the hashes that an earlier plan remembered.

        Args:
            root: The project's root.
            state: Its state folder.
        """
        try:
            values = json.loads((state / _FILE).read_text(encoding="utf-8"))
            remembered = values["files"] if values["format"] == _FORMAT else {}
        except (OSError, ValueError, KeyError, TypeError):
            remembered = {}
        return cls(root, Cache.of(root), remembered)

    def remember(self, state: Path) -> None:
        """Keeps the hashes of large files for the next plan, if the state folder exists."""
        if self._is_new and state.is_dir():
            text = json.dumps({"format": _FORMAT, "files": self.remembered})
            write_whole(state / _FILE, text)

    def md5(self, path: str, *, legacy: bool = False) -> str | None:
        """DVC's hash of a file or folder; None if it is missing or cannot be read.

        Args:
            path: Relative to the root, or absolute.
            legacy: Whether to hash as DVC 2, without the carriage returns of texts.
        """
        key = path, legacy
        if key not in self._known:
            try:
                self._known[key] = self._hash(path, legacy=legacy)
            except OSError as error:
                self._known[key] = None
                self._unreadable[path] = _reason(error, self.root / path, path)
        return self._known[key]

    def unreadable(self, path: str) -> str:
        """Why a file or folder cannot be read; empty if it can, or is missing."""
        self.md5(path)
        return self._unreadable.get(path, "")

    def read_ahead(self, paths: Iterable[str]) -> None:
        """Hashes files at the same time, which is faster for large ones."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.md5, dict.fromkeys(paths)))

    def is_executable(self, path: str) -> bool:
        """Whether a path is a file that may be executed."""
        try:
            mode = (self.root / path).stat().st_mode
        except OSError:
            return False
        return stat.S_ISREG(mode) and bool(mode & 0o111)

    def is_cached(self, md5: str) -> bool:
        """Whether DVC's cache holds a content, with all files of a folder."""
        if md5 not in self._cached:
            self._cached[md5] = self.cache.file(md5) is not None and (
                not md5.endswith(".dir")
                or all(self.cache.file(item) for item in (self.listing(md5) or {}).values())
            )
        return self._cached[md5]

    def listing(self, md5: str) -> Mapping[str, str] | None:
        """The hashes of the files in a folder; None if DVC's cache does not hold it."""
        return self.cache.files(md5) if md5.endswith(".dir") else None

    def _hash(self, path: str, *, legacy: bool) -> str | None:
        try:
            status = (self.root / path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if self._is_ignored(path, is_folder=stat.S_ISDIR(status.st_mode)):
            return None
        if stat.S_ISDIR(status.st_mode):
            return self._folder(path, legacy=legacy)
        return self._file(path, status, legacy=legacy)

    def _folder(self, path: str, *, legacy: bool) -> str:
        listed = [
            {"md5": self._file(file, (self.root / file).stat(), legacy=legacy), "relpath": name}
            for name, file in self._walk(path)
        ]
        text = json.dumps(sorted(listed, key=lambda item: str(item["relpath"])), sort_keys=True)
        return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"

    def _walk(self, path: str) -> Iterator[tuple[str, str]]:
        """The files in a folder that DVC does not ignore; it does not follow linked folders.

        Yields:
            The path of each file in the folder, and from the root.
        """
        base = self.root / path
        for folder, below, names in os.walk(base):
            inner = PurePosixPath(Path(folder).relative_to(base).as_posix())
            place = PurePosixPath(path) / inner
            below[:] = [
                name for name in below if not self._is_ignored(str(place / name), is_folder=True)
            ]
            for name in names:
                if not self._is_ignored(str(place / name), is_folder=False):
                    yield str(inner / name), str(place / name)

    def _file(self, path: str, status: os.stat_result, *, legacy: bool) -> str:
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
            raise OSError(errno.EINVAL, "neither a file nor a folder", str(self.root / path))
        if status.st_size < _SMALL or legacy:
            return _md5(self.root / path, legacy=legacy)
        stamp = [status.st_mtime_ns, status.st_size, status.st_ino]
        if (before := self.remembered.get(path)) and before[:3] == stamp:
            return str(before[3])
        md5 = _md5(self.root / path)
        if time.time() - status.st_mtime > _SETTLED:
            self.remembered[path] = [*stamp, md5]
            self._is_new = True
        return md5

    def _is_ignored(self, path: str, *, is_folder: bool) -> bool:
        parts = path.split("/")
        if parts[0] == ".." or PurePosixPath(path).is_absolute():
            return False  # rules are for the files of the project
        if _NEVER.intersection(parts):
            return True
        for depth in range(len(parts)):
            spec = self._rules("/".join(parts[:depth]))
            if spec is not None:
                inner = "/".join(parts[depth:])
                if spec.match_file(f"{inner}/" if is_folder else inner):
                    return True
        return False

    def _rules(self, folder: str) -> "GitIgnoreSpec | None":
        if folder not in self._ignored:
            self._ignored[folder] = None
            try:
                lines = (self.root / folder / _IGNORE).read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError):
                lines = []
            if any(line.strip() and not line.startswith("#") for line in lines):
                from pathspec import GitIgnoreSpec  # few projects ignore anything

                self._ignored[folder] = GitIgnoreSpec.from_lines(line.strip() for line in lines)
        return self._ignored[folder]


def _reason(error: OSError, place: Path, path: str) -> str:
    """Why a file, or one in a folder, cannot be read."""
    file = Path(os.fsdecode(error.filename)) if error.filename else place
    inner = file.relative_to(place) if file.is_relative_to(place) else Path()
    name = (PurePosixPath(path) / inner.as_posix()).as_posix()
    if file.is_symlink() and not file.exists():
        return f"{name} is a link to a missing file"
    return f"{name}: {error.strerror or error}"


def _md5(file: Path, *, legacy: bool = False) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(_unix(chunk) if legacy else chunk)
    return digest.hexdigest()


def _unix(chunk: bytes) -> bytes:
    """A chunk as DVC 2 hashed it: the carriage returns of texts are left out."""
    head = chunk[:512]
    odd = sum((byte < 32 and byte not in b"\n\r\t\f\b") or byte == 127 for byte in head)
    is_text = b"\x00" not in head and odd / max(len(head), 1) <= 0.3
    return chunk.replace(b"\r\n", b"\n") if is_text else chunk
