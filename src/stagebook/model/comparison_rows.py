"""The rows that two packages are compared on: read, checked, and predicted by both."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from stagebook.model import json_text
from stagebook.model.contents import Contents
from stagebook.model.paired_metrics import NUMBER, PROBABILITY, Floats
from stagebook.model.schema import OUTPUT
from stagebook.model.schema import parse as parse_schema
from stagebook.model.splits import FILE as SPLITS
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project.files import digest
from stagebook.project.text import counted, listed

_NUMBERS = frozenset({"double", "float", "long", "integer"})
_PREFIX = "probability_"
_TRUTHS = (("False", "True"), ("0", "1"))
_MOST_SLICES, _SHOWN = 50, 8
MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class ComparisonColumns:
    """The columns of the rows, apart from the models' own.

    Attributes:
        label: The column with the true values.
        slices: Columns whose values are slices.
        cluster: The column of dependent rows; empty for none.
    """

    label: str
    slices: tuple[str, ...] = ()
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class ComparisonRows:
    """Rows with a label.

    Attributes:
        path: The file; of a log, the table with the labels.
        md5: The file's hash; None for a log.
        frame: The rows.
        unlabelled: How many further rows have no label.
    """

    path: str
    md5: str | None
    frame: pd.DataFrame
    unlabelled: int


def task_of(contents: Contents) -> str | None:
    """What the model of a package predicts; None for what cannot be compared.

    The model of an event has the method ``predict_proba`` and two outputs, of which the second is
    the event's probability.
    """
    model = contents.manifest.model
    if model.method == "predict_proba":
        return PROBABILITY if len(model.outputs) == 2 else None
    fields = parse_schema(contents.text(OUTPUT)).fields
    return NUMBER if [field.type in _NUMBERS for field in fields] == [True] else None


def read(
    file: Path,
    columns: ComparisonColumns,
    packages: Mapping[str, Contents],
) -> ComparisonRows:
    """The rows of a Parquet file that have a label.

    Args:
        file: The file.
        columns: The columns that are no features.
        packages: The packages by what they are called in messages.

    Raises:
        StagebookError: It cannot be read, lacks a column, has no row with a label or a key twice,
            or a package has learned from it; all of it at once.
    """
    where = Where(file.as_posix())
    try:
        there = pq.read_schema(file).names
        md5 = digest(file, "md5")
    except (OSError, ValueError) as error:
        message = f"The rows to compare on cannot be read as Parquet: {error}"
        hint = "Name a Parquet file with features and label: --data FILE"
        raise StagebookError(Problem("bad-comparison-rows", message, hint, where)) from None
    keys = {name: tuple(_splits(each)["key"]) for name, each in packages.items()}
    problems = [*_absent(there, columns, packages, where), *_learned(md5, packages, where)]
    if problems:
        raise StagebookError(*problems)
    known = [key for key in keys.values() if set(key) <= set(there)]
    frame = pq.read_table(file, columns=_wanted(columns, packages, known)).to_pandas()
    if problems := [*_repeated(frame, known, where), *unsliced(frame, columns, where)]:
        raise StagebookError(*problems)
    labelled = frame[columns.label].notna()
    if not labelled.any():
        message = f"None of the {counted(len(frame), 'row')} has a value in `{columns.label}`."
        hint = "Name rows for which the true value is known: --data FILE"
        raise StagebookError(Problem("no-labelled-rows", message, hint, where))
    kept = frame[labelled].reset_index(drop=True)
    return ComparisonRows(file.as_posix(), md5, kept, int((~labelled).sum()))


def _splits(contents: Contents) -> Any:
    return json_text.load(contents.files[SPLITS])


def _wanted(
    columns: ComparisonColumns, packages: Mapping[str, Contents], keys: list[tuple[str, ...]]
) -> list[str]:
    features = [name for each in packages.values() for name in each.manifest.model.features]
    named = [columns.label, *columns.slices, *([columns.cluster] if columns.cluster else [])]
    return list(dict.fromkeys([*features, *named, *(name for key in keys for name in key)]))


def _absent(
    there: Collection[str],
    columns: ComparisonColumns,
    packages: Mapping[str, Contents],
    where: Where,
) -> Iterator[Problem]:
    for role, name in (
        ("label", columns.label),
        *(("slice", name) for name in columns.slices),
        ("cluster", columns.cluster),
    ):
        if name and name not in there:
            message = f"The rows have no column `{name}`, which is named as the {role}."
            hint = did_you_mean(name, there, f"Columns: {listed(there, _SHOWN)}")
            yield Problem("no-comparison-column", message, hint, where)
    for package, contents in packages.items():
        names = [name for name in contents.manifest.model.features if name not in there]
        if names:
            message = f"The {package} needs columns that the rows lack: {listed(names, _SHOWN)}."
            hint = "Add the columns to the file, or compare packages with the same features."
            yield Problem("no-comparison-column", message, hint, where)


def _learned(md5: str, packages: Mapping[str, Contents], where: Where) -> Iterator[Problem]:
    """Whether the rows are a split of a package that it was not judged with."""
    for package, contents in packages.items():
        judged = json_text.load(contents.files["evaluation.json"])["data"]["md5"]
        for part in _splits(contents)["parts"]:
            if part["md5"] == md5 and md5 != judged:
                message = f"The rows are the split `{part['name']}` that the {package} was made of."
                hint = "A model is judged with rows that it has not seen. Name others: --data FILE"
                yield Problem("seen-rows", message, hint, where)


def _repeated(
    frame: pd.DataFrame, keys: Sequence[tuple[str, ...]], where: Where
) -> Iterator[Problem]:
    for key in dict.fromkeys(keys):
        twice = frame.duplicated(list(key), keep=False)
        if twice.any():
            some = frame.loc[twice, list(key)].drop_duplicates()
            shown = "; ".join(", ".join(map(str, row)) for row in some.head(3).to_numpy())
            message = f"{counted(len(some), 'key')} of {', '.join(key)} occur more than once: "
            hint = "A row counts once. Remove the duplicate rows."
            yield Problem("repeated-rows", f"{message}{shown}.", hint, where)


def unsliced(frame: pd.DataFrame, columns: ComparisonColumns, where: Where) -> Iterator[Problem]:
    """A problem for each column that has too many values for slices."""
    for name in columns.slices:
        count = frame[name].nunique(dropna=False)
        if count > _MOST_SLICES:
            message = f"`{name}` has {count:,} values, too many for slices; {_MOST_SLICES} at most."
            hint = "Name a column with few values, or add one to the file."
            yield Problem("too-many-slices", message, hint, where)


def slices(rows: ComparisonRows, columns: ComparisonColumns) -> dict[str, npt.NDArray[np.object_]]:
    """The slice of each row as text, by column."""
    return {name: texts(rows.frame[name]).to_numpy() for name in columns.slices}


def texts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Values as the texts that slices are named by."""
    return column.astype(object).map(str, na_action="ignore").fillna(MISSING)


def truth(rows: ComparisonRows, label: str, task: str, outputs: Sequence[str]) -> Floats:
    """What happened: 1 or 0 for an event, otherwise the number.

    Args:
        rows: n rows.
        label: The column with the true values.
        task: ``probability`` or ``number``.
        outputs: The model's outputs; those of a probability may name the two classes.

    Raises:
        StagebookError: A value is neither a number nor, for an event, a class.
    """
    column = rows.frame[label]
    if task == NUMBER:
        values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=math.nan)
        wrong, wanted = ~np.isfinite(values), "a finite number"
    else:
        no, yes = _classes(outputs)
        words = column.map(_word)
        values = words.isin(yes).to_numpy(np.float64)
        wrong = ~words.isin([*no, *yes]).to_numpy(np.bool_)
        wanted = f"{yes[0]} or {no[0]}"
    if wrong.any():
        some = listed(dict.fromkeys(map(str, column[wrong])), 3)
        message = f"{counted(int(wrong.sum()), 'value')} of `{label}` must be {wanted}: {some}."
        hint = "Name the column with the true values: --label COLUMN"
        raise StagebookError(Problem("bad-label", message, hint, Where(rows.path)))
    return values


def _word(value: object) -> str:
    return str(value).removesuffix(".0")  # whole numbers are floats beside missing ones


def _classes(outputs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The spellings of both classes; those of the event come second."""
    if all(name.startswith(_PREFIX) for name in outputs):
        no, yes = (_word(name.removeprefix(_PREFIX)) for name in outputs)
        if (no, yes) not in _TRUTHS:
            return (no,), (yes,)
    return ("False", "0"), ("True", "1")


def predictions(frame: pd.DataFrame, side: str, path: str) -> Floats:
    """The predictions of a package as an array: those of its last output.

    Args:
        frame: What the model gives for n rows.
        side: What the package is called in messages.
        path: The file of the rows.

    Raises:
        StagebookError: A prediction is missing or infinite.
    """
    values = frame.iloc[:, -1].to_numpy(np.float64, na_value=math.nan)
    if not np.isfinite(values).all():
        count = counted(int((~np.isfinite(values)).sum()), "row")
        message = f"The {side} has no finite prediction for {count}."
        hint = "Leave out rows that the model cannot predict, or correct the model."
        raise StagebookError(Problem("bad-prediction", message, hint, Where(path)))
    return values
