"""Merges two versions of a ``dvc.lock`` stage by stage, as git merges a file line by line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from stagebook.pipeline import yaml_block
from stagebook.pipeline.lock import stage_blocks
from stagebook.pipeline.stage import SITE_COMMAND, SOURCES_COMMAND
from stagebook.project.errors import StagebookError

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class ConflictMarkers:
    """How a conflict is marked.

    Attributes:
        ours: The name of the version that is merged into.
        theirs: The name of the version that is merged.
        size: The length of a marker, in characters.
    """

    ours: str = "ours"
    theirs: str = "theirs"
    size: int = 7

    def around(self, ours: str, theirs: str) -> str:
        """The text of a conflict between two texts of whole lines."""
        start = f"{'<' * self.size} {self.ours}\n"
        end = f"{'>' * self.size} {self.theirs}\n"
        return f"{start}{_ended(ours)}{'=' * self.size}\n{_ended(theirs)}{end}"


@dataclass(frozen=True, slots=True)
class MergedLock:
    """The result of a merge.

    Attributes:
        text: The merged text, with a conflict around each stage in ``conflicts``.
        conflicts: The stages that both sides built, with other results.
    """

    text: str
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _StageText:
    """A stage as a text, and the values in it.

    Attributes:
        comments: The comments above it.
        text: Its other lines.
        values: Its values.
    """

    comments: str
    text: str
    values: Any

    @property
    def whole(self) -> str:
        """Its text with the comments."""
        return self.comments + self.text


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of a lock."""

    head: str
    stages: Mapping[str, _StageText]


class _OtherLayoutError(Exception):
    """A text is not laid out as DVC does, so it cannot be merged by stages."""


def merge(
    base: str, ours: str, theirs: str, markers: ConflictMarkers | None = None
) -> MergedLock | None:
    """A lock with the changes of two sides.

    A stage that one side built is that side's. A stage that one side removed is removed. The
    stages ``sources`` and ``site``, which the next build runs in any case, never conflict.

    Args:
        base: The text that both sides started from; empty if there was none.
        ours: The text of the side that is merged into.
        theirs: The text of the other side.
        markers: How to mark conflicts; by default, as git does.

    Returns:
        The result; None if a text has another layout than DVC's, so that lines must be merged.
    """
    end = "\r\n" if "\r\n" in ours else "\n"
    try:
        versions = _parse_base(_unix(base)), _parse(_unix(ours)), _parse(_unix(theirs))
        head = _pick(*(version.head for version in versions))
        schemas = {_schema(version.head) for version in versions[1:] if version.head}
        if not head or len(schemas) > 1:
            return None
        merged = _merge_stages(*versions, head, markers or ConflictMarkers())
    except _OtherLayoutError:
        return None
    return MergedLock(merged.text.replace("\n", end), merged.conflicts)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _schema(head: str) -> tuple[str, ...]:
    """The lines above the stages, without comments."""
    return tuple(line for line in head.splitlines() if not line.startswith("#"))


_CONFLICT = re.compile(r"^<{7,}(?: .*)?\n(?:.*\n)*?>{7,}(?: .*)?\n", re.MULTILINE)


def _parse_base(text: str) -> _Version:
    """The version that both sides started from, as far as it is known.

    If the sides have several last common commits, git merges these first, perhaps with conflicts.
    """
    try:
        return _parse(_CONFLICT.sub("", text))
    except _OtherLayoutError:
        return _Version("", {})


def _parse(text: str) -> _Version:
    if not text.strip():
        return _Version("", {})
    blocks = stage_blocks(text)
    if blocks is None:
        raise _OtherLayoutError
    head, texts = blocks
    stages = {}
    for stage in texts:
        values = _load(f"stages:\n{stage}")
        if len(values) != 1:
            raise _OtherLayoutError
        (name,) = values
        if str(name) in stages:
            raise _OtherLayoutError
        start = stage.index(_first_line(stage))
        stages[str(name)] = _StageText(stage[:start], _ended(stage[start:]), values[name])
    return _Version(head, stages)


def _load(text: str) -> Mapping[Any, Any]:
    """The stages in a piece of a lock."""
    document = yaml_block.read(text)
    if document is None:
        from stagebook.pipeline import yaml_text  # imports ruamel.yaml, which takes long

        try:
            document = yaml_text.load(text, "dvc.lock", plain=True)
        except StagebookError as error:
            raise _OtherLayoutError from error
    stages = document.get("stages") if isinstance(document, dict) else None
    if not isinstance(stages, dict):
        raise _OtherLayoutError
    return stages


def _first_line(text: str) -> str:
    """The first line of a stage that is no comment."""
    return next(line for line in text.splitlines(keepends=True) if line.strip(" ")[0] != "#")


def _ended(text: str) -> str:
    """A text whose last line, if it has one, has an end."""
    return text if not text or text.endswith("\n") else f"{text}\n"


def _pick(base: _Item, ours: _Item, theirs: _Item) -> _Item | None:
    """What both sides agree on, or what only one of them changed; None if both changed it.

    An empty head is that of a missing file.
    """
    if ours == theirs or theirs == base or not theirs:
        return ours
    return theirs if ours == base or not ours else None


def _merge_stages(
    base: _Version, ours: _Version, theirs: _Version, head: str, markers: ConflictMarkers
) -> MergedLock:
    texts, values, conflicts = [], {}, []
    for name in _order(list(ours.stages), list(theirs.stages)):
        sides = (base.stages.get(name), ours.stages.get(name), theirs.stages.get(name))
        stage = _merge_stage(*sides)
        if isinstance(stage, _StageText):
            texts.append(_comments(*sides) + stage.text)
            values[name] = stage.values
        elif stage is not None:
            texts.append(markers.around(*stage))
            conflicts.append(name)
    text = head + "".join(texts)
    if not texts:
        text = head.replace("\nstages:\n", "\nstages: {}\n")
    elif not conflicts and _load(text[text.index("\nstages:\n") + 1 :]) != values:
        raise _OtherLayoutError  # such as an anchor in a stage that is gone
    return MergedLock(text, tuple(conflicts))


def _merge_stage(
    base: _StageText | None, ours: _StageText | None, theirs: _StageText | None
) -> _StageText | tuple[str, str] | None:
    """One stage of the merged lock, the two texts of a conflict, or None if it is removed."""
    before, one, other = (side.values if side else None for side in (base, ours, theirs))
    if other in (one, before):
        return ours
    if one == before:
        return theirs
    if ours is None or theirs is None:
        return None  # removed by one side, built by the other
    command = one.get("cmd") if isinstance(one, dict) else None
    if command == SOURCES_COMMAND:
        return _merge_files(base, ours, theirs)
    return ours if command == SITE_COMMAND else (ours.whole, theirs.whole)


def _comments(*sides: _StageText | None) -> str:
    """The merged comments above a stage; those of our side if both changed them."""
    base, ours, theirs = (side.comments if side else "" for side in sides)
    return theirs if ours == base else ours


def _merge_files(base: _StageText | None, ours: _StageText, theirs: _StageText) -> _StageText:
    """The stage ``sources``, whose outputs are independent of each other, file by file.

    A file that both sides changed is that of our side; the next build writes it again.
    """
    head, files = _files(ours.text)
    _, theirs_files = _files(theirs.text)
    _, base_files = _files(base.text) if base else ("", {})
    if not files or not theirs_files:
        return ours
    merged = {}
    for path in sorted({*files, *theirs_files}):
        before, one, other = (each.get(path) for each in (base_files, files, theirs_files))
        if (text := other if one == before else one) is not None:
            merged[path] = text
    text = head + "".join(merged.values())
    return _StageText("", text, next(iter(_load(f"stages:\n{text}").values())))


_FILE_START = re.compile(r"^    - path: (.*)$", re.MULTILINE)


def _files(text: str) -> tuple[str, dict[str, str]]:
    """The lines of a stage before its outputs, and the text of each; none in another layout."""
    head, separator, body = text.partition("\n    outs:\n")
    starts = list(_FILE_START.finditer(body))
    if not starts or starts[0].start() or re.search(r"^ {0,4}[^ \n-]", body, re.MULTILINE):
        return text, {}
    ends = [*(match.start() for match in starts[1:]), len(body)]
    files = {match[1]: body[match.start() : end] for match, end in zip(starts, ends, strict=True)}
    return head + separator, files


def _order(ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The names of both, in our order; each that is only theirs comes after its predecessor."""
    names, known = list(ours), set(ours)
    for place, name in enumerate(theirs):
        if name not in known:
            after = names.index(theirs[place - 1]) + 1 if place else 0
            names.insert(after, name)
            known.add(name)
    return names
