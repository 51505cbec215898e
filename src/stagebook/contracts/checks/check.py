"""A table held against its contract."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandera.backends.utils import convert_uniquesettings

from stagebook.contracts.checks import columns, fallback
from stagebook.contracts.checks.contract import Contract
from stagebook.contracts.checks.findings import Findings
from stagebook.contracts.checks.repeats import Repeats
from stagebook.contracts.checks.rules import is_by_value, rule
from stagebook.contracts.checks.structure import Asked, asked, check_index, check_names
from stagebook.contracts.checks.verdict import Verdict
from stagebook.contracts.tables.formats import Format
from stagebook.contracts.tables.pieces import Piece, Pieces
from stagebook.contracts.tables.table import HELD, Table


@dataclass(frozen=True, slots=True)
class _Run:
    """What is needed to hold one table against one contract."""

    schema: Any
    names: list[str]
    asked: tuple[Asked, ...]
    findings: Findings
    is_text: bool = False

    @classmethod
    def of(cls, schema: Any, names: list[str], *, is_text: bool = False) -> "_Run":
        return cls(schema, names, asked(schema, names), Findings(), is_text)

    @property
    def named(self) -> set[str]:
        return {one.name for one in self.asked}

    def coerces(self, one: Asked) -> bool:
        """Whether a column is turned to the contract's type; what was text always is."""
        wanted = one.schema.coerce or self.schema.coerce or self.is_text
        return bool(wanted) and one.schema.dtype is not None

    def verdict(self, path: str, spec: str) -> Verdict:
        order = list(dict.fromkeys([*(str(one) for one in self.schema.columns), *self.names]))
        failures = self.findings.failures(order)
        return Verdict(path, spec, self.findings.rows, failures, tuple(self.findings.notes))


def check(table: Table, contract: Contract, budget: int = HELD) -> Verdict:
    """All that the table breaks of the contract, as pandera would find it in the whole frame.

    Cells of CSV and JSON Lines are read as the types that the contract gives; those that are no
    such value are told as failures of the column's type.

    Args:
        table: The table, opened with or without the contract's types.
        contract: The contract.
        budget: Bytes in memory up to which a table is checked whole. A larger one is checked in
            pieces: a rule of single values or rows piece by piece, a custom rule of a column on
            the whole column, and a custom rule of the whole table on the table if it fits in
            four times the budget, else on each piece, which a note then says.

    Raises:
        StagebookError: The table cannot be read.
    """
    schema, names = contract.schema, table.columns.names
    run = _Run.of(schema, names, is_text=table.format in (Format.CSV, Format.JSON_LINES))
    fits = table.size <= budget
    needs_whole = fallback.needs_whole(schema)
    every = names if needs_whole else _wanted(run)
    types = contract.types(names) if run.is_text else {}
    pieces = Pieces.of(table, types, [] if fits or needs_whole else every)
    if fits or needs_whole:
        _check_whole(run, pieces.whole(every))
    else:
        check_names(schema, names, run.findings)
        _check_in_pieces(run, pieces, every, whole=table.size <= 4 * budget)
        check_index(schema, run.findings.rows, run.findings)
    if needs_whole and not fits:
        note = "The contract changes the table before it checks it, so it was read whole."
        run.findings.notes[note] = None
    return run.verdict(table.path, contract.spec)


def check_frame(frame: pd.DataFrame, contract: Contract, path: str = "") -> Verdict:
    """The same for a frame in memory, which is left as it is.

    Args:
        frame: The rows; their index does not count.
        contract: The contract.
        path: What the verdict calls the table.
    """
    run = _Run.of(contract.schema, [str(name) for name in frame.columns])
    _check_whole(run, Piece(frame.set_axis(pd.RangeIndex(len(frame)))))
    return run.verdict(path, contract.spec)


def _check_whole(run: _Run, piece: Piece) -> None:
    run.findings.rows = len(piece.frame)
    if fallback.needs_whole(run.schema):
        fallback.validate(run.schema, piece.sound(), run.findings)
        return
    check_names(run.schema, run.names, run.findings)
    _check_values(run, piece)
    _check_repeated_whole(run, piece)
    _check_rows(run, piece, lambda _: True)
    check_index(run.schema, run.findings.rows, run.findings)


def _wanted(run: _Run) -> list[str]:
    """The columns that have to be read: all, where a rule may look at any of them."""
    schema, names = run.schema, run.names
    every = [check for column in schema.columns.values() for check in column.checks]
    if schema.checks or any(check.groupby is not None for check in every):
        return names
    unique = [name for group in _groups(schema) for name in group if name in set(names)]
    return list(dict.fromkeys([*(one.name for one in run.asked), *unique])) or names[:1]


def _groups(schema: Any) -> list[list[str]]:
    """The combinations of columns that have to be unique."""
    unique = schema.unique or []
    return [unique] if unique and all(isinstance(one, str) for one in unique) else unique


def _check_in_pieces(run: _Run, pieces: Pieces, every: list[str], *, whole: bool) -> None:
    run.findings.rows = pieces.table.counted
    due = [_is_by_value(check, one, pieces) for one, _, check in _of_columns(run)]
    for piece in pieces.frames(every):
        _check_values(run, piece, due)
        _check_rows(run, piece, is_by_value if whole else lambda _: True)
    _check_repeated_large(run, pieces)
    for (one, number, check), seen in zip(_of_columns(run), due, strict=True):
        if not seen:
            piece = _together(run, pieces, _columns_of(check, one, every), one)
            columns.run_check(check, piece.of(one.name), one.name, number, run.findings)
    custom = [check for check in run.schema.checks if not is_by_value(check)]
    if custom and whole:
        _check_rows(run, _together(run, pieces, every, None), lambda check: check in custom)
    elif custom:
        said = ", ".join(f"“{rule(check)}”" for check in custom)
        note = (
            f"The table is too large to be checked whole, so these rules saw it in parts: {said}."
        )
        run.findings.notes[note] = None


def _is_by_value(check: Any, one: Asked, pieces: Pieces) -> bool:
    """Whether a check of a column may see it in pieces.

    pandas calls a function of single values once for each category that the column has.
    """
    types = pieces.dtypes[one.name], getattr(one.schema.dtype, "type", None)
    categories = any(isinstance(type_, pd.CategoricalDtype) for type_ in types)
    return is_by_value(check) and not (check.element_wise and categories)


def _of_columns(run: _Run) -> Iterator[tuple[Asked, int, Any]]:
    for one in run.asked:
        for number, check in enumerate(one.schema.checks):
            yield one, number, check


def _check_values(run: _Run, piece: Piece, due: list[bool] | None = None) -> None:
    """Types, missing values, and the checks of columns: all, or those that are due."""
    present = [one for one in run.asked if one.name in piece.frame.columns]
    for one in present:
        if run.coerces(one):
            columns.coerce(piece, one, is_text=run.is_text)
    for one in present:
        columns.check_type(piece, one, run.findings)
        columns.check_missing(piece, one, run.findings)
    for place, (one, number, check) in enumerate(_of_columns(run)):
        if due is None or due[place]:
            frame, texts = piece.of(one.name), piece.texts.get(one.name)
            columns.run_check(check, frame, one.name, number, run.findings, texts)


def _check_rows(run: _Run, piece: Piece, now: Callable[[Any], bool]) -> None:
    due = [(number, check) for number, check in enumerate(run.schema.checks) if now(check)]
    if not due:
        return
    frame = piece.sound()
    if run.schema.strict == "filter":
        frame = frame[[name for name in frame.columns if name in run.named]]
    for number, check in due:
        columns.run_check(check, frame, None, number, run.findings)


def _keys(run: _Run) -> list[tuple[list[str], Any]]:
    """The columns that have to be unique, by themselves or together, and which rows to keep."""
    known = set(run.names)
    unique = [one for one in run.asked if one.schema.unique]
    keys = [([one.name], convert_uniquesettings(one.schema.report_duplicates)) for one in unique]
    groups = ([name for name in group if name in known] for group in _groups(run.schema))
    keep = convert_uniquesettings(run.schema.report_duplicates)
    keys += [(names, keep) for names in groups if names]
    return [key for place, key in enumerate(keys) if key not in keys[:place]]


def _check_repeated_whole(run: _Run, piece: Piece) -> None:
    for names, keep in _keys(run):
        columns.check_repeated(piece, names, keep, run.findings)


def _check_repeated_large(run: _Run, pieces: Pieces) -> None:
    turned = {one.name for one in run.asked if one.schema.coerce or run.schema.coerce}
    for names, keep in _keys(run):
        if turned & set(names):  # values that differ may be equal once they are turned
            piece = _together(run, pieces, names, None)
            columns.check_repeated(piece, names, keep, run.findings)
            continue
        repeats = Repeats.count(pieces, names, keep)
        if repeats.failed:
            columns.say_repeated(repeats.first, repeats.failed, keep, run.findings)


def _columns_of(check: Any, one: Asked, every: list[str]) -> list[str]:
    """The columns that a custom check of a column may look at."""
    if check.groupby is None:
        return [one.name]
    by = check.groupby if isinstance(check.groupby, list) else every
    return list(dict.fromkeys([one.name, *by]))


def _together(run: _Run, pieces: Pieces, names: list[str], only: Asked | None) -> Piece:
    """All rows of some columns, turned to the contract's types as the pieces were."""
    piece = pieces.whole(names)
    for one in run.asked:
        if one.name in names and run.coerces(one) and only in (None, one):
            columns.coerce(piece, one, is_text=run.is_text)
    return piece
