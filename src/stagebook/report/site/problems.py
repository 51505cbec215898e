"""The end of an execution in words, as its record has it: an error, or broken contracts."""

from collections.abc import Iterable, Iterator

from stagebook.data.contracts.verdict import RuleFailure
from stagebook.history.project_status import StageStatus
from stagebook.project.errors import Where
from stagebook.project.text import plain
from stagebook.record.record import RecordedTable
from stagebook.report.article.article import Listing

LONGEST = 300
"""Characters of an error that are shown."""

_RULES = 20


def refused(tables: Iterable[RecordedTable]) -> Iterator[Listing]:
    """A list of the broken rules for each table that breaks its contract.

    Args:
        tables: The tables that do.
    """
    for table in tables:
        path = ", ".join(f"`{plain(file)}`" for file in table.paths)
        role = "reads" if table.is_input else "wrote"
        head = (
            f"The contract `{plain(table.contract or '')}` refuses {path}, which the stage {role}"
        )
        yield Listing(head, tuple(rules(table)))


def unexecuted(stage: StageStatus) -> str:
    """Why a failed stage has no executed notebook, if its record says; else empty."""
    if not stage.is_input_refused:
        return ""
    return "The stage has no executed notebook, because its input was refused before the execution."


def rules(table: RecordedTable) -> Iterator[str]:
    """The rules of its contract that a table breaks; else why it could not be checked."""
    yield from (plain(_with_rows(failure), LONGEST) for failure in table.failures[:_RULES])
    if len(table.failures) > _RULES:
        yield f"and {len(table.failures) - _RULES:,} more"
    yield from (plain(problem.message, LONGEST) for problem in table.problems)


def _with_rows(failure: RuleFailure) -> str:
    """A broken rule with its counts and rows."""
    problem = failure.problem(Where(""))
    return f"{problem.message} {problem.hint}".strip()


def short(failure: RuleFailure) -> str:
    """A broken rule in a few words."""
    column = f"{failure.column}: " if failure.column else ""
    return f"{column}{failure.rule or failure.code}"
