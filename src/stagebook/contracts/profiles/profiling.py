"""The profile of a table, counted by DuckDB."""

from collections.abc import Mapping

import duckdb

from stagebook.contracts.profiles.column import Booleans, Column, Detail, Kind, Numbers
from stagebook.contracts.profiles.counting import numbers
from stagebook.contracts.profiles.grid import Grid
from stagebook.contracts.profiles.kinds import scale_of
from stagebook.contracts.profiles.parquet_rows import Rows, Source
from stagebook.contracts.profiles.profile import Profile
from stagebook.contracts.profiles.sample import sampled
from stagebook.contracts.profiles.session import session
from stagebook.contracts.profiles.texts import texts
from stagebook.contracts.tables.table import Table
from stagebook.errors import Problem, StagebookError, Where


def profile(table: Table, reference: Profile | None = None, threads: int = 2) -> Profile:
    """The profile of a table: the same to the byte for the same rows, however they are stored.

    Args:
        table: The table.
        reference: A profile to compare with. Its grids are taken over, for columns of the same
            kind; the others get their own.
        threads: How many DuckDB may use.

    Raises:
        StagebookError: DuckDB cannot read the table (``no-profile``).
    """
    if not table.columns.names:
        return Profile((), table.rows or 0)
    try:
        with session(threads) as (connection, folder):
            rows = Rows.of(connection, folder, table)
            grids = _grids(rows, reference)
            columns = (
                _column(chunk, source, grids) for chunk in rows.chunks() for source in chunk.sources
            )
            return Profile(tuple(columns), rows.count)
    except duckdb.Error as error:
        raise _unreadable(table, error) from error


def _grids(rows: Rows, reference: Profile | None) -> Mapping[str, Grid]:
    numeric = [one for one in rows.sources if one.kind in (Kind.NUMBER, Kind.TIME)]
    grids = {one.name: grid for one in numeric if (grid := _known(one, reference))}
    fresh = [one for one in numeric if one.name not in grids]
    for source, values in sampled(rows, fresh):
        scale = scale_of(source.type)
        assert scale
        grids[source.name] = Grid.of(values, scale)
    return grids


def _known(source: Source, reference: Profile | None) -> Grid | None:
    """The reference's grid of a column, if both hold the same sort of values."""
    column = reference.column(source.name) if reference else None
    if column is None or column.kind is not source.kind or not isinstance(column.detail, Numbers):
        return None
    instants = [
        type_.startswith(("date", "timestamp")) for type_ in (column.type, str(source.type))
    ]
    return column.detail.grid if instants[0] == instants[1] else None


def _column(rows: Rows, source: Source, grids: Mapping[str, Grid]) -> Column:
    present, detail = _counted(rows, source, grids)
    nulls = rows.count - present
    return Column(source.name, str(source.type), source.kind, rows.count, nulls, detail)


def _counted(rows: Rows, source: Source, grids: Mapping[str, Grid]) -> tuple[int, Detail]:
    """How many values are not null, and the rest of what there is to say."""
    if source.kind in (Kind.NUMBER, Kind.TIME):
        return numbers(rows, source, grids[source.name])
    if source.kind is Kind.TEXT:
        return texts(rows, source)
    if source.kind is Kind.BOOLEAN:
        true_ones = f"count(*) filter (where {source.column})"
        query = f"select count({source.column}), {true_ones} from {rows.scan}"
        ((present, true),) = rows.ask(query)
        return present, Booleans(true, present - true)
    ((present,),) = rows.ask(f"select count({source.column}) from {rows.scan}")
    return present, None


def _unreadable(table: Table, error: duckdb.Error) -> StagebookError:
    said = str(error).splitlines()[0]
    hint = "Read the file and write it anew, or leave the column out that is named."
    return StagebookError(
        Problem("no-profile", f"DuckDB cannot read it: {said}", hint, Where(table.path))
    )
