"""Contracts: pandera schemas, found by the name that a parameters cell gives them."""

import importlib
import inspect
import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow
from pandas.api.extensions import ExtensionDtype

from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean

_HINT = "Correct the contract; `python -c 'import {}'` shows the whole error."


@dataclass(frozen=True, slots=True)
class Contract:
    """What a table has to be.

    Attributes:
        spec: Where it is imported from, as ``module:Name``.
        schema: The pandera schema that it makes.
    """

    spec: str
    schema: pa.DataFrameSchema

    @classmethod
    def load(cls, spec: str, code_folders: Sequence[Path] = ()) -> "Contract":
        """The contract of this name; its module is imported, which runs it.

        Args:
            spec: ``module:Name``, of a ``DataFrameModel`` or a ``DataFrameSchema``.
            code_folders: Absolute folders of local modules, which the caller has put first
                on ``sys.path``. Only used to say where in them something is wrong.

        Raises:
            StagebookError: The module cannot be imported, has no such name, or the name is no
                contract, or makes no schema.
        """
        module_name, _, name = spec.partition(":")
        module = _imported(module_name, code_folders)
        if not hasattr(module, name):
            own = [var for var in vars(module) if _is_contract(getattr(module, var))]
            hint = did_you_mean(name, own, f"It has: {', '.join(own) or 'no contract'}.")
            message = f"The module `{module_name}` has no `{name}`."
            raise StagebookError(Problem("no-contract", message, hint, _file(module, code_folders)))
        found = getattr(module, name)
        return cls(spec, _schema(spec, found, _file(module, code_folders), code_folders))

    def types(self, names: Iterable[str]) -> dict[str, pyarrow.DataType]:
        """Arrow types of those of these columns that the contract types."""
        return {name: _arrow_type(dtype) for name, dtype in self._dtypes(names)}

    def nullable(self, names: Iterable[str]) -> dict[str, Any]:
        """Pandas types of those of these columns that the contract wants with pandas' own gaps."""
        dtypes = (self.schema.dtype, *(column.dtype for column in self.schema.columns.values()))
        if not any(map(_is_nullable, dtypes)):
            return {}
        return {name: dtype.type for name, dtype in self._dtypes(names) if _is_nullable(dtype)}

    def _dtypes(self, names: Iterable[str]) -> list[tuple[str, Any]]:
        found = []
        for name in names:
            column = column_of(self.schema, name)
            dtype = self.schema.dtype or (column.dtype if column is not None else None)
            if dtype is not None:
                found.append((name, dtype))
        return found


def column_of(schema: pa.DataFrameSchema, name: str) -> Any:
    """The pandera column that speaks of a column of this name; None if none does."""
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
    """What text has to become for pandas to make this type of it; text where nothing tells."""
    if named := _NAMED.get(type(dtype).__name__):
        return named(dtype)
    if isinstance(dtype.type, pd.DatetimeTZDtype):  # pyarrow's way there warns in pandas 3.1
        return pyarrow.timestamp(dtype.type.unit, str(dtype.type.tz))
    try:
        type_ = pyarrow.array(pd.Series([], dtype=dtype.type), from_pandas=True).type
    except TypeError:  # a type that only Python objects have, such as a list
        return pyarrow.string()
    if pyarrow.types.is_dictionary(type_) and pyarrow.types.is_null(type_.value_type):
        return pyarrow.dictionary(pyarrow.int32(), pyarrow.string(), type_.ordered)
    is_plain = pyarrow.types.is_null(type_) or pyarrow.types.is_large_string(type_)
    return pyarrow.string() if is_plain else type_


def _is_nullable(dtype: Any) -> bool:
    """Whether a type is one of pandas' nullable types, or text that pandas has in another way."""
    type_ = getattr(dtype, "type", None)
    if isinstance(type_, pd.StringDtype):
        return bool(type_ != pd.Series([], dtype=str).dtype)
    return isinstance(type_, ExtensionDtype) and type_.na_value is pd.NA


def _imported(name: str, folders: Sequence[Path]) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        message = f"The contract's module `{name}` cannot be imported: {_said(error)}."
        where = _raised_at(error, folders)
        hint = _HINT.format(name)
        raise StagebookError(Problem("contract-not-imported", message, hint, where)) from error


def _is_contract(found: Any) -> bool:
    if isinstance(found, pa.DataFrameSchema):
        return True
    is_model = inspect.isclass(found) and issubclass(found, pa.DataFrameModel)
    return is_model and found is not pa.DataFrameModel


def _schema(
    spec: str, found: Any, where: Where | None, folders: Sequence[Path]
) -> pa.DataFrameSchema:
    if not _is_contract(found):
        kind = "class" if inspect.isclass(found) else type(found).__name__
        message = f"`{spec}` is not a DataFrameModel of pandera.pandas, but a {kind}."
        hint = "Name a class that derives from `pandera.pandas.DataFrameModel`."
        raise StagebookError(Problem("not-a-contract", message, hint, where))
    if isinstance(found, pa.DataFrameSchema):
        return found
    try:
        return found.to_schema()  # type: ignore[no-any-return]
    except Exception as error:
        message = f"Cannot create a schema from `{spec}`: {_said(error)}."
        place = _raised_at(error, folders) or where
        problem = Problem("bad-contract", message, "Correct the contract.", place)
        raise StagebookError(problem) from error


def _said(error: BaseException) -> str:
    first = str(error).strip().partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _raised_at(error: BaseException, folders: Sequence[Path]) -> Where | None:
    """The last line of local code that the error passed through."""
    if isinstance(error, SyntaxError) and error.filename:
        return Where(_relative(Path(error.filename), folders), line=error.lineno)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if any(Path(frame.filename).is_relative_to(folder) for folder in folders):
            return Where(_relative(Path(frame.filename), folders), line=frame.lineno)
    return None


def _file(module: ModuleType, folders: Sequence[Path]) -> Where | None:
    return Where(_relative(Path(module.__file__), folders)) if module.__file__ else None


def _relative(file: Path, folders: Sequence[Path]) -> str:
    root = _root(folders)
    return (file.relative_to(root) if root and file.is_relative_to(root) else file).as_posix()


def _root(folders: Sequence[Path]) -> Path | None:
    """The folder that holds all folders of code: the project's root, or its only one."""
    return Path(os.path.commonpath(folders)) if folders else None
