"""The verbs for a table, in a project or not."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.data.contracts.verdict import ContractVerdict
from stagebook.data.profiles.profile import Profile
from stagebook.project.masks import Masks

if TYPE_CHECKING:
    from stagebook.data.drift.drift import Drift
    from stagebook.data.drift.reference import Reference
    from stagebook.data.drift.spans import RowCount, Span


def check(root: Path, path: str, contract: str, folders: tuple[Path, ...]) -> ContractVerdict:
    """Checks a table against a contract, outside any pipeline.

    Args:
        root: What the path is relative to.
        path: The table.
        contract: Where its schema is imported from, as ``module:Name``.
        folders: Absolute folders to import it from, in order.
    """
    sys.path[:0] = map(str, folders)
    from stagebook.data.contracts import check
    from stagebook.data.contracts.contract import Contract
    from stagebook.data.tables import table

    loaded = Contract.load(contract, folders)
    return Masks.here().hide_all(check.check(table.Table.open(root, path), loaded))


def draft(root: Path, path: str) -> str:
    """The text of a contract that a table satisfies, for a person to read and tighten."""
    from stagebook.data.contracts import draft
    from stagebook.data.tables import table

    return draft.draft(table.Table.open(root, path))


def profile(root: Path, path: str, against: str | None) -> tuple[Profile, Profile | None]:
    """The profile of a table, and the one to compare it with, whose grids it uses."""
    from stagebook.data.profiles import profiling
    from stagebook.data.tables import table

    then = reference(root, against).profile if against else None
    return Masks.here().hide_all((profiling.profile(table.Table.open(root, path), then), then))


def reference(
    root: Path,
    path: str,
    time: str | None = None,
    by: "Span | RowCount | None" = None,
    batch: str | None = None,
) -> "Reference":
    """What batches are compared with; a table with a time column comes with its blocks."""
    from stagebook.data.drift.reference import open_reference

    return open_reference(root, path, time, by, batch)


def merged(root: Path, paths: Sequence[str]) -> Profile:
    """The profile of all rows of several tables or profiles, over the grids of the first."""
    from stagebook.data.drift.reference import open_batch
    from stagebook.data.profiles.merge import merge

    first = reference(root, paths[0])
    others = (open_batch(root, path, first) for path in paths[1:])
    return Masks.here().hide_all(merge([first.profile, *others]))


def drift(root: Path, reference: "Reference", path: str) -> "Drift":
    """How a batch differs from its reference."""
    from stagebook.data.drift.drift import drift
    from stagebook.data.drift.reference import open_batch

    return Masks.here().hide_all(drift(reference, open_batch(root, path, reference)))
