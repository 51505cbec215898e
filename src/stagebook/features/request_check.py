"""The rows to join against the schemas of the request sources."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stagebook.features import columns, schema_types, spine
from stagebook.features.checks import as_schema
from stagebook.features.definitions import RequestSource
from stagebook.features.resolution import Resolution
from stagebook.project.errors import Problem, StagebookError, Where

if TYPE_CHECKING:
    import pandas as pd

_HINT = "Correct these rows, or the schema of the request source."


def require(resolution: Resolution, rows: "pd.DataFrame") -> None:
    """Raises a StagebookError with all that is wrong with the request columns of some rows.

    Args:
        resolution: The service.
        rows: The spine.
    """
    spine.require_columns(resolution, rows)
    problems: list[Problem] = []
    try:
        spine.instants(resolution, rows)
    except StagebookError as error:
        problems += error.problems
    checked = {resolution.instant} if problems else set[str]()
    for source, names in owners(resolution):
        own = [name for name in names if name not in checked]
        problems += _broken(source, own, resolution.service, rows)
    if problems:
        raise StagebookError(*problems)


def owners(resolution: Resolution) -> Iterator[tuple[RequestSource, list[str]]]:
    """The request sources with the request columns that each one's schema is the first to have."""
    taken: set[str] = set()
    for source in resolution.sources:
        known = as_schema(source.schema).columns
        names = [name for name in resolution.request if name in known and name not in taken]
        taken.update(names)
        if names:
            yield source, names


def schema_columns(resolution: Resolution) -> dict[str, Any]:
    """The column of a pandera schema for each request column that a request source describes."""
    return {
        name: as_schema(source.schema).columns[name]
        for source, names in owners(resolution)
        for name in names
    }


def _broken(
    source: RequestSource, names: list[str], service: str, rows: "pd.DataFrame"
) -> Iterator[Problem]:
    """The rules of a source's schema that some columns break."""
    from stagebook.data.contracts.check import check_frame
    from stagebook.data.contracts.contract import Contract

    if not names:
        return
    schema = _selected(source, names, rows)
    verdict = check_frame(rows[names], Contract(source.name, schema), source.name)
    for failure in verdict.failures:
        problem = failure.problem(source.where or Where(source.name))
        message = (
            f"The rows for the feature service `{service}` break the schema of the request source "
            f"`{source.name}`: {problem.message}"
        )
        yield replace(problem, message=message, hint=problem.hint or _HINT, where=source.where)


def _selected(source: RequestSource, names: list[str], rows: "pd.DataFrame") -> Any:
    """The part of a source's schema about some columns, with the types that these do not fit.

    Rules of whole rows may use any column: they hold only if all columns are there.
    """
    from stagebook.data.contracts.contract import Contract

    schema = as_schema(source.schema)
    contract = Contract(source.name, schema)
    types = contract.fixed_types(names)
    changes = {}
    for name in names:
        fits = name not in types or _fits(rows[name], name, types[name], contract)
        dtype = None if fits else schema.dtype or schema.columns[name].dtype
        changes[name] = {"dtype": dtype, "coerce": False}  # the features get the values as they are
    is_whole = len(names) == len(schema.columns)
    return type(schema)(
        {name: schema.columns[name] for name in names},
        checks=schema.checks if is_whole else None,
        unique=schema.unique if is_whole else None,
    ).update_columns(changes)


def _fits(column: "pd.Series", name: str, type_: Any, contract: Any) -> bool:
    """Whether a column is of the kind of a type, as for the tables of feature views."""
    try:
        values = columns.plain(columns.from_pandas(column, name, "the rows", None))
    except StagebookError:
        return False
    return schema_types.fits(values, type_, may_be_missing=contract.allows_missing(name))
