"""Executions, sides and sweeps that are compared, in words that terminal and page share."""

import json
from collections.abc import Iterator
from typing import Any

from stagebook.history import committed, measured
from stagebook.history.comparison import Comparison, StageComparison
from stagebook.history.sides import ComparisonSide, SideKind
from stagebook.history.sweep import Sweep
from stagebook.project.text import counted, plain
from stagebook.record.record import Record
from stagebook.report import metric_words
from stagebook.report.lineage_words import moment, short

LONGEST = 60
"""Characters of a value."""

MARK = "*"
"""The mark of an execution of other code than the newest of a sweep."""

NONE = "–"
"""Shown for a missing value."""


def gist(stage: StageComparison) -> str:
    """What differs of a stage, in one sentence."""
    if stage.before is None or stage.now is None:
        return "only before" if stage.now is None else "only now"
    counts = (
        ("parameter", len(stage.parameters)),
        ("metric", len(stage.measured)),
        ("input", len(stage.reads)),
        ("output", len(stage.writes)),
        ("cell", stage.changes.cells if stage.changes else 0),
        ("module", len(stage.changes.modules) if stage.changes else 0),
        ("package", len(stage.changes.packages) if stage.changes else 0),
    )
    words = [counted(count, noun) for noun, count in counts if count]
    if stage.ended[0] != stage.ended[1]:
        words.insert(0, f"{stage.ended[1]}, was {stage.ended[0]}")
    if stage.changes and stage.changes.code and not (stage.changes.cells or stage.changes.modules):
        words.append("code")
    return ", ".join(words) or "nothing differs"


def side(item: ComparisonSide) -> str:
    """What a side is, on one line."""
    when = _stamp(item.name) if item.kind is SideKind.BUILD else ""
    return plain(f"{item.label}, {moment(when)}" if when else item.label)


def brief(item: ComparisonSide) -> str:
    """The same with the end of its id, where the full id is also shown."""
    return (
        side(item) if item.kind is SideKind.COMMIT else side(item).replace(*_id_and_end(item.name))
    )


def end(name: str) -> str:
    """The end of an execution's id, which the commands take in its place."""
    return plain(name.rpartition("-")[2])


def shortened(text: str, record: Record) -> str:
    """A sentence about an execution with the end of its id."""
    return plain(text).replace(*_id_and_end(record.id))


def _id_and_end(name: str) -> tuple[str, str]:
    return plain(name), end(name)


def order(sweep: Sweep) -> str:
    """What comes first in a sweep: ``highest auc first``."""
    if sweep.order is None:
        return "newest first"
    name = plain(sweep.order.metric, LONGEST)
    way = "highest" if sweep.order.highest_first else "lowest"
    if sweep.order.higher_is_better is None:
        return f"{way} {name} first"
    return f"best {name} first (the {way}, by its gate)"


def code_marked(sweep: Sweep) -> str:
    """What the mark at some executions of a sweep means; empty without a mark."""
    others = sum(row.other_code for row in sweep.rows)
    if not others:
        return ""
    verb = "has" if others == 1 else "have"
    return f"{MARK} {others} of {len(sweep.rows)} {verb} other code or packages than the newest"


def shared(sweep: Sweep) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What does not differ in a sweep: of each kind a title, and names with values."""
    same = "same " if len(sweep.rows) > 1 else ""
    kinds = (
        ("parameters", sweep.shared.parameters, exact),
        ("metrics", sweep.shared.metrics, value),
    )
    for title, values, word in kinds:
        if values:
            texts = (f"{plain(name, LONGEST)} {word(item)}" for name, item in values.items())
            yield f"{same}{title}", tuple(texts)
    if commit := one_commit(sweep):
        yield f"{same}commit", (commit,)


def execution(record: Record | None, *, commit: bool = True) -> str:
    """Which execution it was, on one line.

    Args:
        record: Its record; None without one.
        commit: Whether to name the commit that it was executed from.
    """
    if record is None:
        return "missing"
    if committed.is_locked(record):
        return f"as in commit {_commit(record)}: this clone has no record of the execution"
    parts = [moment(started(record))]
    parts += [] if record.build else ["a trial"]
    if commit and (named := _commit(record)):
        parts.append(f"commit {named}")
    parts += [] if record.done else [record.outcome]
    return plain(", ".join(parts))


def _commit(record: Record) -> str:
    if record.git is None:
        return ""
    return short(record.git.commit) + (", changed" if record.git.dirty else "")


def one_commit(sweep: Sweep) -> str:
    """The commit that all executions of a sweep are from; empty if they are from several."""
    commits = {_commit(row.record) for row in sweep.rows}
    (commit,) = commits if len(commits) == 1 else ("",)
    return plain(commit) if commit else ""


def notes(comparison: Comparison) -> Iterator[str]:
    """What else a reader has to know."""
    if comparison.elsewhere:
        names = ", ".join(map(plain, comparison.elsewhere))
        yield (
            f"Executed elsewhere, without a record here: {names}. "
            "The values come from dvc.lock and the metrics files of the commits."
        )
    if comparison.before.kind is not comparison.now.kind and not all(
        stage.remembered for stage in comparison.stages
    ):
        yield "It is unknown whether both sides have the same code and packages."
    if comparison.before.name == comparison.now.name:
        yield "Both sides are the same."


def value(item: Any) -> str:
    """A value of a parameter or a metric on one line."""
    return NONE if item is None else plain(metric_words.shown(item), LONGEST)


def started(record: Record) -> str:
    """When it was started, ISO 8601; of one that was killed before, when it was prepared."""
    return record.volatile.started or _stamp(record.id)


def _stamp(name: str) -> str:
    time = measured.moment(name)
    return f"{time}Z" if time else ""


def exact(item: Any) -> str:
    """A value as it was given: a text that could be taken for another value has quotes."""
    if item is None:
        return NONE
    quoted = isinstance(item, str) and (item in ("", "None", "True", "False") or _is_json(item))
    return plain(repr(item) if quoted else str(item), LONGEST)


def _is_json(text: str) -> bool:
    try:
        json.loads(text[: 2 * LONGEST])
    except (ValueError, RecursionError):
        return False
    return True
