"""What ``dvc.lock`` says: which inputs each stage's outputs were made from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from stagebook.pipeline import yaml_text
from stagebook.pipeline.dvc import Hashed
from stagebook.pipeline.dvc_file import LOCK


@dataclass(frozen=True, slots=True)
class Entry:
    """One stage, as it was when it ran last.

    Attributes:
        stage: DVC's name of the stage; of one with ``foreach`` or ``matrix``, ``name@item``.
        cmd: The shell command.
        deps: What it read.
        outs: What it wrote: outputs, metrics and plots.
        params: Of each params file, the values that the stage depends on.
    """

    stage: str
    cmd: str = ""
    deps: tuple[Hashed, ...] = ()
    outs: tuple[Hashed, ...] = ()
    params: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """All stages of a ``dvc.lock``.

    Attributes:
        entries: Each stage by its name.
    """

    entries: Mapping[str, Entry]

    def maker(self, path: str, md5: str | None = None) -> Entry | None:
        """The stage that wrote a path, and, if a hash is given, with this content."""
        for entry, out in self.writers(path):
            if out.path == path and md5 in (None, out.md5):
                return entry
        return None

    def writers(self, path: str) -> Iterator[tuple[Entry, Hashed]]:
        """Each stage that wrote a path, a folder that holds it or a file in it, and that output."""
        for entry in self.entries.values():
            for out in entry.outs:
                inside = path.startswith(f"{out.path}/") or out.path.startswith(f"{path}/")
                if out.path == path or inside:
                    yield entry, out

    def files(self) -> Iterator[Hashed]:
        """Every file and folder in it, whatever reads or writes it."""
        for entry in self.entries.values():
            yield from entry.outs
            yield from entry.deps


def read(root: Path) -> Lock:
    """The ``dvc.lock`` in a folder; one without stages if there is none.

    Raises:
        StagebookError: It is no YAML, as where a merge left its marks.
    """
    return parse(text(root))


def text(root: Path) -> str:
    """The text of the ``dvc.lock`` in a folder; empty if there is none."""
    try:
        return (root / LOCK).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def tracked(root: Path, path: str) -> tuple[str, Hashed | None] | None:
    """The ``.dvc`` file by which DVC tracks a file outside of any stage, and what it says.

    Args:
        root: The project's root.
        path: The file or folder; it may lie in a folder that is tracked.

    Returns:
        The path of the ``.dvc`` file, and the content that it names for exactly this path; None
        if DVC does not track it so.
    """
    for near in (PurePosixPath(path), *PurePosixPath(path).parents[:-1]):
        file = f"{near}.dvc"
        if (root / file).is_file():
            document = _mapping(yaml_text.load((root / file).read_text("utf-8"), file, plain=True))
            found = next(_hashed(document.get("outs")), None)
            return file, replace(found, path=path) if found and near.as_posix() == path else None
    return None


def parse(text: str) -> Lock:
    """What the text of a ``dvc.lock`` says.

    What is of another shape than DVC writes is left out, which is for DVC to complain about.

    Raises:
        StagebookError: It is no YAML.
    """
    document = _mapping(yaml_text.load(text, LOCK, plain=True))
    # Before DVC 2, the stages stood at the top.
    stages = _mapping(document.get("stages")) if "schema" in document else document
    return Lock({str(name): _entry(str(name), _mapping(one)) for name, one in stages.items()})


def split(text: str) -> tuple[str, ...]:
    """The texts of a lock's stages, each a lock of its own, for whoever reads many locks.

    Most stages are the same from one commit to the next, and YAML takes long to read. A text
    that is not laid out as DVC does it comes back in one piece.
    """
    head, found, body = text.partition("\nstages:\n")
    if not found or not head.startswith("schema:") or "\n" in head or "&" in body:
        return (text,)
    starts = [one.start() for one in re.finditer(r"^  [^\s#]", body, re.MULTILINE)]
    ends = [*starts[1:], len(body)]
    if not starts or starts[0] or re.search(r"^[^ \n]", body, re.MULTILINE):
        return (text,)
    return tuple(f"{head}{found}{body[start:end]}" for start, end in zip(starts, ends, strict=True))


def _entry(stage: str, values: Mapping[str, Any]) -> Entry:
    cmd = values.get("cmd", "")
    return Entry(
        stage=stage,
        cmd=" && ".join(map(str, cmd)) if isinstance(cmd, list) else str(cmd),
        deps=tuple(_hashed(values.get("deps"))),
        outs=tuple(_hashed(values.get("outs"))),
        params=_mapping(values.get("params")),
    )


def _hashed(listed: Any) -> Iterator[Hashed]:
    """Files and folders with an MD5; what lies in a cloud has another name for its content."""
    for one in map(_mapping, listed if isinstance(listed, list) else ()):
        path, md5 = one.get("path"), one.get("md5")
        if path is not None and md5 is not None:
            yield Hashed(
                str(path), str(md5), _whole(one.get("size")) or 0, _whole(one.get("nfiles"))
            )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
