"""Whether the outputs of each stage are current, and if not, by which changes."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from stagebook.history.history import History
from stagebook.history.tree import Tree
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.pipeline.nodes import Node, makers_of
from stagebook.pipeline.stage import SITE, SOURCES, is_source, stage_of_source
from stagebook.project.masks import Masks
from stagebook.project.project import Project
from stagebook.record.unstarted import Unstarted

_LONGEST = 40


class CauseKind(Enum):
    """What changed since a stage was built."""

    FAILED = "failed"
    NEVER_BUILT = "never built"
    PARAMETER = "parameter"
    CODE = "code"
    COMMAND = "command"
    FILE = "file"
    OUTPUT = "output"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Cause:
    """One change since the outputs of a stage were built.

    Attributes:
        kind: What kind of thing changed.
        what: The stage that failed or whose code changed, the parameter, or the path.
        detail: What it was and is, or which part changed; empty if unknown.
        file: The params file of a parameter.
    """

    kind: CauseKind
    what: str
    detail: str = ""
    file: str = ""

    @property
    def words(self) -> str:
        """The change in a few words."""
        more = f" ({self.detail})" if self.detail else ""
        match self.kind:
            case CauseKind.FAILED:
                return f"{self.what} failed"
            case CauseKind.NEVER_BUILT:
                return f"{self.what} was never built"
            case CauseKind.PARAMETER:
                return f"{self.what} {self.detail} in {self.file}"
            case CauseKind.CODE:
                return f"code of {self.what} changed{more}"
            case CauseKind.COMMAND:
                return f"command of {self.what} changed"
            case CauseKind.FILE:
                return f"{self.what} changed"
            case CauseKind.OUTPUT:
                return f"{self.what} differs from dvc.lock{more}"
            case CauseKind.UNREADABLE:
                return f"{self.what} cannot be read{more}"

    @property
    def is_output(self) -> bool:
        """Whether only the output itself changed."""
        return self.kind is CauseKind.OUTPUT

    def as_json(self) -> dict[str, Any]:
        """This cause as plain values."""
        return {"kind": self.kind.value, "what": self.what, "words": self.words}


Causes = tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Staleness:
    """Which stages of a project are stale.

    Attributes:
        causes: The changes by which each is stale; no entry for one that is current.
        is_known: Whether files were compared with ``dvc.lock``, which needs DVC.
    """

    causes: Mapping[str, Causes] = field(default_factory=dict)
    is_known: bool = True

    def of(self, stage: str) -> Causes:
        """The changes by which a stage is stale; empty for one that is current."""
        return self.causes.get(stage, ())

    @property
    def edited(self) -> tuple[str, ...]:
        """The outputs that differ from ``dvc.lock``."""
        causes = (item for cause in self.causes.values() for item in cause)
        return tuple(dict.fromkeys(cause.what for cause in causes if cause.is_output))


def read(project: Project, history: History, nodes: Iterable[Node], lock: Lock) -> Staleness:
    """Which stages of a project are stale; secrets in the changes are masked.

    Args:
        project: The project.
        history: Its records.
        nodes: The stages of ``dvc.yaml``.
        lock: What ``dvc.lock`` says.
    """
    # Sources are computed from the notebooks; the site shows the stages and is not one of them.
    nodes = tuple(node for node in nodes if node.notebook or node.name not in (SOURCES, SITE))
    entries = [lock.entries[node.name] for node in nodes if node.name in lock.entries]
    tree = Tree.read(project, entries, (file for node in nodes for file in node.params))
    unstarted = Unstarted.read(project.state, project.root, nodes)
    failed = {*history.failing(), *([unstarted.stage] if unstarted else [])}
    masks = Masks.of(os.environ)
    by_stage = judge(nodes, lock, tree, failed)
    causes = {name: masks.hide_all(causes) for name, causes in by_stage.items()}
    return Staleness(causes, tree.is_hashed)


def judge(
    nodes: Iterable[Node], lock: Lock, tree: Tree, failed: Collection[str]
) -> dict[str, Causes]:
    """The changes by which each stage is stale; no entry for one that is current.

    A stage that was never built has no entry: it has no outputs that could be stale.

    Args:
        nodes: The stages of ``dvc.yaml``.
        lock: What ``dvc.lock`` says.
        tree: What the tree has now.
        failed: Stages whose last execution failed.
    """
    nodes = tuple(nodes)
    judgement = _Judgement(nodes, lock, tree, failed)
    by_stage = {node.name: judgement.causes(node) for node in nodes}
    unbuilt = {node.name for node in nodes if node.name not in lock.entries}
    return {name: causes for name, causes in by_stage.items() if causes and name not in unbuilt}


def never_built(nodes: Iterable[Node], lock: Lock) -> tuple[str, ...]:
    """The stages that ``dvc.lock`` does not have, ours and hand-written ones.

    DVC writes every stage there that succeeded. A frozen stage is never built.

    Args:
        nodes: The stages of ``dvc.yaml``.
        lock: What ``dvc.lock`` says.
    """
    # The site is built last, and shows the others.
    others = (node for node in nodes if node.notebook or node.name not in (SOURCES, SITE))
    return tuple(node.name for node in others if not node.frozen and node.name not in lock.entries)


def is_unbuilt(node: Node, lock: Lock) -> bool:
    """Whether a stage has no outputs yet.

    A stage without outputs or notebook may run after the site, which does not wait for it.
    """
    expected = node.notebook or (bool(node.outs) and not node.frozen)
    return expected and node.name not in lock.entries


def lacks_outputs(node: Node, lock: Lock, absent: Collection[str]) -> bool:
    """Whether an output of a stage that was built is among the absent paths."""
    return node.name in lock.entries and any(path in absent for path in node.outs)


class _Judgement:
    """Judges stages by themselves and by those before them, each once."""

    def __init__(
        self, nodes: tuple[Node, ...], lock: Lock, tree: Tree, failed: Collection[str]
    ) -> None:
        self._lock, self._tree, self._failed = lock, tree, failed
        self._makers = makers_of(nodes)
        self._outs = {out.path: out.md5 for entry in lock.entries.values() for out in entry.outs}
        self._causes: dict[str, Causes] = {}

    def causes(self, node: Node) -> Causes:
        if node.name not in self._causes:
            self._causes[node.name] = ()  # a cycle, which DVC refuses, ends here
            before = dict.fromkeys(self._before(node))
            own = dict.fromkeys(self._own(node, bool(before)))
            self._causes[node.name] = tuple(before | own)
        return self._causes[node.name]

    def _before(self, node: Node) -> Iterator[Cause]:
        """The changes of the stages whose outputs this one reads."""
        if node.frozen:
            return
        for maker in self._makers[node.name]:
            for cause in self.causes(maker):
                edited = cause.kind is CauseKind.OUTPUT and cause.what in maker.outs
                if not edited or cause.what in node.deps:
                    yield cause

    def _own(self, node: Node, is_downstream: bool) -> Iterator[Cause]:
        entry = self._lock.entries.get(node.name)
        if node.name in self._failed and not self._is_intact(entry):
            yield Cause(CauseKind.FAILED, node.name)
        elif entry is None:
            yield Cause(CauseKind.NEVER_BUILT, node.name)
        if entry is None:
            return
        if not node.frozen:
            now, then = (node.cmd, node.commands), (entry.cmd, entry.commands)
            if node.cmd and entry.cmd and now != then:
                yield Cause(CauseKind.COMMAND, node.name)
            yield from self._parameters(node, entry)
            yield from self._read(entry, is_downstream)
        for out in entry.outs:
            if self._tree.hashes.get(out.path) not in (None, out.md5):
                yield Cause(CauseKind.OUTPUT, out.path, self._tree.unreadable.get(out.path, ""))

    def _is_intact(self, entry: LockEntry | None) -> bool:
        """Whether all outputs of a stage are there, as ``dvc.lock`` has them."""
        outs = entry.outs if entry is not None else ()
        return bool(outs) and all(self._tree.hashes.get(out.path) == out.md5 for out in outs)

    def _read(self, entry: LockEntry, is_downstream: bool) -> Iterator[Cause]:
        """The files that differ from what the stage read."""
        for dep in entry.deps:
            now = self._tree.hashes.get(dep.path) or self._outs.get(dep.path, dep.md5)
            if now == dep.md5:
                continue
            if is_source(dep.path):
                stage = stage_of_source(dep.path)
                detail = ", ".join(self._tree.code.get((stage, dep.md5), ()))
                yield Cause(CauseKind.CODE, stage, detail)
            elif not (is_downstream and dep.path in self._outs):  # its maker has the cause
                yield Cause(CauseKind.FILE, dep.path)

    def _parameters(self, node: Node, entry: LockEntry) -> Iterator[Cause]:
        recorded = entry.params or {}
        for file, is_whole in {**dict.fromkeys(recorded, False), **node.params}.items():
            then, now = recorded.get(file) or {}, self._tree.params.get(file)
            if file in self._tree.unreadable:
                yield Cause(CauseKind.UNREADABLE, file, self._tree.unreadable[file])
            if now is None or not isinstance(then, Mapping):
                continue
            names = {**then, **now} if is_whole else then
            for name in names:
                was, value = (_value(item, name) for item in (then, now))
                if was != value and str(was) != str(value):
                    detail = f"{_shown(was)} → {_shown(value)}"
                    yield Cause(CauseKind.PARAMETER, name, detail, file)


_NOTHING = object()


def _value(values: Mapping[str, Any], name: str) -> Any:
    """The value of a key, which may be a path of keys with dots between."""
    value: Any = values
    if name in values:
        return values[name]
    for part in name.split("."):
        value = value.get(part, _NOTHING) if isinstance(value, Mapping) else _NOTHING
    return value


def _shown(value: Any) -> str:
    if value is _NOTHING:
        return "not set"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
