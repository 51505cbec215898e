"""What differs between two executions, in words that terminal and page share."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.record import committed, measured
from stagebook.record.comparison import Comparison, File, StageComparison, differ
from stagebook.record.history import Values
from stagebook.record.sides import Kind, Side
from stagebook.record.sweep import Sweep
from stagebook.report import metric_words
from stagebook.report.figures import counted, plain
from stagebook.report.lineage_words import moment, short

LONGEST = 60
"""Characters of a value."""

MARK = "*"
"""What stands at an execution of other code than the newest of a sweep."""

_NONE = "–"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that differs.

    Attributes:
        name: What it is.
        before: What it was.
        now: What it is.
        change: How far it moved; empty where that says nothing.
    """

    name: str
    before: str
    now: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What differs of one kind.

    Attributes:
        title: The kind.
        lines: Each thing.
    """

    title: str
    lines: tuple[Line, ...]


def groups(one: StageComparison) -> tuple[Group, ...]:
    """All that is known to differ of a stage, kind by kind."""
    found = (
        Group("outcome", tuple(_outcome(one))),
        Group("parameters", tuple(_values(one.parameters))),
        Group("metrics", tuple(_metrics(one.measured))),
        Group("data read", tuple(_files(one.reads))),
        Group("data written", tuple(_files(one.writes))),
        Group("code", tuple(_code(one))),
        Group("packages", tuple(_values(one.changes.packages) if one.changes else ())),
    )
    return tuple(group for group in found if group.lines)


def gist(one: StageComparison) -> str:
    """What differs of a stage, in one sentence."""
    if one.before is None or one.now is None:
        return "only before" if one.now is None else "only now"
    counts = (
        ("parameter", len(one.parameters)),
        ("metric", len(one.measured)),
        ("input", len(one.reads)),
        ("output", len(one.writes)),
        ("cell", one.changes.cells if one.changes else 0),
        ("module", len(one.changes.modules) if one.changes else 0),
        ("package", len(one.changes.packages) if one.changes else 0),
    )
    words = [counted(count, noun) for noun, count in counts if count]
    if one.ended[0] != one.ended[1]:
        words.insert(0, f"{one.ended[1]}, was {one.ended[0]}")
    if one.changes and one.changes.code and not (one.changes.cells or one.changes.modules):
        words.append("code")
    return ", ".join(words) or "nothing differs"


def side(one: Side) -> str:
    """What a side is, on one line."""
    when = _stamp(one.name) if one.kind is Kind.BUILD else ""
    return plain(f"{one.label}, {moment(when)}" if when else one.label)


def brief(one: Side) -> str:
    """The same with the end of its id, for where the whole is at hand."""
    return side(one) if one.kind is Kind.COMMIT else side(one).replace(*_id_and_end(one.name))


def end(name: str) -> str:
    """The end of an execution's id, which the commands take in its place."""
    return plain(name.rpartition("-")[2])


def shortened(text: str, record: Values) -> str:
    """A sentence about an execution with the end of its id."""
    return plain(text).replace(*_id_and_end(str(record["volatile"]["id"])))


def _id_and_end(name: str) -> tuple[str, str]:
    return plain(name), end(name)


def order(found: Sweep) -> str:
    """What comes first in a sweep: ``highest auc first``."""
    if found.order is None:
        return "newest first"
    name = plain(found.order.metric, LONGEST)
    way = "highest" if found.order.highest_first else "lowest"
    if found.order.higher_is_better is None:
        return f"{way} {name} first"
    return f"best {name} first (the {way}, by its gate)"


def code_marked(found: Sweep) -> str:
    """What the mark at some executions of a sweep means; empty where there is none."""
    others = sum(one.other_code for one in found.trials)
    if not others:
        return ""
    verb = "is" if others == 1 else "are"
    return (
        f"{MARK} {others} of {len(found.trials)} {verb} of other code or packages than the newest"
    )


def shared(found: Sweep) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What does not differ in a sweep: of each kind a title, and names with values."""
    same = "same " if len(found.trials) > 1 else ""
    kinds = (
        ("parameters", found.shared.parameters, exact),
        ("metrics", found.shared.metrics, value),
    )
    for title, values, word in kinds:
        if values:
            told = (f"{plain(name, LONGEST)} {word(one)}" for name, one in values.items())
            yield f"{same}{title}", tuple(told)
    if commit := one_commit(found):
        yield f"{same}commit", (commit,)


def execution(record: Values | None, *, commit: bool = True) -> str:
    """Which execution it was, on one line.

    Args:
        record: Its record; None if there is none.
        commit: Whether to name the commit that it was executed from.
    """
    if record is None:
        return "not there"
    if committed.is_locked(record):
        return f"as commit {_commit(record)} has it: no execution is remembered here"
    parts = [moment(started(record))]
    parts += [] if record.get("build", True) else ["a trial"]
    if commit and (named := _commit(record)):
        parts.append(f"commit {named}")
    parts += [str(record["outcome"])] if record["outcome"] != "done" else []
    return plain(", ".join(parts))


def _commit(record: Values) -> str:
    git = record.get("git") or {}
    if not git.get("commit"):
        return ""
    return short(str(git["commit"])) + (", changed" if git.get("dirty") else "")


def one_commit(found: Sweep) -> str:
    """The commit that all executions of a sweep are from; empty if they are from several."""
    commits = {_commit(one.record) for one in found.trials}
    (commit,) = commits if len(commits) == 1 else ("",)
    return plain(commit) if commit else ""


def notes(found: Comparison) -> Iterator[str]:
    """What else a reader has to know."""
    if found.elsewhere:
        names = ", ".join(map(plain, found.elsewhere))
        what = "They are told by dvc.lock and by the metrics files that the commits have."
        what = what if len(found.elsewhere) > 1 else what.replace("They are", "It is")
        yield f"Executed where no record of it is here: {names}. {what}"
    if found.before.kind is not found.now.kind and not all(one.remembered for one in found.stages):
        yield "Whether its code and packages are those of the execution is not known."
    if found.before.name == found.now.name:
        yield "Both sides are the same."


def value(one: Any) -> str:
    """A value of a parameter or a metric on one line."""
    return _NONE if one is None else plain(metric_words.shown(one), LONGEST)


def started(record: Values) -> str:
    """When it was started, ISO 8601; of one that was killed before, when it was prepared."""
    volatile = record["volatile"]
    return str(volatile.get("started") or _stamp(str(volatile["id"])))


def _stamp(name: str) -> str:
    found = measured.moment(name)
    return f"{found}Z" if found else ""


def _outcome(one: StageComparison) -> Iterator[Line]:
    if one.ended[0] != one.ended[1]:
        before, now = (plain(word) if word else _NONE for word in one.ended)
        yield Line("ended", before, now)


def _values(pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[Line]:
    for name, (before, now) in pairs.items():
        yield Line(plain(name, LONGEST), exact(before), exact(now))


def exact(one: Any) -> str:
    """A value as it was given: a text that could be taken for another value has quotes."""
    if one is None:
        return _NONE
    quoted = isinstance(one, str) and (one in ("", "None", "True", "False") or _is_json(one))
    return plain(repr(one) if quoted else str(one), LONGEST)


def _is_json(text: str) -> bool:
    try:
        json.loads(text[: 2 * LONGEST])
    except (ValueError, RecursionError):
        return False
    return True


def _metrics(pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[Line]:
    for name, (before, now) in pairs.items():
        change = metric_words.change(now, before)
        moved = change.words if change.up is not None else _kinds(before, now)
        yield Line(plain(name, LONGEST), value(before), value(now), moved)


def _kinds(before: Any, now: Any) -> str:
    """What to say of two values of which one is not a number."""
    if before is None or now is None:
        return "new" if before is None else "gone"
    if type(before) is not type(now) and differ(value(before), value(now)):
        names = {"str": "a text", "bool": "true or false", "int": "a number", "float": "a number"}
        old, new = (names.get(type(one).__name__, "") for one in (before, now))
        return f"was {old}" if old != new else ""
    return ""


def _files(pairs: Mapping[str, tuple[File | None, File | None]]) -> Iterator[Line]:
    for path, (before, now) in pairs.items():
        rows = [one.rows if one else None for one in (before, now)]
        moved = ""
        if isinstance(rows[0], int) and isinstance(rows[1], int):
            difference = rows[1] - rows[0]
            noun = "row" if abs(difference) == 1 else "rows"
            moved = f"{difference:+,} {noun}".replace("-", "−") if difference else "as many rows"
        yield Line(plain(path), _file(before), _file(now), moved)


def _file(one: File | None) -> str:
    if one is None:
        return _NONE
    rows = f", {counted(one.rows, 'row')}" if isinstance(one.rows, int) else ""
    return f"{short(plain(one.md5))}{rows}"


def _other(one: StageComparison) -> Line:
    """That the code differs, where it is not known which."""
    if one.remembered:
        return Line("notebook", "", "other code")
    return Line("stage", "", "other code, packages or command")


def _code(one: StageComparison) -> Iterator[Line]:
    changes = one.changes
    if changes is None:
        return
    if changes.cells:
        yield Line("notebook", "", counted(changes.cells, "cell") + " new or other")
    elif changes.code and not changes.modules:
        yield _other(one)
    yield from (Line(plain(name), "", "changed") for name in changes.modules)
