"""Replays the golden rows of features through the online path, before a server answers anybody."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from stagebook.model import feature_golden
from stagebook.model.contents import Contents
from stagebook.model.feature_check import HINT
from stagebook.model.feature_golden import FeatureGolden
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.manifest import FEATURE_GOLDEN as FILE
from stagebook.project.errors import Exit, Problem, StagebookError, Where

if TYPE_CHECKING:
    from stagebook.features.online import OnlineStore
    from stagebook.features.service import FeatureService

Predict = Callable[[pd.DataFrame], pd.DataFrame]
"""Predictions of a model for rows of its features, in order."""

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class FeatureReplay:
    """The result of a replay.

    Attributes:
        rows: Golden rows that were replayed.
        stores: Online stores that were written for them.
        problems: What differs from the package; empty if all is as packaged.
    """

    rows: int
    stores: int
    problems: tuple[Problem, ...]

    def require(self) -> None:
        """Raises a StagebookError if anything differs."""
        if self.problems:
            raise StagebookError(*self.problems, exit_code=Exit.UNFIT)


def replay(
    contents: Contents,
    service: "FeatureService",
    predict: Predict,
    store: "OnlineStore | None" = None,
) -> FeatureReplay:
    """Looks up the golden rows online, and has the model predict them.

    The rows of the views that the package has are written into temporary online stores. So the
    replay covers the writing of a store, the look-up, the on-demand features and the model.

    Args:
        contents: The package.
        service: The feature service, from ``feature_check.require_features``.
        predict: The model, such as the method ``predict`` of a loaded one.
        store: The store that will be served from, if any: its features must have the types of
            the golden rows.

    Raises:
        StagebookError: The package has no feature service, or the features cannot be looked up.
    """
    if FILE not in contents.files:
        raise StagebookError(Problem("no-packaged-features", *_NONE, Where(str(contents.folder))))
    golden = FeatureGolden.parse(contents.files[FILE])
    result = replay_rows(golden, service, Golden.parse(contents.files[GOLDEN]), predict)
    types = tuple(_other_types(golden, store)) if store is not None else ()
    return FeatureReplay(result.rows, result.stores, (*types, *result.problems))


_NONE = (
    "The package has no feature service.",
    "Package the model with its service: stagebook.package(..., features=service)",
)


def replay_rows(
    golden: FeatureGolden, service: "FeatureService", inputs: Golden, predict: Predict
) -> FeatureReplay:
    """The same of golden rows that are already read."""
    places = list(golden.sample.places)
    rows, stores = len(places), len(set(golden.sample.groups))
    features = golden.sample.online(service.resolution)
    problems = [*_differences(features, golden.expected)]
    if not problems:
        given = inputs.inputs.iloc[places].reset_index(drop=True)
        problems += not_as_given(features, given, places)
    if not problems:
        outputs = inputs.outputs.iloc[places].reset_index(drop=True)
        predictions = predict(feature_golden.as_given(features, given))
        problems += Golden(given, outputs, inputs.tolerance).differences(predictions)
    return FeatureReplay(rows, stores, tuple(problems))


def _differences(features: pd.DataFrame, expected: pd.DataFrame) -> Iterator[Problem]:
    if list(features.columns) != list(expected.columns):
        message = f"The online path gives {_names(features)}; the package has {_names(expected)}."
        yield Problem("feature-replay-differs", message, HINT, Where(FILE))
        return
    for name in expected.columns:
        actual, packaged = features[name], expected[name]
        if actual.dtype != packaged.dtype:
            message = (
                f"The feature `{name}` has the dtype {actual.dtype} online, and {packaged.dtype} "
                "in the package."
            )
            yield Problem("feature-replay-differs", message, HINT, Where(FILE))
        elif places := feature_golden.differing(actual, packaged):
            shown = ", ".join(
                f"row {place}: {actual[place]!s} instead of {packaged[place]!s}"
                for place in places[:_SHOWN]
            )
            message = f"The feature `{name}` differs online in {len(places)} golden rows; {shown}."
            yield Problem("feature-replay-differs", message, HINT, Where(FILE))


def not_as_given(
    features: pd.DataFrame, given: pd.DataFrame, places: Sequence[int]
) -> Iterator[Problem]:
    """How features of a service differ from the rows that the model was given.

    Args:
        features: n rows of features.
        given: n rows as the model was given them.
        places: The places of these rows, for messages.
    """
    hint = (
        "Make the splits with the service: service.historical(rows, tables), from the same tables "
        "and code."
    )
    for name in given.columns:
        try:
            actual = features[name].astype(given[name].dtype)
        except (TypeError, ValueError) as error:
            message = f"The feature `{name}` is not of the dtype of the test split: {error}."
            yield Problem("features-not-as-given", message, hint, Where(GOLDEN))
            continue
        if rows := feature_golden.differing(actual, given[name]):
            shown = ", ".join(
                f"row {places[row]}: {actual[row]!s} instead of {given[name][row]!s}"
                for row in rows[:_SHOWN]
            )
            message = (
                f"The service gives another `{name}` than the test split in {len(rows)} of "
                f"{len(given)} golden rows; {shown}."
            )
            yield Problem("features-not-as-given", message, hint, Where(GOLDEN))


def _other_types(golden: FeatureGolden, store: "OnlineStore") -> Iterator[Problem]:
    from stagebook.features import columns

    for view, rows in golden.sample.views.items():
        stored = store.views[view].features
        names = [name for name in stored.names if name in rows.column_names]
        packaged = columns.to_pandas(rows.select(names).slice(0, 0))
        actual = columns.to_pandas(stored.empty_table())
        for name in names:
            if packaged[name].dtype != actual[name].dtype:
                message = (
                    f"The feature `{name}` of the view `{view}` has the dtype "
                    f"{actual[name].dtype} in the online store, and {packaged[name].dtype} in the "
                    "package."
                )
                hint = "Write the store again from a table with the types of the training data."
                where = Where(str(store.path))
                yield Problem("feature-replay-differs", message, hint, where)


def _names(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns)) or "no feature"
