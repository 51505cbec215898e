"""The content of ``dvc.lock``: the inputs that each stage's outputs were made from."""

import contextlib
import posixpath
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from stagebook.pipeline import repository, yaml_block
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.dvc_file import FILE, LOCK
from stagebook.project.errors import StagebookError

_WRITING_SECONDS = 0.2
"""How long a file that is being written may stay as it is."""

_READS = 80


@dataclass(frozen=True, slots=True)
class LockEntry:
    """One stage, as of its last run.

    Attributes:
        stage: DVC's name of the stage; with ``foreach`` or ``matrix``, ``name@item``.
        cmd: The shell command.
        deps: What it read.
        outs: What it wrote: outputs, metrics and plots.
        params: The values in each params file that the stage depends on.
        legacy: Whether a file has a hash of DVC 2, which ignores the line endings of texts.
        commands: The shell commands, if the stage has a list of them.
    """

    stage: str
    cmd: str = ""
    deps: tuple[HashedPath, ...] = ()
    outs: tuple[HashedPath, ...] = ()
    params: Mapping[str, Any] | None = None
    legacy: bool = False
    commands: tuple[str, ...] = ()

    def below(self, folder: str) -> "LockEntry":
        """This stage of a folder's ``dvc.lock``, as the repository's root sees it."""

        def moved(path: str) -> str:
            return posixpath.normpath(posixpath.join(folder, path))

        return LockEntry(
            f"{folder}/{FILE}:{self.stage}",
            self.cmd,
            tuple(replace(dep, path=moved(dep.path)) for dep in self.deps),
            tuple(replace(out, path=moved(out.path)) for out in self.outs),
            {moved(file): values for file, values in (self.params or {}).items()},
            self.legacy,
            self.commands,
        )

    def changed(self, before: "LockEntry") -> tuple[dict[str, tuple[Any, Any]], tuple[str, ...]]:
        """What differs from an entry of the same stage.

        Args:
            before: The other entry.

        Returns:
            The values that differ, by name, before and now; and the paths of what it read.
        """
        was, now = _values(before.params), _values(self.params)
        names = [item for item in {**now, **was} if was.get(item) != now.get(item)]
        hashes = {file.path: file.md5 for file in before.deps}
        paths = tuple(file.path for file in self.deps if hashes.get(file.path) != file.md5)
        return {name: (was.get(name), now.get(name)) for name in names}, paths


@dataclass(frozen=True, slots=True)
class Lock:
    """All stages of a ``dvc.lock``.

    Attributes:
        entries: Each stage by its name.
    """

    entries: Mapping[str, LockEntry]

    def joined(self, other: "Lock") -> "Lock":
        """The stages of both."""
        return Lock({**self.entries, **other.entries}) if other.entries else self

    def maker(self, path: str, md5: str | None = None) -> LockEntry | None:
        """The stage that wrote a path, and, if a hash is given, with this content."""
        for entry, out in self.writers(path):
            if out.path == path and md5 in (None, out.md5):
                return entry
        return None

    def writers(self, path: str) -> Iterator[tuple[LockEntry, HashedPath]]:
        """Each stage that wrote a path, a folder that holds it or a file in it, and that output."""
        for entry in self.entries.values():
            for out in entry.outs:
                inside = path.startswith(f"{out.path}/") or out.path.startswith(f"{path}/")
                if out.path == path or inside:
                    yield entry, out

    def files(self) -> Iterator[HashedPath]:
        """Every file and folder in it, read or written."""
        for entry in self.entries.values():
            yield from entry.outs
            yield from entry.deps


def read(root: Path) -> Lock:
    """All ``dvc.lock`` files of a repository as one, with paths from its root; may be empty.

    Raises:
        StagebookError: A lock is not valid YAML, such as after a merge conflict.
    """
    entries: dict[str, LockEntry] = {}
    for path, content in texts(root).items():
        entries |= parse(content, folder_of(path)).entries
    return Lock(entries)


def texts(root: Path) -> dict[str, str]:
    """The text of every ``dvc.lock`` of a repository, by its path; the root's is the first."""
    by_path: dict[str, str] = {}
    for path in (LOCK, *repository.other_locks(root)):
        with contextlib.suppress(FileNotFoundError):
            by_path[path] = _settled_text(root / path)
    return by_path


def _settled_text(file: Path) -> str:
    """The text of a file that another process may be writing, as soon as it is whole.

    DVC writes ``dvc.lock`` in place, so that in between it is a shorter file without an error.
    """
    for _ in range(_READS):
        before = file.stat()
        text = file.read_text(encoding="utf-8", errors="replace")
        after = file.stat()
        same = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
        if same and not 0 <= time.time() - after.st_mtime < _WRITING_SECONDS:
            break
        time.sleep(_WRITING_SECONDS / 8)
    return text


def folder_of(path: str) -> str:
    """The folder of a ``dvc.lock``; empty for the project's root."""
    parent = PurePosixPath(path).parent.as_posix()
    return "" if parent == "." else parent


def parse(text: str, folder: str = "") -> Lock:
    """What the text of a ``dvc.lock`` says.

    Values of another shape than DVC writes are left out; DVC reports them. A process parses each
    stage's text once, in however many locks it is.

    Args:
        text: The text.
        folder: The folder of the lock, from the project's root; empty for the root.

    Raises:
        StagebookError: It is not valid YAML.
    """
    lock_entries = _joined_pieces(text)
    entries = lock_entries if lock_entries is not None else _parsed(text)
    if folder:
        entries = tuple(entry.below(folder) for entry in entries)
    return Lock({entry.stage: entry for entry in entries})


def _joined_pieces(text: str) -> tuple[LockEntry, ...] | None:
    """The stages, piece by piece; None if a piece is not valid YAML, or repeats a stage."""
    try:
        entries = tuple(entry for piece in split(text) for entry in _parsed(piece))
    except StagebookError:  # its line number is that of the piece
        return None
    return entries if len({entry.stage for entry in entries}) == len(entries) else None


@lru_cache(maxsize=2048)
def _parsed(text: str) -> tuple[LockEntry, ...]:
    from stagebook.pipeline import yaml_text  # imports ruamel.yaml, which takes long

    quick = yaml_block.read(text)
    document = _mapping(quick if quick is not None else yaml_text.load(text, LOCK, plain=True))
    # Before DVC 2, the stages were at the top level.
    stages = _mapping(document.get("stages")) if "schema" in document else document
    return tuple(_entry(str(name), _mapping(values)) for name, values in stages.items())


def split(text: str) -> tuple[str, ...]:
    """The texts of a lock's stages, each a lock of its own, for callers that read many locks.

    Most stages are the same from one commit to the next, and YAML takes long to read. A text
    that has another layout than DVC's is returned in one piece.
    """
    blocks = stage_blocks(text)
    if (
        blocks is None
        or not blocks[0].startswith("schema:")
        or blocks[0].count("\n") != _HEAD_LINES
    ):
        return (text,)
    head, stages = blocks
    if any("&" in stage for stage in stages):
        return (text,)
    return tuple(head + stage for stage in stages)


def stage_blocks(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The text of each stage as it is in the file, and what is before the first.

    Comments above a stage belong to it.

    Args:
        text: The text of a lock, with the line ends of Unix.

    Returns:
        The head with the line ``stages:``, and the stages; None for another layout than DVC's.
    """
    head, separator, body = text.partition("\nstages:\n")
    starts = [match.start() for match in _STAGE_START.finditer(body)]
    if not separator or not starts or starts[0] or re.search(r"^[^ \n#]", body, re.MULTILINE):
        return None
    ends = [*starts[1:], len(body)]
    stages = (body[start:end] for start, end in zip(starts, ends, strict=True))
    return head + separator, tuple(stages)


_STAGE_START = re.compile(r"^(?: *#.*\n)*  [^\s#]", re.MULTILINE)
_HEAD_LINES = 2


def command(cmd: Any) -> str:
    """The shell command of a stage, which may be a list of them."""
    return " && ".join(map(str, cmd)) if isinstance(cmd, list) else str(cmd)


def commands(cmd: Any) -> tuple[str, ...]:
    """The shell commands of a stage that has a list of them; empty for another one.

    For DVC, a list is another command than a text that joins its items.
    """
    return tuple(map(str, cmd)) if isinstance(cmd, list) else ()


def _values(params: Mapping[str, Any] | None) -> dict[str, Any]:
    files = (_mapping(values) for values in (params or {}).values())
    return {str(name): value for values in files for name, value in values.items()}


def _entry(stage: str, values: Mapping[str, Any]) -> LockEntry:
    return LockEntry(
        stage=stage,
        cmd=command(values.get("cmd", "")),
        commands=commands(values.get("cmd")),
        deps=tuple(hashed(values.get("deps"))),
        outs=tuple(hashed(values.get("outs"))),
        params=_mapping(values.get("params")),
        legacy=any(
            "md5" in item and "hash" not in item
            for key in ("deps", "outs")
            for item in map(_mapping, values.get(key) or ())
        ),
    )


def hashed(listed: Any) -> Iterator[HashedPath]:
    """Files and folders with an MD5 in a list of DVC's; in cloud storage, they have another hash.

    Args:
        listed: The list, such as ``outs`` of a stage.
    """
    for item in map(_mapping, listed if isinstance(listed, list) else ()):
        path, md5 = item.get("path"), item.get("md5")
        if path is not None and md5 is not None:
            yield HashedPath(
                str(path), str(md5), _integer(item.get("size")) or 0, _integer(item.get("nfiles"))
            )


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
