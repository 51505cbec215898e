"""The verbs for a table, in a project or outside of any."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.contracts.checks.verdict import Verdict
from stagebook.contracts.profiles.profile import Profile

if TYPE_CHECKING:
    from stagebook.contracts.drift.drift import Drift
    from stagebook.contracts.drift.reference import Reference


def check(root: Path, path: str, contract: str, folders: tuple[Path, ...]) -> Verdict:
    """Holds a table against a contract, outside any pipeline.

    Args:
        root: What the path is relative to.
        path: The table.
        contract: Where its schema is imported from, as ``module:Name``.
        folders: Absolute folders to import it from, in order.
    """
    sys.path[:0] = map(str, folders)
    from stagebook.contracts.checks import check
    from stagebook.contracts.checks.contract import Contract
    from stagebook.contracts.tables import table

    held = Contract.load(contract, folders)
    return check.check(table.Table.open(root, path), held)


def draft(root: Path, path: str) -> str:
    """The text of a contract that a table keeps, to be read and made stricter by a person."""
    from stagebook.contracts.checks import draft
    from stagebook.contracts.tables import table

    return draft.draft(table.Table.open(root, path))


def profile(root: Path, path: str, against: str | None) -> tuple[Profile, Profile | None]:
    """The profile of a table, and the one to compare it with, over whose grids it is made."""
    from stagebook.contracts.profiles import profiling
    from stagebook.contracts.tables import table

    then = reference(root, against, None, None).profile if against else None
    return profiling.profile(table.Table.open(root, path), then), then


def reference(root: Path, path: str, time: str | None, by: str | None) -> "Reference":
    """What batches are compared with, with its blocks of time if it is a table that has time."""
    from stagebook.contracts.drift.reference import open_reference
    from stagebook.contracts.drift.timeblocks import Span

    return open_reference(root, path, time, Span(by) if by else None)


def drift(root: Path, held: "Reference", path: str) -> "Drift":
    """How a batch differs from its reference."""
    from stagebook.contracts.drift.drift import drift
    from stagebook.contracts.drift.reference import open_batch

    return drift(held, open_batch(root, path, held))
