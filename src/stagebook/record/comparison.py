"""Two executions of a stage side by side, and all stages of two builds or commits."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.errors import Problem, StagebookError, did_you_mean
from stagebook.record import committed
from stagebook.record.changes import Changes, Pair
from stagebook.record.history import Values
from stagebook.record.sides import Kind, Side


@dataclass(frozen=True, slots=True)
class File:
    """What was read, or written, at one path.

    Attributes:
        md5: DVC's hash.
        rows: How many rows it has, if it is a table.
    """

    md5: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class StageComparison:
    """One stage on both sides.

    Attributes:
        stage: The stage.
        before: Its record on the side that it is held against; None if it is not there.
        now: Its record on the side that was asked for; likewise.
        parameters: The values that differ, by name.
        metrics: Every metric of either side, by name.
        reads: The inputs that differ, by path; None on a side that does not read it.
        writes: Likewise the outputs.
        changes: What else differs: code and packages; None if one side is not there.
    """

    stage: str
    before: Values | None
    now: Values | None
    parameters: Mapping[str, Pair]
    metrics: Mapping[str, Pair]
    reads: Mapping[str, tuple[File | None, File | None]]
    writes: Mapping[str, tuple[File | None, File | None]]
    changes: Changes | None

    @classmethod
    def between(cls, stage: str, before: Values | None, now: Values | None) -> "StageComparison":
        """What differs between two executions of a stage.

        Raises:
            StagebookError: A record is of a shape that cannot be compared.
        """
        try:
            return cls(
                stage,
                before,
                now,
                dict(_differing(_parameters(before), _parameters(now))),
                dict(_paired(_metrics(before), _metrics(now))),
                dict(_differing(_files(before, "inputs"), _files(now, "inputs"))),
                dict(_differing(_files(before, "outputs"), _files(now, "outputs"))),
                Changes.between(before, now, before) if before and now else None,
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            names = ", ".join(_id(one) for one in (before, now) if one)
            message = f"{names} cannot be compared: a record is of another shape ({error!r})."
            hint = "Compare executions of this version: stagebook log"
            raise StagebookError(Problem("bad-record", message, hint)) from None

    @property
    def measured(self) -> dict[str, Pair]:
        """The metrics that differ."""
        return {name: pair for name, pair in self.metrics.items() if differ(*pair)}

    @property
    def remembered(self) -> bool:
        """Whether it is told by executions, and not by what a commit has of them."""
        return not any(committed.is_locked(one) for one in (self.before, self.now) if one)

    @property
    def ended(self) -> tuple[str | None, str | None]:
        """How the two ended; None where there is none."""
        before, now = (str(one["outcome"]) if one else None for one in (self.before, self.now))
        return before, now

    @property
    def same(self) -> bool:
        """Whether nothing at all is known to differ."""
        changes = self.changes
        return not (
            changes is None
            or self.ended[0] != self.ended[1]
            or self.parameters
            or self.measured
            or self.reads
            or self.writes
            or changes.code
            or changes.packages
        )

    def as_json(self) -> dict[str, Any]:
        """This stage as plain values."""
        changes = self.changes
        return {
            "stage": self.stage,
            "remembered": self.remembered,
            "before": _told(self.before),
            "now": _told(self.now),
            "parameters": _pairs(self.parameters),
            "metrics": _pairs(self.measured),
            "inputs": {path: _sides(*pair) for path, pair in self.reads.items()},
            "outputs": {path: _sides(*pair) for path, pair in self.writes.items()},
            **(_code(changes) if changes else {"code": None, "packages": {}}),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides, with every stage that differs.

    Attributes:
        before: What is compared with.
        now: What was asked for.
        stages: The stages that differ; of two executions, theirs in any case.
        unchanged: Names of the stages that do not.
        elsewhere: Stages that were executed where no record of them is.
    """

    before: Side
    now: Side
    stages: tuple[StageComparison, ...]
    unchanged: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @classmethod
    def of(cls, before: Side, now: Side, stage: str | None = None) -> "Comparison":
        """What differs between two sides.

        Args:
            before: What is compared with.
            now: What was asked for.
            stage: Only this stage; None for all.

        Raises:
            StagebookError: They are executions of two stages, or have no such stage.
        """
        names = tuple(_chosen(before, now, stage))
        pairs = [(name, *_held(before, now, name)) for name in names]
        found = [StageComparison.between(*one) for one in pairs if _any_differs(*one[1:], stage)]
        asked = stage is not None or Kind.EXECUTION in (before.kind, now.kind)
        shown = tuple(one for one in found if asked or not one.same)
        unchanged = tuple(name for name in names if name not in {one.stage for one in shown})
        elsewhere = tuple(dict.fromkeys((*before.elsewhere, *now.elsewhere)))
        return cls(before, now, shown, unchanged, elsewhere)

    def as_json(self) -> dict[str, Any]:
        """This comparison as plain values, as ``docs/reference/cli.md`` describes them."""
        return {
            "before": {"kind": self.before.kind.value, "name": self.before.name},
            "now": {"kind": self.now.kind.value, "name": self.now.name},
            "stages": [one.as_json() for one in self.stages],
            "unchanged": list(self.unchanged),
            "elsewhere": list(self.elsewhere),
        }


def differ(one: Any, other: Any) -> bool:
    """Whether two values of JSON differ, also in their type; NaN is NaN."""
    return repr(one) != repr(other)


def _any_differs(before: Values | None, now: Values | None, stage: str | None) -> bool:
    return stage is not None or before is None or now is None or _id(before) != _id(now)


def _chosen(before: Side, now: Side, stage: str | None) -> Iterable[str]:
    """The stages to look at: all, that of an execution, or the one that was asked for."""
    known = dict.fromkeys((*before.executions, *now.executions))
    if before.kind is now.kind is Kind.COMMIT:  # else one side knows nothing but executions
        known |= dict.fromkeys((*before.locked, *now.locked))
    if stage is not None:
        if stage not in known:
            message = f"Neither side has an execution of a stage `{stage}`."
            hint = did_you_mean(stage, known, f"There are: {', '.join(known) or 'none'}.")
            raise StagebookError(Problem("no-executions", message, hint))
        known = {stage: None}
    ones = [side for side in (now, before) if side.kind is Kind.EXECUTION]
    stages = [next(iter(side.executions)) for side in ones]
    if len(set(stages)) > 1:
        message = f"`{stages[0]}` and `{stages[1]}` are two different stages."
        hint = f"Give two executions of one stage: stagebook log {stages[0]}"
        raise StagebookError(Problem("two-stages", message, hint))
    return [name for name in known if not stages or name == stages[0]]


def _held(before: Side, now: Side, stage: str) -> tuple[Values | None, Values | None]:
    records, locked = (
        (one.get(stage), other.get(stage))
        for one, other in ((before.executions, now.executions), (before.locked, now.locked))
    )
    return committed.held(records, locked)


def _parameters(record: Values | None) -> dict[str, Any]:
    return {one["name"]: one["value"] for one in (record or {}).get("parameters") or ()}


def _metrics(record: Values | None) -> dict[str, Any]:
    return dict((record or {}).get("metrics") or {})


def _files(record: Values | None, key: str) -> dict[str, File]:
    """What an execution read or wrote, by its path in the build."""
    record = record or {}
    rows = {
        path: one.get("rows") for one in record.get("tables") or () for path in one.get("paths", ())
    }
    found = {}
    for one in record.get(key) or ():
        path = str(one["path"])
        own = in_build(path, record)
        found[own] = File(str(one["md5"]), rows.get(path, rows.get(own)))
    return found


def in_build(path: str, record: Values) -> str:
    """An output's path as the build has it; a run with ``-P`` writes into a folder of its own.

    Args:
        path: As the record has it.
        record: The execution's record.
    """
    if record.get("build", True):
        return path
    _, found, after = path.partition(f"/{record['stage']}@")
    return after.partition("/")[2] if found else path


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, pair in _paired(before, now):
        if differ(_content(pair[0]), _content(pair[1])):
            yield name, pair


def _content(one: Any) -> Any:
    return one.md5 if isinstance(one, File) else one


def _paired(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in dict.fromkeys((*now, *before)):
        yield name, (before.get(name), now.get(name))


def _id(record: Values) -> str:
    return str(record["volatile"]["id"])


def _told(record: Values | None) -> dict[str, Any] | None:
    if record is None:
        return None
    git = record.get("git") or {}
    return {
        "id": _id(record),
        "outcome": record["outcome"],
        "build": record["build"],
        "started": record["volatile"].get("started") or None,
        "commit": git.get("commit"),
    }


def _code(changes: Changes) -> dict[str, Any]:
    told = changes.as_json()
    return {"code": told["code"], "packages": told["packages"]}


def _pairs(pairs: Mapping[str, Pair]) -> dict[str, dict[str, Any]]:
    return {name: {"before": before, "now": now} for name, (before, now) in pairs.items()}


def _sides(before: File | None, now: File | None) -> dict[str, Any]:
    return {
        side: {"md5": one.md5, "rows": one.rows} if one else None
        for side, one in (("before", before), ("now", now))
    }
