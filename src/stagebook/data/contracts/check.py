"""The check of a table against its contract."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandera.backends.utils import convert_uniquesettings

from stagebook.data.contracts import columns, fallback
from stagebook.data.contracts.contract import Contract
from stagebook.data.contracts.findings import Findings
from stagebook.data.contracts.repeats import Repeats
from stagebook.data.contracts.rules import is_by_value, rule
from stagebook.data.contracts.structure import (
    ContractColumn,
    check_index,
    check_names,
    contract_columns,
)
from stagebook.data.contracts.verdict import ContractVerdict
from stagebook.data.tables.pieces import Piece, Pieces
from stagebook.data.tables.table import HELD, Table
from stagebook.data.tables.text_copy import copied


@dataclass(frozen=True, slots=True)
class _CheckRun:
    """A table's check against its contract.

    Attributes:
        schema: The pandera schema.
        names: The table's columns.
        columns: The columns that the schema has a rule for.
        findings: The rules that the table breaks.
        untyped: Columns whose types only the contract defines.
    """

    schema: Any
    names: list[str]
    columns: tuple[ContractColumn, ...]
    findings: Findings
    untyped: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, schema: Any, names: list[str], untyped: frozenset[str] = frozenset()
    ) -> "_CheckRun":
        return cls(schema, names, contract_columns(schema, names), Findings(), untyped)

    def coerces(self, column: ContractColumn) -> bool:
        """Whether a column is cast to the contract's type, as each column of text is."""
        is_cast = column.schema.coerce or self.schema.coerce or column.name in self.untyped
        return bool(is_cast) and column.schema.dtype is not None

    def verdict(self, path: str, spec: str) -> ContractVerdict:
        order = list(dict.fromkeys([*(str(column) for column in self.schema.columns), *self.names]))
        failures = self.findings.failures(order)
        return ContractVerdict(path, spec, self.findings.rows, failures, tuple(self.findings.notes))


def check(table: Table, contract: Contract, budget: int = HELD) -> ContractVerdict:
    """The rules that a table breaks, as pandera would find them in the whole frame.

    Cells of CSV and JSON Lines are read as the contract's types; a cell that is not of its
    column's type is a failure of the type.

    Args:
        table: The table, opened with or without the contract's types.
        contract: The contract.
        budget: Bytes in memory up to which a table is checked whole. A larger one is checked in
            pieces: a rule of single values or rows piece by piece, a custom rule of a column on
            the whole column, and a custom rule of the whole table on the table if it fits in
            four times the budget, otherwise on each piece, with a note about it.

    Raises:
        StagebookError: The table cannot be read.
    """
    if table.size <= budget:
        return _verdict(table, contract, budget)
    with copied(table) as copy:
        return _verdict(copy, contract, budget)


def _verdict(table: Table, contract: Contract, budget: int) -> ContractVerdict:
    schema, names = contract.schema, table.columns.names
    run = _CheckRun.of(schema, names, table.untyped)
    fits = table.size <= budget
    needs_whole = fallback.needs_whole(schema)
    every = names if needs_whole else _columns_to_read(run)
    nullable = contract.nullable(names)
    types = contract.types(name for name in names if name in {*table.untyped, *nullable})
    pieces = Pieces.of(table, types, [] if fits or needs_whole else every, nullable)
    if fits or needs_whole:
        _check_whole(run, pieces.whole(every))
    else:
        check_names(schema, names, run.findings)
        _check_in_pieces(run, pieces, every, whole=table.size <= 4 * budget)
        check_index(schema, run.findings.rows, run.findings)
    if needs_whole and not fits:
        note = (
            "The contract changes the table before the checks, so the whole table was read at once."
        )
        run.findings.notes[note] = None
    return run.verdict(table.path, contract.spec)


def check_frame(frame: pd.DataFrame, contract: Contract, path: str = "") -> ContractVerdict:
    """The rules that a frame in memory breaks; the frame does not change.

    Args:
        frame: The rows; their index does not count.
        contract: The contract.
        path: The name of the table in the verdict.
    """
    run = _CheckRun.of(contract.schema, [str(name) for name in frame.columns])
    _check_whole(run, Piece(frame.set_axis(pd.RangeIndex(len(frame)))))
    return run.verdict(path, contract.spec)


def _check_whole(run: _CheckRun, piece: Piece) -> None:
    run.findings.rows = len(piece.frame)
    if fallback.needs_whole(run.schema):
        fallback.validate(run.schema, piece.sound(), run.findings)
        return
    check_names(run.schema, run.names, run.findings)
    _check_values(run, piece)
    _check_repeated_whole(run, piece)
    _check_rows(run, piece, lambda _: True)
    check_index(run.schema, run.findings.rows, run.findings)


def _columns_to_read(run: _CheckRun) -> list[str]:
    """The columns to read: all of them, if a rule may use any column."""
    schema, names = run.schema, run.names
    every = [check for column in schema.columns.values() for check in column.checks]
    if schema.checks or any(check.groupby is not None for check in every):
        return names
    unique = [name for group in _groups(schema) for name in group if name in set(names)]
    return list(dict.fromkeys([*(column.name for column in run.columns), *unique])) or names[:1]


def _groups(schema: Any) -> list[list[str]]:
    """The combinations of columns that must be unique."""
    unique = schema.unique or []
    return [unique] if unique and all(isinstance(column, str) for column in unique) else unique


def _check_in_pieces(run: _CheckRun, pieces: Pieces, every: list[str], *, whole: bool) -> None:
    run.findings.rows = pieces.table.counted
    due = [_is_by_value(check, column, pieces) for column, _, check in _column_checks(run)]
    for piece in pieces.frames(every):
        _check_values(run, piece, due)
        _check_rows(run, piece, is_by_value if whole else lambda _: True)
    _check_repeated_large(run, pieces)
    for (column, number, check), is_checked in zip(_column_checks(run), due, strict=True):
        if not is_checked:
            piece = _together(run, pieces, _columns_seen_by(check, column, every), column)
            columns.run_check(check, piece.of(column.name), column.name, number, run.findings)
    custom = [check for check in run.schema.checks if not is_by_value(check)]
    if custom and whole:
        _check_rows(run, _together(run, pieces, every, None), lambda check: check in custom)
    elif custom:
        rules = ", ".join(f"“{rule(check)}”" for check in custom)
        note = f"The table is too large, so these rules checked it in parts: {rules}."
        run.findings.notes[note] = None


def _is_by_value(check: Any, column: ContractColumn, pieces: Pieces) -> bool:
    """Whether a check of a column may see it in pieces.

    pandas calls a function of single values once for each category that the column has.
    """
    types = pieces.dtypes[column.name], getattr(column.schema.dtype, "type", None)
    categories = any(isinstance(type_, pd.CategoricalDtype) for type_ in types)
    return is_by_value(check) and not (check.element_wise and categories)


def _column_checks(run: _CheckRun) -> Iterator[tuple[ContractColumn, int, Any]]:
    for column in run.columns:
        for number, check in enumerate(column.schema.checks):
            yield column, number, check


def _check_values(run: _CheckRun, piece: Piece, due: list[bool] | None = None) -> None:
    """Types, missing values, and the checks of columns: all, or those that are due."""
    present = [column for column in run.columns if column.name in piece.frame.columns]
    for column in present:
        if run.coerces(column):
            columns.coerce(piece, column, is_text=column.name in run.untyped)
    for column in present:
        columns.check_type(piece, column, run.findings)
        columns.check_missing(piece, column, run.findings)
    for place, (column, number, check) in enumerate(_column_checks(run)):
        if due is None or due[place]:
            frame, texts = piece.of(column.name), piece.texts.get(column.name)
            columns.run_check(check, frame, column.name, number, run.findings, texts)


def _check_rows(run: _CheckRun, piece: Piece, now: Callable[[Any], bool]) -> None:
    due = [(number, check) for number, check in enumerate(run.schema.checks) if now(check)]
    if not due:
        return
    frame = piece.sound()
    if run.schema.strict == "filter":
        names = {column.name for column in run.columns}
        frame = frame[[name for name in frame.columns if name in names]]
    for number, check in due:
        columns.run_check(check, frame, None, number, run.findings)


def _keys(run: _CheckRun) -> list[tuple[list[str], Any]]:
    """The columns that must be unique, alone or together, and which rows to keep."""
    present = set(run.names)
    unique = [column for column in run.columns if column.schema.unique]
    keys = [
        ([column.name], convert_uniquesettings(column.schema.report_duplicates))
        for column in unique
    ]
    groups = ([name for name in group if name in present] for group in _groups(run.schema))
    keep = convert_uniquesettings(run.schema.report_duplicates)
    keys += [(names, keep) for names in groups if names]
    return [key for place, key in enumerate(keys) if key not in keys[:place]]


def _check_repeated_whole(run: _CheckRun, piece: Piece) -> None:
    for names, keep in _keys(run):
        columns.check_repeated(piece, names, keep, run.findings)


def _check_repeated_large(run: _CheckRun, pieces: Pieces) -> None:
    coerced = {column.name for column in run.columns if column.schema.coerce or run.schema.coerce}
    for names, keep in _keys(run):
        if coerced & set(names):  # different values may be equal after the cast
            piece = _together(run, pieces, names, None)
            columns.check_repeated(piece, names, keep, run.findings)
            continue
        repeats = Repeats.count(pieces, names, keep)
        if repeats.failed:
            columns.say_repeated(repeats.first, repeats.failed, keep, run.findings)


def _columns_seen_by(check: Any, column: ContractColumn, every: list[str]) -> list[str]:
    """The columns that a custom check of a column may use."""
    if check.groupby is None:
        return [column.name]
    by = check.groupby if isinstance(check.groupby, list) else every
    return list(dict.fromkeys([column.name, *by]))


def _together(
    run: _CheckRun, pieces: Pieces, names: list[str], only: ContractColumn | None
) -> Piece:
    """All rows of some columns, cast to the contract's types as the pieces were."""
    piece = pieces.whole(names)
    for column in run.columns:
        if column.name in names and run.coerces(column) and only in (None, column):
            columns.coerce(piece, column, is_text=column.name in run.untyped)
    return piece
