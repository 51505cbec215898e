"""What DVC will do with each stage, judged as ``dvc repro`` does it, in the same order."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.pipeline.nodes import Node, makers_of
from stagebook.pipeline.plan import run_key
from stagebook.pipeline.plan.findings import (
    ABSENT,
    Findings,
    by_makers,
    hashes,
    in_order,
    is_remote,
    lock_path,
    shown,
    text_of,
)
from stagebook.pipeline.plan.plan import Change, PlanState, StagePlan, StaleReason
from stagebook.pipeline.plan.present import Present

_UNKNOWN = "?"


def judge(
    nodes: Iterable[Node], lock: Lock, present: Present, *, compares: bool = False
) -> tuple[StagePlan, ...]:
    """What the next ``dvc repro`` does with each stage.

    Args:
        nodes: The stages of ``dvc.yaml``.
        lock: What ``dvc.lock`` says.
        present: What the project has now.
        compares: Whether only to compare what two builds read; outputs do not count then, and an
            input that a stage writes differs because of that stage.

    Returns:
        The stages, each after those whose outputs it reads.

    Raises:
        StagebookError: Stages depend on each other in a cycle.
    """
    nodes = tuple(nodes)
    makers = makers_of(nodes)
    judgement = _Judgement(lock, present, compares=compares)
    return tuple(judgement.of(node, makers[node.name]) for node in in_order(nodes, makers))


class _Judgement:
    """Judges stages in order, and keeps what their outputs will be."""

    def __init__(self, lock: Lock, present: Present, *, compares: bool) -> None:
        self._lock, self._present, self._compares = lock, present, compares
        self._files = present.files
        self._predicted: dict[str, tuple[str, str]] = {}  # the hash, and the stage
        self._rewritten: dict[str, str] = {}  # stages that run, by what they wrote last time
        self._within: dict[str, list[str]] = {}  # predicted paths by the folders above them

    def of(self, node: Node, makers: tuple[Node, ...]) -> StagePlan:
        entry = self._lock.entries.get(node.name)
        findings = self._compare(node, entry, makers)
        state, outs = self._state(node, entry, findings)
        for path in node.outs if outs is not None else ():
            known = (outs or {}).get(path, self._present.sources.get(path, _UNKNOWN))
            self._predict(path, known, node.name)
        if outs is not None and entry is not None:
            self._rewritten.update(dict.fromkeys((out.md5 for out in entry.outs), node.name))
        after = tuple(dict.fromkeys(findings.unknown)) if state is not PlanState.FRESH else ()
        return StagePlan(
            node.name,
            state,
            tuple(self._reasons(node, state, findings)),
            after,
            tuple(maker.name for maker in makers),
            node.frozen,
            node.mark if node.notebook else "",
        )

    def _predict(self, path: str, md5: str, stage: str) -> None:
        self._predicted[path] = md5, stage
        for above in map(str, PurePosixPath(path).parents):
            self._within.setdefault(above, []).append(path)

    def _reasons(self, node: Node, state: PlanState, findings: Findings) -> Iterator[StaleReason]:
        if node.frozen:  # DVC writes the new hash to dvc.lock
            yield from (item for item in findings.outputs if item.change is Change.OUTPUT)
            return
        if state in (PlanState.FRESH, PlanState.ALWAYS):
            return
        yield from findings.changed
        if state is not PlanState.RUNNING and not _never_built(findings):
            yield from findings.outputs
        for stage in dict.fromkeys(findings.unknown):
            yield StaleReason(Change.AFTER, stage, f"after {stage}")

    def _state(
        self, node: Node, entry: LockEntry | None, findings: Findings
    ) -> tuple[PlanState, Mapping[str, str] | None]:
        """The state of a stage, and its outputs: None if they stay, empty if they are unknown."""
        if node.name in self._present.running:
            return PlanState.RUNNING, {}
        if node.frozen:
            return PlanState.FRESH, None
        if self._compares:
            return _compared(findings), None
        if node.always or not (node.deps or node.outs or node.keys):
            return PlanState.ALWAYS, {}
        if findings.changed or findings.outputs:
            restored = self._restored(node, entry, findings)
            return (PlanState.RESTORED, restored) if restored else (PlanState.STALE, {})
        return (PlanState.AFTER, {}) if findings.unknown else (PlanState.FRESH, None)

    def _compare(self, node: Node, entry: LockEntry | None, makers: tuple[Node, ...]) -> Findings:
        findings = Findings()
        if entry is None:
            words = "new stage" if self._compares else "never built"
            findings.changed.append(StaleReason(Change.NEVER_BUILT, node.name, words))
        elif (entry.cmd, entry.commands) != (node.cmd, node.commands):
            findings.changed.append(
                StaleReason(Change.COMMAND, node.name, "command changed", entry.cmd, node.cmd)
            )
        self._compare_inputs(node, entry, findings)
        for file, keys in node.keys.items():
            findings.changed.extend(self._parameters(node, entry, file, keys))
        if self._compares:
            return by_makers(findings, makers)
        # what a stage that runs has written so far says nothing
        for path in () if node.name in self._present.running else node.outs:
            findings.outputs.extend(self._output(node, entry, path, findings))
        return findings

    def _compare_inputs(self, node: Node, entry: LockEntry | None, findings: Findings) -> None:
        recorded = hashes(entry.deps) if entry else {}
        for path in node.deps:
            if is_remote(path):  # DVC asks the network
                continue
            then = recorded.get(lock_path(node, path))
            now, maker = self._now(node, path, legacy=bool(entry and entry.legacy))
            if now == _UNKNOWN:
                findings.unknown.append(maker)
            elif now is None:
                findings.changed.append(self._without_hash(path, then))
            else:
                findings.deps[path] = now
                if entry is not None and now != then:
                    words = f"{path} changed" if then else f"{path} is a new input"
                    findings.changed.append(StaleReason(Change.INPUT, path, words, then, now, path))

    def _without_hash(self, path: str, then: str | None) -> StaleReason:
        """The reason that an input is missing, or cannot be read."""
        if reason := self._files.unreadable(path):
            return _unreadable(path, reason)
        return StaleReason(Change.INPUT_MISSING, path, f"{path} is missing", then, None, path)

    def _now(self, node: Node, path: str, *, legacy: bool) -> tuple[str | None, str]:
        """The hash that a path has when the stage runs, and the stage that wrote it before."""
        if (node.name, path) in self._present.inputs:
            return self._present.inputs[node.name, path], ""
        if path in self._predicted:
            return self._predicted[path]
        for above in map(str, PurePosixPath(path).parents):
            if above in self._predicted:
                md5, maker = self._predicted[above]
                inside = self._files.listing(md5) if md5 != _UNKNOWN else None
                return (inside or {}).get(posixpath.relpath(path, above), _UNKNOWN), maker
        for within in self._within.get(path, ()):
            md5, maker = self._predicted[within]
            if md5 == _UNKNOWN or self._files.md5(within) != md5:
                return _UNKNOWN, maker
        return self._present.sources.get(path) or self._files.md5(path, legacy=legacy), ""

    def _parameters(
        self, node: Node, entry: LockEntry | None, file: str, keys: tuple[str, ...]
    ) -> Iterator[StaleReason]:
        state = self._present.params[node.name, file]
        if state.values is None:
            words = f"{file} cannot be read: {state.reason}" if state.reason else ""
            yield StaleReason(Change.UNREADABLE, file, words or f"{file} is missing", file=file)
            return
        recorded = (entry.params or {}) if entry else {}
        then = recorded.get(lock_path(node, file)) or {}
        if entry is None or not isinstance(then, Mapping):
            return
        if lock_path(node, file) not in recorded and not state.values:
            yield StaleReason(Change.PARAMETER, file, f"{file} is a new params file", file=file)
        for name in keys or tuple(dict.fromkeys((*state.values, *then))):
            was, now = then.get(name, ABSENT), state.values.get(name, ABSENT)
            if (now is ABSENT and keys) or was != now:
                words = f"{name} {shown(was)} → {shown(now)} ({file})"
                yield StaleReason(Change.PARAMETER, name, words, text_of(was), text_of(now), file)

    def _output(
        self, node: Node, entry: LockEntry | None, path: str, findings: Findings
    ) -> Iterator[StaleReason]:
        recorded = hashes(entry.outs) if entry else {}
        then, now = recorded.get(lock_path(node, path)), self._file(entry, path)
        if now is None and (reason := self._files.unreadable(path)):
            yield _unreadable(path, reason)
        elif then is None:
            if entry is not None:
                yield StaleReason(Change.OUTPUT, path, f"{path} is a new output", None, now, path)
            elif now is None:
                yield StaleReason(Change.OUTPUT_MISSING, path, f"{path} is missing", file=path)
        elif now is None:
            yield StaleReason(
                Change.OUTPUT_MISSING, path, f"output missing: {path}", then, file=path
            )
        elif now != then:
            yield StaleReason(Change.OUTPUT, path, f"output changed: {path}", then, now, path)
        elif path not in node.uncached and not self._files.is_cached(then):
            if then in self._rewritten:  # the same content comes into the cache before
                findings.unknown.append(self._rewritten[then])
                return
            words = f"output missing in DVC's cache: {path}"
            yield StaleReason(Change.OUTPUT_MISSING, path, words, then, now, path)

    def _file(self, entry: LockEntry | None, path: str) -> str | None:
        return self._files.md5(path, legacy=bool(entry and entry.legacy))

    def _restored(
        self, node: Node, entry: LockEntry | None, findings: Findings
    ) -> Mapping[str, str] | None:
        """The outputs that DVC restores instead of running the stage."""
        if findings.unknown or not self._can_restore(node, entry, findings):
            return None
        outs: Mapping[str, str] | None = hashes(entry.outs) if entry else {}
        names = {path: lock_path(node, path) for path in node.outs}
        if findings.changed or not set(names.values()) <= set(outs or ()):
            params = {
                file: self._present.params[node.name, file].values or {} for file in node.keys
            }
            key = run_key.of(node, findings.deps, params, self._files.is_executable)
            outs = self._present.restore(key)
            names = {path: posixpath.normpath(run_key.inside(node, path)) for path in node.outs}
        if not outs or not all(map(self._files.is_cached, outs.values())):
            return None
        return {path: outs[name] for path, name in names.items() if name in outs}

    def _can_restore(self, node: Node, entry: LockEntry | None, findings: Findings) -> bool:
        """Whether DVC keeps runs of such a stage in its run cache."""
        missing = (Change.INPUT_MISSING, Change.UNREADABLE)
        outputs = (item for item in findings.outputs if item.change is Change.UNREADABLE)
        if any(reason.change in missing for reason in (*findings.changed, *outputs)):
            return False
        values = [self._present.params[node.name, file].values for file in node.keys]
        complete = all(
            set(keys) <= set(self._present.params[node.name, file].values or {})
            for file, keys in node.keys.items()
        )
        return bool(
            node.cmd
            and (node.deps or node.keys)
            and node.outs
            and all(values)
            and complete
            and not node.persisted
            and not (entry and entry.legacy)
            and not any(map(is_remote, (*node.deps, *node.outs)))
        )


def _unreadable(path: str, reason: str) -> StaleReason:
    return StaleReason(Change.UNREADABLE, path, f"{path} cannot be read: {reason}", file=path)


def _compared(findings: Findings) -> PlanState:
    if findings.changed:
        return PlanState.STALE
    return PlanState.AFTER if findings.unknown else PlanState.FRESH


def _never_built(findings: Findings) -> bool:
    return any(reason.change is Change.NEVER_BUILT for reason in findings.changed)
