"""The text of ``dvc.yaml``: read, and rendered with the stages of ours in it."""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from stagebook.errors import Exit, Problem, StagebookError, Where
from stagebook.pipeline.change import Change
from stagebook.pipeline.stage import Stage

FILE = "dvc.yaml"
LOCK = "dvc.lock"
_MARK = "stagebook"
_ABSENT = object()
_PATH_LISTS = ("outs", "metrics", "plots")


@dataclass(frozen=True, slots=True)
class DvcFile:
    """What a ``dvc.yaml`` holds, as far as Stagebook looks at it.

    Attributes:
        ours: Names of the stages that bear our mark.
        written: Paths that the other stages write, each with its stage's name.
        handwritten: Names of the other stages.
    """

    ours: frozenset[str]
    handwritten: frozenset[str]
    written: Mapping[str, str]


def parse(text: str) -> DvcFile:
    """What the text of a ``dvc.yaml`` holds.

    Raises:
        StagebookError: It is no YAML, or ``stages`` is no mapping.
    """
    stages = _load(text).get("stages") or {}
    ours = frozenset(name for name, entry in stages.items() if _is_ours(entry))
    written = {
        path: str(name)
        for name, entry in stages.items()
        if name not in ours
        for path in _written(entry)
    }
    return DvcFile(ours, frozenset(stages) - ours, written)


def render(stages: Iterable[Stage], text: str) -> str:
    """The text with these stages of ours in it, and no others of ours.

    Comments, hand-written stages, keys that Stagebook does not set (``desc``, ``frozen``) and
    options on outputs stay as they are. A text that is right already comes back unchanged.

    Args:
        stages: All stages of ours.
        text: The present text; empty where there is no file yet.

    Raises:
        StagebookError: A hand-written stage has the name of one of ours.
    """
    wanted = {stage.name: stage for stage in stages}
    there = parse(text)
    _refuse_taken(wanted.values(), there)
    for name in there.ours - wanted.keys():
        text = _without(name, text)
    document = _load(text)
    present = document.get("stages")
    if not isinstance(present, CommentedMap):
        if not wanted:
            return _without("stages", text, top=True) if "stages" in document else text
        present = document["stages"] = CommentedMap()
    changed = [_put(present, name, stage) for name, stage in wanted.items()]
    return _dump(document, text) if any(changed) else text


def all_written(text: str) -> tuple[str, ...]:
    """Every path that some stage in the text writes, ours or not."""
    stages = _load(text).get("stages") or {}
    return tuple(path for entry in stages.values() for path in _written(entry))


def agrees(stage: Stage, text: str) -> bool:
    """Whether the text has this one stage of ours as it is to be."""
    document = _load(text)
    return stage.name in document.get("stages", ()) and not _put(
        document["stages"], stage.name, stage
    )


def require_in_sync(changes: Iterable[Change]) -> None:
    """Raises a StagebookError where ``dvc.yaml`` is among the files that need a change."""
    if any(change.path == FILE for change in changes):
        raise StagebookError(
            Problem(
                "out-of-sync",
                "dvc.yaml does not fit the notebooks any more.",
                "Run: stagebook sync   then build again: dvc repro",
                Where(FILE),
            ),
            exit_code=Exit.OUT_OF_SYNC,
        )


def _refuse_taken(stages: Iterable[Stage], there: DvcFile) -> None:
    problems = [
        Problem(
            "stage-taken",
            f"dvc.yaml has a hand-written stage `{stage.name}`, as the notebook's would be called.",
            f"Rename the notebook, or the stage in {FILE}.",
            Where(stage.notebook or FILE),
        )
        for stage in stages
        if stage.name in there.handwritten
    ]
    if problems:
        raise StagebookError(*problems)


def _without(key: str, text: str, *, top: bool = False) -> str:
    """The text without one stage, or one top-level key; comments that stand after it are kept."""
    lines = text.splitlines(keepends=True)
    document = _load(text)
    start, indent = (document if top else document["stages"]).lc.key(key)
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > indent):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    return "".join([*lines[:start], *lines[end:]])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _put(present: CommentedMap, name: str, stage: Stage) -> bool:
    """Makes the entry of one stage right; tells whether it had to change anything."""
    changed = name not in present
    if changed:
        present[name] = CommentedMap()
    entry = present[name]
    wanted = _entry(stage)
    for position, (key, value) in enumerate(wanted.items()):
        if value and key not in entry:
            after = [list(entry).index(one) for one in list(wanted)[:position] if one in entry]
            entry.insert(max(after, default=-1) + 1, key, CommentedMap() if key == "meta" else None)
        if key in _PATH_LISTS or key in ("deps", "params"):
            changed |= _put_list(entry, key, value)
        elif key == "meta":
            meta = entry["meta"]
            changed |= meta.get(_MARK) != value[_MARK]
            meta.update(value)
        elif entry.get(key) != value:
            entry[key] = value
            changed = True
    return changed


def _put_list(entry: CommentedMap, key: str, wanted: list[Any]) -> bool:
    """Makes a list hold the wanted items in any order; those that are there keep their options."""
    present = entry.get(key)
    if not wanted:
        return entry.pop(key, _ABSENT) is not _ABSENT
    if not isinstance(present, CommentedSeq):
        entry[key] = CommentedSeq(wanted)
        return True
    by_key = {_item_key(item): item for item in wanted}
    stale = [
        position
        for position, item in enumerate(present)
        if _item_key(item) not in by_key or (key == "params" and item != by_key[_item_key(item)])
    ]
    for position in reversed(stale):
        del present[position]
    there = {_item_key(item) for item in present}
    missing = [item for name, item in by_key.items() if name not in there]
    present.extend(missing)
    return bool(stale or missing)


def _item_key(item: Any) -> str:
    return str(next(iter(item))) if isinstance(item, Mapping) else str(item)


def _entry(stage: Stage) -> dict[str, Any]:
    """The entry as plain values, in the order in which DVC's documentation writes them."""
    return {
        "cmd": stage.cmd,
        "deps": list(stage.deps),
        "params": [{file: list(keys) or None} for file, keys in stage.params],
        "outs": list(stage.outs),
        "metrics": [{path: {"cache": False}} for path in stage.metrics],
        "plots": list(stage.plots),
        "meta": {_MARK: stage.notebook or stage.name},
    }


def _is_ours(entry: Any) -> bool:
    meta = entry.get("meta") if isinstance(entry, Mapping) else None
    return isinstance(meta, Mapping) and _MARK in meta


def _written(entry: Any) -> Iterator[str]:
    if isinstance(entry, Mapping):
        for key in _PATH_LISTS:
            for item in entry.get(key) or ():
                yield _item_key(item)


def _yaml(text: str) -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # never folds a long command
    indented = re.search(r"^( +)\S.*:\n\1 +- ", text, re.MULTILINE) or not text.strip()
    yaml.indent(mapping=2, sequence=4 if indented else 2, offset=2 if indented else 0)
    return yaml


def _load(text: str) -> CommentedMap:
    try:
        document = _yaml(text).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise StagebookError(
            Problem(
                "bad-yaml",
                f"It is no YAML: {error.problem}.",
                "",
                Where(FILE, line=mark.line + 1 if mark else None),
            )
        ) from None
    if document is None:
        return CommentedMap()
    stages = document.get("stages") if isinstance(document, Mapping) else ()
    if not isinstance(document, CommentedMap) or not isinstance(stages, Mapping | None):
        raise StagebookError(
            Problem("bad-dvc-yaml", "It has no mapping `stages`.", "", Where(FILE))
        )
    return document


def _dump(document: CommentedMap, text: str) -> str:
    stream = io.StringIO()
    _yaml(text).dump(document, stream)
    return stream.getvalue()


def read(root: Path) -> str:
    """The text of a project's ``dvc.yaml``; empty where there is none."""
    try:
        return (root / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
