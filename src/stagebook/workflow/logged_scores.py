"""Predictions that the log of a server has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from stagebook.model.load import Model
from stagebook.model.paired_metrics import Floats
from stagebook.serving.log import prediction_keys, reading
from stagebook.serving.log.prediction_keys import Keys


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """What a challenger predicted on a day while nobody was sent its answers.

    Attributes:
        keys: Shape (n,), the predictions, ascending.
        scores: Shape (n,), all finite.
    """

    keys: Keys
    scores: Floats

    @classmethod
    def of_day(cls, folder: Path, day: str, challenger: Model) -> Self:
        """The finite predictions of a challenger that the log has of a day.

        Raises:
            StagebookError: A file of the log cannot be read.
        """
        keys, scores = [np.empty(0, "S20")], [np.empty(0)]
        for rows in reading.read_day(folder, day, package=challenger.digest, role="challenger"):
            own = scores_of(rows.predictions, challenger)
            if own is None:
                continue
            ids, is_id = prediction_keys.of_rows(rows.facts)
            is_finite = np.isfinite(own[is_id])
            keys.append(ids[is_finite])
            scores.append(own[is_id][is_finite])
        joined = np.concatenate(keys)
        order = np.argsort(joined)
        return cls(joined[order], np.concatenate(scores)[order])

    def predicted(self, keys: Keys) -> Floats:
        """The prediction for each key; NaN for none."""
        if not len(self.keys):
            return np.full(len(keys), np.nan)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, self.scores[places], np.nan)


def scores_of(predictions: pd.DataFrame | None, model: Model) -> Floats | None:
    """The last output of a model, NaN for what is no number; None if the log lacks it."""
    name = model.manifest.model.outputs[-1]
    if predictions is None or name not in predictions.columns:
        return None
    numbers = pd.to_numeric(predictions[name], errors="coerce")
    return numbers.to_numpy(np.float64, na_value=np.nan)
