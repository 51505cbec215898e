"""``monitoring.json``: what a deployed model is compared with, besides the profiles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow.parquet as pq

from stagebook.data.drift.day_profiles import Days, day_profiles, days_of
from stagebook.data.drift.effects import BlockEffects
from stagebook.data.profiles.profile import Profile
from stagebook.data.tables.table import Table
from stagebook.model import json_text, manifest
from stagebook.model.contents import Contents, read_one
from stagebook.model.label import Label
from stagebook.model.manifest import GET_ANOTHER
from stagebook.model.packaged_profiles import PackagedProfiles
from stagebook.model.reference_performance import Performance
from stagebook.project import typed_json
from stagebook.project.errors import Problem, StagebookError, Where

FILE = manifest.MONITORING
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SplitEffects:
    """How far blocks of a split are from each other.

    Attributes:
        split: The split's name.
        effects: The effects of its blocks by day, week and month.
    """

    split: str
    effects: BlockEffects

    @classmethod
    def of(cls, split: str, table: Table, whole: Profile, days: Days, time: str) -> Self:
        """The effects of a table's blocks.

        Args:
            split: The split's name.
            table: The table, with a row for each day in ``days``.
            whole: The profile of the columns to look at.
            days: The day of each row.
            time: The column that the days are from.
        """
        return cls(split, BlockEffects.of(whole, day_profiles(table, whole, days), time))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The effects in plain values; KeyError, TypeError or ValueError for others."""
        effects = BlockEffects.from_json(values["effects"])
        return cls(typed_json.convert(values["split"], str), effects)

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"split": self.split, "effects": self.effects.as_json()}


@dataclass(frozen=True, slots=True)
class JudgedSplits:
    """The splits that a reference is made of, and by what the model is judged.

    Attributes:
        train: Name of the split that the model learned from.
        test: Name of the split that it was judged with.
        files: The file of each split.
        label: Column of the test split with what came true; None without one.
        score: Output to compare with it; None for a choice by Stagebook.
    """

    train: str
    test: str
    files: Mapping[str, Path]
    label: str | None
    score: str | None


@dataclass(frozen=True, slots=True)
class MonitoringReference:
    """What a deployed model is compared with, besides the package's profiles.

    Attributes:
        time: The column of time of the splits.
        inputs: Effects of the features' blocks in the training split.
        predictions: Effects of the predictions' blocks in the test split.
        performance: How good the model is on the test split by month; None without a label.
    """

    time: str
    inputs: SplitEffects
    predictions: SplitEffects
    performance: Performance | None

    @classmethod
    def of(
        cls,
        splits: JudgedSplits,
        time: str,
        profiles: PackagedProfiles,
        predictions: pd.DataFrame,
    ) -> Self:
        """The reference of a model.

        Args:
            splits: The splits, and what the model is judged by.
            time: Their column of time.
            profiles: The profiles of the training rows and of the predictions.
            predictions: The predictions for the test split's rows.

        Raises:
            StagebookError: The column of time has no times (``no-time-column``); see
                ``Label.read`` and ``Label.performance`` for the others.
        """
        test = splits.files[splits.test]
        times = Table.of_rows(pq.read_table(test, columns=[time]))
        days = days_of(replace(times, path=test.as_posix()), time)
        performance = None
        if splits.label is not None:
            label = Label.read(test, splits.label)
            performance = label.performance(predictions, splits.score, days)
        train, learned = profiles.train, profiles.learned
        return cls(
            time,
            SplitEffects.of(splits.train, train, learned, days_of(train, time), time),
            SplitEffects.of(splits.test, profiles.outputs, profiles.predicted, days, time),
            performance,
        )


def render(reference: MonitoringReference) -> str:
    """The reference as JSON: the same bytes for the same content."""
    values = {
        "format": FORMAT,
        "time": reference.time,
        "inputs": reference.inputs.as_json(),
        "predictions": reference.predictions.as_json(),
        "performance": reference.performance and reference.performance.as_json(),
    }
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def parse(text: str) -> MonitoringReference:
    """The reference in a text that ``render`` wrote.

    Raises:
        ValueError: The text is something else.
        StagebookError: It has another format version (``newer-package``).
    """
    values = json_text.load(text)
    if not isinstance(values, dict) or "format" not in values:
        raise ValueError(f"{FILE} is not a reference of monitoring")
    if values["format"] != FORMAT:
        message = f"{FILE} has format {values['format']!r}; this Stagebook reads {FORMAT}."
        hint = "Load the package with a newer Stagebook."
        raise StagebookError(Problem("newer-package", message, hint, Where(FILE)))
    try:
        performance = values["performance"]
        return MonitoringReference(
            typed_json.convert(values["time"], str),
            SplitEffects.from_json(values["inputs"]),
            SplitEffects.from_json(values["predictions"]),
            None if performance is None else Performance.from_json(performance),
        )
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"{FILE} is incomplete or invalid: {error!r}") from None


def read(package: Path | Contents) -> MonitoringReference | None:
    """The reference in a package; None if it has none, as one without a column of time.

    Args:
        package: The package's folder, or its contents.

    Raises:
        StagebookError: The folder is not a package, the file is not as it was packaged
            (``package-changed``), or it has another format version (``newer-package``).
    """
    try:
        if isinstance(package, Contents):
            data = package.files[FILE] if FILE in package.manifest.files else None
        else:
            data = read_one(package, FILE)
        return None if data is None else parse(data.decode("utf-8"))
    except (OSError, ValueError, KeyError) as error:
        message = f"The file cannot be read: {error}"
        raise StagebookError(
            Problem("package-changed", message, GET_ANOTHER, Where(FILE))
        ) from None
