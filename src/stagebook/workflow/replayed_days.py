"""Logged rows joined with labels and predicted by a challenger, a part of a day at a time.

Only predictions, places of labels and texts of slices are kept, so the size of a month in memory
does not depend on its features.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from stagebook.model import comparison_rows
from stagebook.model.load import Model
from stagebook.model.paired_metrics import Floats
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project.masks import MASK
from stagebook.project.text import listed
from stagebook.serving.log import prediction_keys
from stagebook.serving.log.prediction_keys import Flags
from stagebook.serving.log.reading import LoggedRows
from stagebook.workflow import logged_scores
from stagebook.workflow.logged_scores import Shadow
from stagebook.workflow.prediction_labels import PredictionLabels

_SHOWN = 8
_TEXTS = pa.dictionary(pa.int32(), pa.string())

Places = npt.NDArray[np.intp]
"""Places of labels; -1 for none."""


@dataclass(frozen=True, slots=True, eq=False)
class ReplayedRows:
    """Rows to compare on.

    Attributes:
        frame: The label, slices and cluster of n rows.
        champion: Shape (n,), its predictions.
        challenger: Shape (n,), its predictions.
        lacking: Features of the challenger that the log does not have, of rows that it would
            have to predict.
    """

    frame: pd.DataFrame
    champion: Floats
    challenger: Floats
    lacking: tuple[str, ...]


class DayReplay:
    """Collects the rows that can be compared, and counts all others.

    Args:
        log: The folder of the log, for messages.
        labels: What came true.
        further: Slices and cluster: columns of the logged features, or else of the labels.
        champion: The package that the server answered with.
        challenger: The other package.
    """

    def __init__(
        self,
        log: Path,
        labels: PredictionLabels,
        further: tuple[str, ...],
        champion: Model,
        challenger: Model,
    ) -> None:
        self._where = Where(log.as_posix())
        self._labels = labels
        self._further = further
        self._champion, self._challenger = champion, challenger
        self._is_known = np.zeros(len(labels.keys), np.bool_)
        self._lacking: dict[str, None] = {}
        self._kept = _Kept({name: [] for name in further})
        names = ("served", "failed", "unlabelled", "contradictory", "masked", "unseen", "shadow")
        self.counts = dict.fromkeys(names, 0)

    def add(self, rows: LoggedRows, shadow: Shadow) -> None:
        """Adds some rows of the champion.

        Args:
            rows: The rows.
            shadow: What the challenger predicted on the same day.

        Raises:
            StagebookError: The log lacks the champion's prediction (``not-logged``), a slice or
                the cluster (``no-comparison-column``); or the challenger gives no finite number.
        """
        if rows.features is None:
            return
        count = len(rows.facts)
        self.counts["served"] += count
        if rows.predictions is None:
            self.counts["failed"] += count
            return
        champion = self._champion_scores(rows.predictions)
        keys, is_id = prediction_keys.of_rows(rows.facts)
        places, logged = np.full(count, -1, np.intp), np.full(count, np.nan)
        places[is_id], logged[is_id] = self._labels.places(keys), shadow.predicted(keys)
        usable = self._comparable(places, champion)
        if not usable.any():
            return
        challenger = self._challenger_scores(rows.features, logged, usable)
        usable &= np.isfinite(challenger)
        self.counts["shadow"] += int(np.isfinite(logged[usable]).sum())
        self._keep(rows.features, usable, places, champion, challenger)

    def _comparable(self, places: Places, champion: Floats) -> Flags:
        """The rows with a prediction of the champion and one label."""
        is_labelled = places >= 0
        own = places[is_labelled]
        self._is_known[own] = True
        is_clear = np.zeros(len(places), np.bool_)
        is_clear[is_labelled] = ~self._labels.contradictory[own]
        usable = self._counted("failed", np.isfinite(champion), np.ones(len(places), np.bool_))
        usable = self._counted("unlabelled", is_labelled, usable)
        return self._counted("contradictory", is_clear, usable)

    def _counted(self, name: str, holds: Flags, usable: Flags) -> Flags:
        """The usable rows for which a condition holds; counts the others."""
        self.counts[name] += int((usable & ~holds).sum())
        return usable & holds

    def _champion_scores(self, predictions: pd.DataFrame) -> Floats:
        scores = logged_scores.scores_of(predictions, self._champion)
        if scores is None:
            name = self._champion.manifest.model.outputs[-1]
            message = f"The log does not have the champion's prediction `{name}`."
            hint = "Serve without leaving it out of the log, or compare on a file: --data FILE"
            raise StagebookError(Problem("not-logged", message, hint, self._where))
        return scores

    def _challenger_scores(self, features: pd.DataFrame, logged: Floats, usable: Flags) -> Floats:
        """The logged predictions, and new ones for other usable rows; NaN for none."""
        scores = logged.copy()
        names = list(self._challenger.manifest.model.features)
        wanted = usable & np.isnan(logged)
        lacking = [name for name in names if name not in features.columns]
        if lacking:
            if wanted.any():
                self._lacking.update(dict.fromkeys(lacking))
                self.counts["unseen"] += int(wanted.sum())
            return scores
        if wanted.any():
            wanted = self._counted("masked", ~_masked(features[names]), wanted)
        if wanted.any():
            rows = features.loc[wanted, names].reset_index(drop=True)
            predicted = self._challenger.predict(rows)
            path = self._where.file
            scores[wanted] = comparison_rows.predictions(predicted, "challenger", path)
        return scores

    def _keep(
        self,
        features: pd.DataFrame,
        usable: Flags,
        places: Places,
        champion: Floats,
        challenger: Floats,
    ) -> None:
        own = places[usable]
        for name in self._further:
            if name in features.columns:
                column = features.loc[usable, name]
            else:
                column = self._label_column(name, own, features)
            self._kept.texts[name].append(_dictionary(column))
        self._kept.places.append(own)
        self._kept.champion.append(champion[usable])
        self._kept.challenger.append(challenger[usable])

    def _label_column(self, name: str, places: Places, features: pd.DataFrame) -> "pd.Series[Any]":
        values = self._labels.values
        if name in values.column_names:
            column: pd.Series[Any] = values[name].take(pa.array(places)).to_pandas()
            return column
        there = [*map(str, features.columns), *values.column_names]
        message = f"Neither the logged features nor the labels have the column `{name}`."
        hint = did_you_mean(name, there, f"Columns: {listed(there, _SHOWN)}")
        raise StagebookError(Problem("no-comparison-column", message, hint, self._where))

    def rows(self) -> ReplayedRows:
        """All rows that can be compared."""
        kept, values = self._kept, self._labels.values
        label = values.column_names[0]
        places = np.concatenate([np.empty(0, np.intp), *kept.places])
        frame = {
            name: pa.chunked_array(parts, _TEXTS).unify_dictionaries().to_pandas()
            for name, parts in kept.texts.items()
        }
        frame[label] = values[label].take(pa.array(places)).to_pandas()
        champion = np.concatenate([np.empty(0), *kept.champion])
        challenger = np.concatenate([np.empty(0), *kept.challenger])
        return ReplayedRows(pd.DataFrame(frame), champion, challenger, tuple(self._lacking))

    def unknown(self, since: str, until: str) -> int:
        """Labels for no prediction of the champion.

        Args:
            since: Labels of predictions before this day are not counted; empty for none.
            until: The same for those after.
        """
        days = prediction_keys.days(self._labels.keys[~self._is_known])
        is_counted = np.ones(len(days), np.bool_)
        if since:
            is_counted &= days >= np.datetime64(since)
        if until:
            is_counted &= days <= np.datetime64(until)
        return int(is_counted.sum()) + self._labels.strangers


@dataclass(frozen=True, slots=True)
class _Kept:
    """Parts of arrays with what is kept of rows."""

    texts: dict[str, list[pa.Array]]
    places: list[Places] = field(default_factory=list)
    champion: list[Floats] = field(default_factory=list)
    challenger: list[Floats] = field(default_factory=list)


def _masked(features: pd.DataFrame) -> Flags:
    """The rows with a text in which the log hides a secret."""
    is_masked = np.zeros(len(features), np.bool_)
    texts = features.select_dtypes(exclude=["number", "bool", "datetime", "timedelta"])
    for name in texts.columns:
        values = texts[name].astype(object).map(_has_mask)
        is_masked |= values.to_numpy(np.bool_)
    return is_masked


def _has_mask(value: object) -> bool:
    return isinstance(value, str) and MASK in value


def _dictionary(column: "pd.Series[Any]") -> pa.Array:
    texts = pa.array(comparison_rows.texts(column), pa.string())
    return texts.dictionary_encode()
