"""Queries for a trace, resolved from a path, a hash or the id of an execution."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from stagebook.history.lineage.graph import Entity, TraceQuery
from stagebook.history.lineage.ledger import Ledger
from stagebook.project.errors import Problem, StagebookError, did_you_mean
from stagebook.project.files import digest
from stagebook.project.settings import Settings
from stagebook.project.settings.stage_names import stage_name

SHORTEST = 6
"""Minimum number of digits of a hash."""
_HASH = re.compile(rf"[0-9a-f]{{{SHORTEST},64}}(\.dir)?")
_SHOWN = 5


def by_path(ledger: Ledger, what: str, folder: Path) -> TraceQuery | None:
    """The query for a path; None if nothing is known of it.

    Args:
        ledger: What is known.
        what: The path: as seen from ``folder``, or from the project's root.
        folder: The person's current folder.
    """
    root = ledger.project.root
    relative = os.path.relpath(os.path.normpath(folder.resolve() / what), root)
    for path in dict.fromkeys((Path(relative).as_posix(), os.path.normpath(what))):
        if not path.startswith(("..", "/")):
            query = _ProjectPath(ledger, path).query(what)
            if query:
                return query
    return None


class _ProjectPath:
    """One path of the project: its present content and what is known of it."""

    def __init__(self, ledger: Ledger, path: str) -> None:
        self.ledger, self.path = ledger, path
        self.file = ledger.project.root / path
        self.in_lock = next((file for file in ledger.lock.files() if file.path == path), None)

    def query(self, what: str) -> TraceQuery | None:
        entity = self._entity()
        if entity is None:
            return self._below(what)
        return TraceQuery(what, "path", (entity,), notes=tuple(self._notes(entity)))

    def _entity(self) -> Entity | None:
        now = self._now()
        if now and self._is_known(now):
            return now
        if self.in_lock:
            return Entity(self.path, self.in_lock.md5)
        if inside := self._inside():
            return inside
        if self.ledger.at is None:
            if past := next(self.ledger.contents(self.path), None):
                return past
            if tracked := self.ledger.tracked(self.path):
                md5 = tracked[1].md5 if tracked[1] else now and now.md5
                return Entity(self.path, md5) if md5 else None
        return None

    def _now(self) -> Entity | None:
        """The file in the tree; None if it is missing, or another commit is asked about."""
        if self.ledger.at is not None or not self.file.is_file():
            return None
        return Entity(self.path, digest(self.file, "md5"))

    def _is_known(self, now: Entity) -> bool:
        if self.in_lock and self.in_lock.md5 == now.md5:
            return True
        return now in self.ledger.contents(self.path) or any(self.ledger.folders_of(now))

    def _inside(self) -> Entity | None:
        """The file as part of a folder that the lock or older builds know."""
        for parent in list(Path(self.path).parents)[:-1]:
            below = Path(self.path).relative_to(parent).as_posix()
            for folder in self.ledger.contents(parent.as_posix()):
                if md5 := self.ledger.listed(folder).get(below):
                    return Entity(self.path, md5)
        return None

    def _below(self, what: str) -> TraceQuery | None:
        """All outputs in a folder that no stage wrote as a whole."""
        start = "" if self.path == "." else f"{self.path}/"
        entries = self.ledger.lock.entries.values()
        outs = [file for entry in entries for file in entry.outs if file.path.startswith(start)]
        entities = tuple(Entity(file.path, file.md5) for file in outs)
        return TraceQuery(what, "path", entities) if entities else None

    def _notes(self, entity: Entity) -> Iterator[str]:
        if self.ledger.at is not None:
            return
        now = self._now()
        if now is not None and now != entity:
            yield (
                f"{self.path} changed after a stage wrote it: its hash is now {now.md5}; this "
                f"trace is of {entity.md5}."
            )
        elif now is not None and self.in_lock and self.in_lock.md5 != now.md5:
            yield (
                f"{self.path} differs from dvc.lock, which has the hash {self.in_lock.md5}; this "
                f"trace is of its current content, {now.md5}."
            )
        elif not self.file.exists():
            holder = "dvc.lock" if self.in_lock else "an older build"
            yield f"{self.path} is missing; this trace is of {entity.md5}, its hash in {holder}."
        elif entity.is_folder and (changed := self._changed(entity)):
            yield (
                f"{self.path} changed after a stage wrote it, for example {changed}; this trace "
                f"is of {entity.md5}."
            )

    def _changed(self, folder: Entity) -> str | None:
        """A file of a folder that has changed; None if all are as they were."""
        for below, md5 in self.ledger.listed(folder).items():
            file = self.file / below
            if not file.is_file():
                return f"{below}, which is missing"
            if digest(file, "md5") != md5:
                return below
        return None


def by_hash(ledger: Ledger, what: str) -> TraceQuery | None:
    """The query for files, an execution or a source by hash or name; None if it is unknown.

    Raises:
        StagebookError: The digits fit more than one.
    """
    names = ledger.history.named(what)
    if len(names) == 1:
        return TraceQuery(what, "record", makings=names)
    digits = what.lower()
    if not _HASH.fullmatch(digits):
        _require_unique(what, names)
        return None
    here, recorded = ledger.at_hand_starting(digits), ledger.history.starting(digits)
    matches = {*here, *recorded, *ledger.locks.starting(digits)}
    files = [Entity(*item) for item in sorted(matches)]
    sources = ledger.history.sources(digits)
    _require_unique(what, (*{file.md5 for file in files}, *sources, *names))
    if files:
        return TraceQuery(what, "hash", tuple(files))
    if sources:
        return _by_source(ledger, what, sources[0])
    return None


def _by_source(ledger: Ledger, what: str, source: str) -> TraceQuery:
    names = ledger.history.of_source(source)
    more = f"{len(names)} executions had this source; this is the newest successful one."
    return TraceQuery(what, "source", makings=names[:1], notes=(more,) if len(names) > 1 else ())


def _require_unique(what: str, candidates: Iterable[str]) -> None:
    listed = sorted(candidates)
    if len(listed) > 1:
        shown = ", ".join(listed[:_SHOWN]) + (", …" if len(listed) > _SHOWN else "")
        message = f"`{what}` is ambiguous; {len(listed)} match: {shown}."
        raise StagebookError(Problem("ambiguous-trace", message, "Give more characters."))


def unknown(ledger: Ledger, what: str, reason: str = "") -> StagebookError:
    """The error for a name that is unknown.

    Args:
        ledger: What is known.
        what: The name.
        reason: Why it was not found, if that helps.
    """
    where = f"not in the dvc.lock of {ledger.at}" if ledger.at else "unknown"
    message = f"`{what}` is {where}.{f' {reason}' if reason else ''}"
    paths = {item.path for item in ledger.lock.files()}
    if ledger.at is None:
        paths |= ledger.history.paths() | ledger.locks.paths()
    otherwise = (
        "Give a file that a stage reads or writes, at least six digits of a hash, the id of an "
        "execution or of an MLflow run, or models:/name/version."
    )
    hint = _of_stage(ledger, what) or did_you_mean(what, paths, otherwise)
    return StagebookError(Problem("unknown-trace", message, hint))


def _of_stage(ledger: Ledger, what: str) -> str:
    """What to trace instead of a stage, its notebook, its values or its page; may be empty."""
    settings, path = ledger.project.settings, Path(what)
    if path.parent.name not in ("", *(Path(folder).name for folder in _folders(settings))):
        return ""
    stage = stage_name(re.sub(r"(@.*|\.(ipynb|py|yaml|html))$", "", path.name))
    entry = ledger.lock.entries.get(stage)
    if entry is None or not entry.outs:
        return ""
    wrote = entry.outs[0].path
    return f"Trace an output of the stage {stage}, such as {wrote}, or run: stagebook log {stage}"


def _folders(settings: Settings) -> tuple[str, str, str]:
    return settings.notebooks, settings.params, settings.runs
