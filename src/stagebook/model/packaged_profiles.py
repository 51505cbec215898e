"""The profiles in a package: those of the training rows and of the predictions for the test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pandas as pd
import pyarrow as pa

from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.project.files import write_whole

INPUT_PROFILE, OUTPUT_PROFILE = "profile.input.json", "profile.output.json"


@dataclass(frozen=True, slots=True)
class PackagedProfiles:
    """Both profiles, with the tables that they are of.

    Attributes:
        train: The training rows.
        learned: The profile of their features.
        outputs: The predictions for the test.
        predicted: Their profile.
    """

    train: Table
    learned: Profile
    outputs: Table
    predicted: Profile

    @classmethod
    def of(cls, train: Path, features: Sequence[str], predictions: pd.DataFrame) -> Self:
        """The profiles of a training split and of predictions.

        Args:
            train: The file of the training split.
            features: The columns that the model is given.
            predictions: The predictions for the test split.
        """
        table = Table.open(train.parent, train.name)
        whole = profile(table)
        columns = tuple(column for column in whole.columns if column.name in features)
        outputs = Table.of_rows(pa.Table.from_pandas(predictions, preserve_index=False))
        return cls(table, replace(whole, columns=columns), outputs, profile(outputs))

    def write(self, folder: Path) -> None:
        """Writes both profiles into a package."""
        write_whole(folder / INPUT_PROFILE, profiles.render(self.learned))
        write_whole(folder / OUTPUT_PROFILE, profiles.render(self.predicted))
