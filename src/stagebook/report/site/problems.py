"""What an execution ended with, in words, as its record has it: an error, or broken contracts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.contracts.checks.verdict import Failure
from stagebook.errors import Where
from stagebook.report.article.article import Listing
from stagebook.report.figures import plain
from stagebook.report.site.book import Stage, State

LONGEST = 300
"""Characters of an error that are shown."""

_RULES = 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """The first problem of an execution.

    Attributes:
        message: Its first line, as it came: name and message of an error, or a broken rule.
        cell: Position of the cell, as text; empty if it is of none.
    """

    message: str
    cell: str = ""

    @classmethod
    def of(cls, stage: Stage) -> "Trouble | None":
        """The first problem of a stage that failed; None if its record has none."""
        found = (stage.record or {}).get("problems") or ()
        first = found[0] if isinstance(found, list) and found else None
        if stage.state is not State.FAILED or not isinstance(first, Mapping):
            return None
        message = next(iter(str(first.get("message") or "").strip().splitlines()), "")
        where = first.get("where")
        cell = str(where["cell"]) if isinstance(where, Mapping) and where.get("cell") else ""
        return cls(message, cell) if message or cell else None


def refused(stage: Stage) -> Iterator[Listing]:
    """The tables of a stage that break their contracts, each with the rules."""
    for table in stage.tables():
        if table.get("contract") and table.get("holds") is False:
            path = ", ".join(f"`{plain(str(one))}`" for one in table.get("paths", ()))
            role = "reads" if table.get("role") == "input" else "wrote"
            head = f"The contract `{plain(str(table['contract']))}` refuses {path}, which it {role}"
            yield Listing(head, tuple(rules(table)))


def unexecuted(stage: Stage) -> str:
    """Why a failed stage has no executed notebook, as its record tells; empty if it does not."""
    record = stage.record or {}
    if stage.state is not State.FAILED or (record.get("volatile") or {}).get("cells"):
        return ""
    reads = (one for one in stage.tables() if one.get("role") == "input")
    if any(one.get("contract") and one.get("holds") is False for one in reads):
        return (
            "No kernel was started, since the stage's input is refused: "
            "there is no executed notebook."
        )
    return ""


def rules(table: Mapping[str, Any]) -> Iterator[str]:
    """What a table breaks of its contract, one rule each; else why that could not be told."""
    failures = [one for one in table.get("failures") or () if isinstance(one, Mapping)]
    yield from (plain(_told(one), LONGEST) for one in failures[:_RULES])
    if len(failures) > _RULES:
        yield f"and {len(failures) - _RULES:,} more"
    for one in table.get("problems") or ():
        if isinstance(one, Mapping):
            yield plain(str(one.get("message")), LONGEST)


def _told(failure: Mapping[str, Any]) -> str:
    """A broken rule with its counts and rows; of a record of another shape, the rule alone."""
    try:
        sample = tuple((row, value) for row, value in failure.get("sample", ()))
        problem = Failure(**{**failure, "sample": sample}).problem(Where(""))
    except (TypeError, ValueError, IndexError):
        return short(failure)
    return f"{problem.message} {problem.hint}".strip()


def short(failure: Mapping[str, Any]) -> str:
    """A broken rule in a few words."""
    column = f"{failure['column']}: " if failure.get("column") else ""
    rule = failure.get("rule") or failure.get("message") or failure.get("code") or "a rule"
    return f"{column}{rule}"
