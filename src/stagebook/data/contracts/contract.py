"""Contracts: pandera schemas, loaded by their names in a parameters cell."""

import importlib
import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow
from pandas.api.extensions import ExtensionDtype
from pandera import dtypes

from stagebook.data.tables.cells import is_text
from stagebook.project import local_errors
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean

_HINT = "Correct the contract; `python -c 'import {}'` shows the whole error."


@dataclass(frozen=True, slots=True)
class Contract:
    """The rules that a table must satisfy.

    Attributes:
        spec: Where it is imported from, as ``module:Name``.
        schema: The pandera schema.
    """

    spec: str
    schema: pa.DataFrameSchema

    @classmethod
    def load(cls, spec: str, code_folders: Sequence[Path] = ()) -> "Contract":
        """The contract of this name; its module is imported, which runs it.

        Args:
            spec: ``module:Name``, of a ``DataFrameModel`` or a ``DataFrameSchema``.
            code_folders: Absolute folders of local modules, which the caller has put first
                on ``sys.path``. Only used to locate an error in them.

        Raises:
            StagebookError: The module cannot be imported, the name does not exist or is not a
                contract, or its schema is invalid.
        """
        module_name, _, name = spec.partition(":")
        module = _imported(module_name, code_folders)
        if not hasattr(module, name):
            own = [var for var in vars(module) if _is_contract(getattr(module, var))]
            hint = did_you_mean(name, own, f"The module has: {', '.join(own) or 'no contract'}.")
            message = f"The module `{module_name}` has no `{name}`."
            raise StagebookError(Problem("no-contract", message, hint, _file(module, code_folders)))
        value = getattr(module, name)
        return cls(spec, _schema(spec, value, _file(module, code_folders), code_folders))

    def types(self, names: Iterable[str]) -> dict[str, pyarrow.DataType]:
        """The Arrow types of those columns for which the contract has a type."""
        return {name: _arrow_type(dtype) for name, dtype in self._dtypes(names)}

    def fixed_types(self, names: Iterable[str]) -> dict[str, pyarrow.DataType]:
        """The Arrow types of those columns for which the contract refuses values of other types.

        A list of values has the type of its values. A column of Python objects has no type here.
        """
        fixed = {}
        for name, dtype in self._dtypes(names):
            type_ = _arrow_type(dtype)
            if dtypes.is_category(dtype):
                if dtype.categories is not None:
                    fixed[name] = type_.value_type
            elif dtypes.is_string(dtype) or not is_text(type_):
                fixed[name] = type_
        return fixed

    def allows_missing(self, name: str) -> bool:
        """Whether the contract lets a value of a column be missing."""
        column = column_of(self.schema, name)
        return bool((column is not None and column.nullable) or self.nullable([name]))

    def nullable(self, names: Iterable[str]) -> dict[str, Any]:
        """The pandas types of those columns for which the contract has a nullable type."""
        every = (self.schema.dtype, *(column.dtype for column in self.schema.columns.values()))
        if not any(map(_is_nullable, every)):
            return {}
        return {name: dtype.type for name, dtype in self._dtypes(names) if _is_nullable(dtype)}

    def _dtypes(self, names: Iterable[str]) -> list[tuple[str, Any]]:
        named = []
        for name in names:
            column = column_of(self.schema, name)
            dtype = self.schema.dtype or (column.dtype if column is not None else None)
            if dtype is not None:
                named.append((name, dtype))
        return named


def column_of(schema: pa.DataFrameSchema, name: str) -> Any:
    """The pandera column with the rules for a column of this name; None without rules."""
    if name in schema.columns and not schema.columns[name].regex:
        return schema.columns[name]
    patterns = (column for column in schema.columns.values() if column.regex)
    matching = (pattern for pattern in patterns if pd.Series([name]).str.match(pattern.name).all())
    return next(matching, None)


_NAMED: dict[str, Callable[[Any], pyarrow.DataType]] = {
    "Date": lambda _: pyarrow.date32(),
    "Decimal": lambda item: pyarrow.decimal128(item.precision, item.scale),
}


def _arrow_type(dtype: Any) -> pyarrow.DataType:
    """The Arrow type from which pandas creates this type; text if it is unknown."""
    if named := _NAMED.get(type(dtype).__name__):
        return named(dtype)
    if isinstance(dtype.type, pd.DatetimeTZDtype):  # pyarrow's conversion warns in pandas 3.1
        return pyarrow.timestamp(dtype.type.unit, str(dtype.type.tz))
    try:
        type_ = pyarrow.array(pd.Series([], dtype=dtype.type), from_pandas=True).type
    except (TypeError, pyarrow.ArrowException):  # only pandas has it, such as lists and complex
        return pyarrow.string()
    if pyarrow.types.is_dictionary(type_) and pyarrow.types.is_null(type_.value_type):
        return pyarrow.dictionary(pyarrow.int32(), pyarrow.string(), type_.ordered)
    is_plain = pyarrow.types.is_null(type_) or pyarrow.types.is_large_string(type_)
    return pyarrow.string() if is_plain else type_


def _is_nullable(dtype: Any) -> bool:
    """Whether a type is one of pandas' nullable types, or text that pandas stores differently."""
    type_ = getattr(dtype, "type", None)
    if isinstance(type_, pd.StringDtype):
        return bool(type_ != pd.Series([], dtype=str).dtype)
    return isinstance(type_, ExtensionDtype) and type_.na_value is pd.NA


def _imported(name: str, folders: Sequence[Path]) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        message = (
            f"The contract's module `{name}` cannot be imported: {local_errors.error_text(error)}."
        )
        where = local_errors.raised_at(error, folders, _root(folders))
        hint = _HINT.format(name)
        raise StagebookError(Problem("contract-not-imported", message, hint, where)) from error


def _is_contract(value: Any) -> bool:
    if isinstance(value, pa.DataFrameSchema):
        return True
    is_model = inspect.isclass(value) and issubclass(value, pa.DataFrameModel)
    return is_model and value is not pa.DataFrameModel


def _schema(
    spec: str, value: Any, where: Where | None, folders: Sequence[Path]
) -> pa.DataFrameSchema:
    if not _is_contract(value):
        kind = "class" if inspect.isclass(value) else type(value).__name__
        message = f"`{spec}` is not a DataFrameModel of pandera.pandas, but a {kind}."
        hint = "Name a class that derives from `pandera.pandas.DataFrameModel`."
        raise StagebookError(Problem("not-a-contract", message, hint, where))
    if isinstance(value, pa.DataFrameSchema):
        return value
    try:
        return value.to_schema()  # type: ignore[no-any-return]
    except Exception as error:
        message = f"Cannot create a schema from `{spec}`: {local_errors.error_text(error)}."
        place = local_errors.raised_at(error, folders, _root(folders)) or where
        problem = Problem("bad-contract", message, "Correct the contract.", place)
        raise StagebookError(problem) from error


def _file(module: ModuleType, folders: Sequence[Path]) -> Where | None:
    if not module.__file__:
        return None
    return Where(local_errors.relative(Path(module.__file__), _root(folders)))


def _root(folders: Sequence[Path]) -> Path | None:
    """The folder that holds all folders of code: the project's root, or the only code folder."""
    return Path(os.path.commonpath(folders)) if folders else None
