"""The text of ``dvc.yaml``: read, and rendered with our stages in it."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from stagebook.pipeline import yaml_block
from stagebook.pipeline.change import FileChange
from stagebook.pipeline.stage import Stage
from stagebook.project.errors import Exit, Problem, StagebookError, Where

FILE = "dvc.yaml"
LOCK = "dvc.lock"
_MARK = "stagebook"
_WRITTEN = ("outs", "metrics", "plots")
_LISTS = ("deps", "params", *_WRITTEN)


@dataclass(frozen=True, slots=True)
class DvcFile:
    """What a ``dvc.yaml`` holds, as far as Stagebook reads it.

    Attributes:
        ours: Names of the stages that have our mark.
        written: Paths that the other stages write, each with its stage's name.
        handwritten: Names of the other stages.
        templated: Whether only DVC can say what those write, since some come from ``foreach`` or
            ``matrix``, or have variables in their paths.
    """

    ours: frozenset[str]
    handwritten: frozenset[str]
    written: Mapping[str, str]
    templated: bool = False


def parse(text: str) -> DvcFile:
    """What the text of a ``dvc.yaml`` holds.

    Raises:
        StagebookError: It is not valid YAML, or ``stages`` is not a mapping.
    """
    return _of_stages(stages(text))


def depends_on(text: str, paths: Iterable[str]) -> bool:
    """Whether some stage names one of these paths as a dependency, in the way that sync writes.

    It looks at lines and parses nothing, since a large ``dvc.yaml`` takes a second. It does not
    recognise paths that another way of writing YAML hides, and folders that contain a dependency.

    Args:
        text: The text of a ``dvc.yaml``.
        paths: The paths.
    """
    lines = {f"- {path}" for path in paths}
    inside = False
    for line in map(str.strip, text.splitlines() if lines else ()):
        inside = line == "deps:" or (inside and line.startswith("- "))
        if inside and line in lines:
            return True
    return False


def _of_stages(stages: Mapping[str, Any]) -> DvcFile:
    ours = frozenset(name for name, entry in stages.items() if _is_ours(entry))
    written = {
        path: str(name)
        for name, entry in stages.items()
        if name not in ours
        for path in _written(entry)
    }
    others = (entry for name, entry in stages.items() if name not in ours)
    templated = any("${" in path for path in written) or any(map(_is_repeated, others))
    return DvcFile(ours, frozenset(stages) - ours, written, templated)


def render(stages: Iterable[Stage], text: str) -> str:
    """The text with these Stagebook stages, and no other Stagebook stages.

    Comments, hand-written stages, keys that Stagebook does not set (``desc``, ``frozen``) and
    options on outputs stay as they are. A text that needs no change is returned unchanged.

    Args:
        stages: All Stagebook stages.
        text: The present text; an empty text if the file does not exist.

    Raises:
        StagebookError: A hand-written stage has the name of a Stagebook stage.
    """
    wanted = {stage.name: stage for stage in stages}
    present = document(text).get("stages") or {}
    current = _of_stages(present)
    _refuse_taken(wanted.values(), current)
    merged = {
        name: entry
        for name, entry in present.items()
        if name in current.handwritten | wanted.keys()
    }
    merged |= {name: _merged(stage, present.get(name)) for name, stage in wanted.items()}
    if merged == present:
        return text
    after = {**document(text), "stages": merged}
    if not merged:
        del after["stages"]
    from stagebook.pipeline import yaml_edit

    return yaml_edit.edit(text, after, FILE)


@lru_cache(maxsize=16)  # sync, history and lineage ask about the same text
def document(text: str) -> Mapping[str, Any]:
    """The text as plain values, which no caller changes.

    Raises:
        StagebookError: It is not valid YAML, or ``stages`` is not a mapping.
    """
    from stagebook.pipeline import yaml_text  # imports ruamel.yaml, which takes long

    quick = yaml_block.read(text)
    loaded = quick if quick is not None else yaml_text.load(text, FILE, plain=True)
    if loaded is None:
        return {}
    entries = loaded.get("stages") if isinstance(loaded, Mapping) else ()
    if not isinstance(loaded, Mapping) or not isinstance(entries, Mapping | None):
        raise StagebookError(
            Problem("bad-dvc-yaml", "The file has no mapping `stages`.", "", Where(FILE))
        )
    return loaded


def stages(text: str) -> Mapping[str, Any]:
    """The stages in the text by name, as plain values.

    Raises:
        StagebookError: It is not valid YAML, or ``stages`` is not a mapping.
    """
    return document(text).get("stages") or {}


def all_written(text: str) -> tuple[str, ...]:
    """Every path that some stage in the text writes, ours or not."""
    return tuple(path for entry in stages(text).values() for path in _written(entry))


def require_in_sync(changes: Iterable[FileChange]) -> None:
    """Raises a StagebookError if ``dvc.yaml`` is among the files that need a change."""
    if any(change.path == FILE for change in changes):
        raise StagebookError(
            Problem(
                "out-of-sync",
                "The file no longer matches the notebooks.",
                "Run: stagebook sync   then build again: dvc repro",
                Where(FILE),
            ),
            exit_code=Exit.OUT_OF_SYNC,
        )


def _refuse_taken(stages: Iterable[Stage], current: DvcFile) -> None:
    problems = [
        Problem(
            "stage-taken",
            f"dvc.yaml has a hand-written stage `{stage.name}`, the name of the notebook's stage.",
            f"Rename the notebook, or the stage in {FILE}.",
            Where(stage.notebook or FILE),
        )
        for stage in stages
        if stage.name in current.handwritten
    ]
    if problems:
        raise StagebookError(*problems)


def _merged(stage: Stage, present: Any) -> dict[str, Any]:
    """The entry of a stage: what it must hold, and what else the present entry holds."""
    existing: Mapping[str, Any] = present if isinstance(present, Mapping) else {}
    wanted = _entry(stage)
    merged: dict[str, Any] = {}
    for key in [*wanted, *(key for key in existing if key not in wanted)]:
        if key == "meta":
            merged[key] = {**existing.get(key, {}), **wanted[key]}
        elif key in _LISTS:
            merged[key] = _merged_list(key, existing.get(key), wanted[key])
        else:
            merged[key] = wanted.get(key, existing.get(key))
    return {key: value for key, value in merged.items() if value or key not in wanted}


def _merged_list(key: str, present: Any, wanted: list[Any]) -> list[Any]:
    """The wanted items; present ones keep their order and options, new ones follow."""
    by_key = {_item_key(item): item for item in wanted}
    kept = [
        item
        for item in (present if isinstance(present, list) else ())
        if _item_key(item) in by_key and (key != "params" or item == by_key[_item_key(item)])
    ]
    names = {_item_key(item) for item in kept}
    return [*kept, *(item for name, item in by_key.items() if name not in names)]


def _item_key(item: Any) -> str:
    return str(next(iter(item), "")) if isinstance(item, Mapping) else str(item)


_KEPT = {"cache": False, "persist": True}


def _entry(stage: Stage) -> dict[str, Any]:
    """The entry as plain values, in the order in which DVC's documentation writes them."""
    return {
        "cmd": stage.cmd,
        "deps": list(stage.deps),
        "params": [{file: list(keys) or None} for file, keys in stage.params],
        "outs": [
            *stage.outs,
            *({path: dict(_KEPT)} for path in stage.marks),
            *({path: {"persist": True}} for path in stage.carried),
        ],
        "metrics": [{path: {"cache": False}} for path in stage.metrics],
        "plots": list(stage.plots),
        **({"always_changed": True} if stage.always else {}),
        "meta": {_MARK: _verbatim(stage.notebook or stage.name)},
    }


def _verbatim(text: str) -> str:
    """A text in which DVC replaces no variable."""
    return text.replace("${", r"\${")


def _is_ours(entry: Any) -> bool:
    meta = entry.get("meta") if isinstance(entry, Mapping) else None
    return isinstance(meta, Mapping) and _MARK in meta


def _is_repeated(entry: Any) -> bool:
    return isinstance(entry, Mapping) and not entry.keys().isdisjoint(("foreach", "matrix"))


def _written(entry: Any) -> Iterator[str]:
    if isinstance(entry, Mapping):
        folder = str(entry.get("wdir", ""))
        for key in _WRITTEN:
            for path in filter(None, map(_item_key, entry.get(key) or ())):
                yield posixpath.normpath(posixpath.join(folder, path))


def read(root: Path) -> str:
    """The text of a project's ``dvc.yaml``, with its own line ends; empty if it is missing."""
    try:
        with (root / FILE).open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
