"""The rows of a request against the model's schema: all violations, or the exact frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import pandas as pd
from pydantic_core import SchemaValidator, ValidationError, core_schema

from stagebook.model.schema import Schema
from stagebook.serving.input import violations
from stagebook.serving.input.checks import tightest
from stagebook.serving.input.column_types import ColumnType, Kind
from stagebook.serving.input.frames import FramePlan
from stagebook.serving.input.rows import Rows, require_few
from stagebook.serving.input.values import from_text
from stagebook.serving.input.violations import MOST, ColumnRules
from stagebook.serving.refusal import Refusal, RequestProblem

_CHUNK = 256  # rows


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows that keep the schema.

    Attributes:
        names: The model's columns in order.
        frame: The rows as the model takes them.
        values: The same as plain values, column by column; None if the model takes times, whose
            plain values are numbers.
    """

    names: tuple[str, ...]
    frame: pd.DataFrame
    values: Sequence[Sequence[Any]] | None


@dataclass(frozen=True, slots=True)
class Validator:
    """A package's input schema, compiled.

    pydantic-core accepts or refuses rows; only for refused ones, the reasons are put in words.

    Attributes:
        columns: What is asked of each column, in the model's order.
        row_limit: The most rows of a request.
        unchecked: Rules of the contract that are not enforced, such as "`hour`: even": custom
            checks are code of the training project.
    """

    columns: tuple[ColumnRules, ...]
    row_limit: int
    unchecked: tuple[str, ...]
    _compiled: SchemaValidator
    _plan: FramePlan
    _times: tuple[str, ...]
    _names: tuple[str, ...]

    @classmethod
    def of(cls, schema: Schema, golden_inputs: pd.DataFrame, row_limit: int) -> Self:
        """The validator of a package.

        Args:
            schema: The package's input schema.
            golden_inputs: Its golden rows, whose dtypes the frames get.
            row_limit: The most rows of a request.

        Raises:
            StagebookError: No request can carry the values of a column.
        """
        columns = tuple(
            ColumnRules.of(field, ColumnType.of(field, golden_inputs[field.name]))
            for field in schema.fields
        )
        unchecked = tuple(
            f"`{item.column.name}`: {words}" for item in columns for words in item.unchecked
        )
        plan = FramePlan.of([item.column for item in columns], golden_inputs.columns)
        kinds = {item.column.name: item.column.kind for item in columns}
        times = tuple(name for name, kind in kinds.items() if kind in (Kind.TIME, Kind.DATE))
        return cls(columns, row_limit, unchecked, _compile(columns), plan, times, tuple(kinds))

    def check(self, rows: Rows) -> pd.DataFrame:
        """The frame for the model: its columns in order, with the golden rows' dtypes.

        Raises:
            Refusal: As ``checked`` does.
        """
        return self.checked(rows).frame

    def checked(self, rows: Rows) -> CheckedRows:
        """The rows as the model takes them.

        Raises:
            Refusal: With status 422 and all violations, of which the first 100 are listed; with
                413 for too many rows.
        """
        require_few(len(rows.records), self.row_limit)
        if not rows.records:
            message = "The request has no rows."
            raise Refusal(422, RequestProblem("no-rows", message, "Send at least one row."))
        records = self._converted(rows.records) if rows.is_text else rows.records
        if rows.is_mlflow and self._times:
            records = [self._without_nat(record) for record in records]
        try:
            accepted = self._compiled.validate_python(records)
        except ValidationError:
            raise self._refusal(rows, records) from None
        if len(rows.columns) != len(self.columns):
            raise self._refusal(rows, records)
        values = list(zip(*(record.values() for record in accepted), strict=True))
        frame = self._plan.frame(values, len(accepted))
        return CheckedRows(self._names, frame, None if self._times else values)

    def _converted(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kinds = {item.column.name: item.column.kind for item in self.columns}
        return [
            {name: from_text(text, kinds.get(name, Kind.TEXT)) for name, text in record.items()}
            for record in records
        ]

    def _without_nat(self, record: dict[str, Any]) -> dict[str, Any]:
        """A row with None for missing times, for which MLflow's client writes a text."""
        missing = [name for name in self._times if record.get(name) == "NaT"]
        return {**record, **dict.fromkeys(missing)} if missing else record

    def _refusal(self, rows: Rows, records: list[dict[str, Any]]) -> Refusal:
        """All that is wrong; the first 100 violations are put in words.

        Of the rest, columns and values are counted: words and hints for all would take minutes.
        """
        names = self._names
        absent = set(names).difference(rows.columns)
        problems = list(islice(violations.of_columns(rows.columns, names), MOST))
        further = len(absent) + len(set(rows.columns).difference(names)) - len(problems)
        for start in range(0, len(records), _CHUNK):
            chunk = records[start : start + _CHUNK]
            try:
                self._compiled.validate_python(chunk)
            except ValidationError as error:
                further += error.error_count() - len(absent) * len(chunk)
                if (room := MOST - len(problems)) > 0:
                    listed = list(islice(self._in_rows(error, chunk, start, absent), room))
                    further -= len({(problem.row, problem.column) for problem in listed})
                    problems += listed
        return Refusal(422, *problems, *([violations.more(further)] if further else []))

    def _in_rows(
        self, error: ValidationError, records: list[dict[str, Any]], start: int, absent: set[str]
    ) -> Iterator[RequestProblem]:
        """What is wrong with the values that pydantic-core refuses.

        Args:
            error: Its error.
            records: The rows that it is about.
            start: The place of the first of them in the request.
            absent: Columns that no row has.
        """
        by_name = {item.column.name: item for item in self.columns}
        details = error.errors(include_url=False, include_context=False, include_input=False)
        for place, name in dict.fromkeys(detail["loc"][:2] for detail in details):
            if name in absent:
                continue
            row, record = int(place), records[int(place)]
            if name in record:
                yield from by_name[str(name)].explain(record[str(name)], start + row)
            else:
                yield violations.missing_in_row(str(name), start + row)


def _compile(columns: tuple[ColumnRules, ...]) -> SchemaValidator:
    fields = {item.column.name: core_schema.typed_dict_field(_schema(item)) for item in columns}
    record = core_schema.typed_dict_schema(fields, extra_behavior="ignore", total=True)
    return SchemaValidator(core_schema.list_schema(record))


def _schema(item: ColumnRules) -> core_schema.CoreSchema:
    """The schema of a value: pydantic-core's own where it means the same as our reader."""
    column = item.column
    native: core_schema.CoreSchema
    rest = list(item.rules)
    if column.kind is Kind.FLOAT and column.narrow is None:
        native = _float(item)
        rest = [rule for rule in rest if not rule.limits]
    elif column.kind is Kind.INTEGER:
        native = _integer(item)
        rest = [rule for rule in rest if not rule.limits]
    elif column.kind is Kind.BOOLEAN:
        native = core_schema.bool_schema(strict=True)
    elif column.kind is Kind.TEXT:
        native = core_schema.str_schema(strict=True, min_length=0)  # so that it looks at the text
    else:
        native = core_schema.no_info_plain_validator_function(item.read)
    if rest or column.categories is not None:
        native = core_schema.no_info_after_validator_function(_guard(item, rest), native)
    return core_schema.nullable_schema(native) if column.nullable else native


def _float(item: ColumnRules) -> core_schema.CoreSchema:
    limits: Any = tightest(item.rules, whole=False)
    return core_schema.float_schema(strict=True, allow_inf_nan=False, **limits)


def _integer(item: ColumnRules) -> core_schema.CoreSchema:
    """A whole number, also as 3.0."""
    limits: Any = tightest(item.rules, whole=True)
    low = max(item.column.low, limits.get("ge", item.column.low))
    high = min(item.column.high, limits.get("le", item.column.high))
    whole = core_schema.int_schema(strict=True, ge=low, le=high)
    as_float = core_schema.float_schema(strict=True, allow_inf_nan=False)
    same = core_schema.no_info_after_validator_function(item.read, as_float)
    return core_schema.union_schema(
        [whole, core_schema.chain_schema([same, whole])],
        mode="left_to_right",
        custom_error_type="whole_number",  # a single error, so that errors can be counted
        custom_error_message="not a whole number that is allowed",
    )


def _guard(item: ColumnRules, rest: list[Any]) -> Any:
    categories = item.column.categories

    def guard(plain: Any) -> Any:
        if not all(rule.holds(plain) for rule in rest):
            raise ValueError("a rule is broken")
        if categories is not None and plain not in categories:
            raise ValueError("not a category")
        return plain

    return guard
