"""Features for requests that give the keys of entities, from an online store."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from stagebook.features.online import OnlineStore
from stagebook.model import feature_check, feature_replay, request_schema
from stagebook.model.contents import Contents
from stagebook.model.feature_golden import FeatureGolden
from stagebook.model.manifest import FEATURE_GOLDEN
from stagebook.project.errors import Problem, StagebookError
from stagebook.serving.input.rows import Rows
from stagebook.serving.input.validation import Validator
from stagebook.serving.input.violations import MOST
from stagebook.serving.key_hints import features_beside_keys
from stagebook.serving.missing_features import MissingFeatures
from stagebook.serving.refusal import Refusal, RequestProblem, RowWarning

if TYPE_CHECKING:
    from stagebook.features.service import FeatureService

Predict = Callable[[pd.DataFrame], pd.DataFrame]

_LOG = logging.getLogger("stagebook.serving")
_LOOK = 1.0  # seconds between two looks whether the store was written again
_OWN_FAULTS = {"bad-online-store": 503, "on-demand-feature-failed": 500}
_TIMES = (pd.Timestamp("1678-01-01"), pd.Timestamp("2262-01-01"))
"""The instants that the features of a request can be looked up for."""


@dataclass(frozen=True, slots=True)
class RequestFeatures:
    """The features of a request by keys.

    Attributes:
        rows: The features in the model's order.
        keys: All columns of the request that are not features alone: the log has no others.
        warnings: Remarks on features that are old or missing.
        missing: Why features are missing.
    """

    rows: Rows
    keys: pd.DataFrame
    warnings: tuple[RowWarning, ...]
    missing: MissingFeatures


class FeatureLookup:
    """Looks up the features of requests.

    A store that is written again is opened at the next request, at most a second later. If it
    cannot be opened, the store before goes on.

    Attributes:
        columns: The columns of a request.
        usual_ages: The largest age of the features of each view in the golden rows, nanoseconds
            from their events, by the view's name.
        problem: Why the newest store is not used; empty if it is.
    """

    def __init__(
        self, path: Path, service: "FeatureService", request: Validator, ages: dict[str, int]
    ) -> None:
        self.columns = service.request
        self.usual_ages = ages
        self.problem = ""
        self._path = path
        self._service = service
        self._keys = _keys(service)
        self._request = request
        self._lock = threading.Lock()
        self._version = _version(path)
        self._next_look = time.monotonic() + _LOOK
        self._store = service.open_online(path)

    @classmethod
    def open(
        cls, path: Path, contents: Contents, predict: Predict, row_limit: int
    ) -> "FeatureLookup":
        """The lookup for a package, whose golden rows have been replayed through it.

        Args:
            path: The online store.
            contents: The package.
            predict: Its model.
            row_limit: Rows that a request may have.

        Raises:
            StagebookError: The package has no feature service, its code is not here or differs,
                the store is of other definitions, or a golden row gets other features.
        """
        service = feature_check.require_features(contents)
        golden = FeatureGolden.parse(contents.files[FEATURE_GOLDEN])
        requests = golden.sample.requests[list(service.request)]
        asked = feature_check.request_schema_of(feature_check.describe(contents))
        if asked is None:  # a package of Stagebook before it kept the rules
            asked = request_schema.of(requests, {}, service.resolution.instant)
        validator = Validator.of(asked, requests, row_limit)
        lookup = cls(path, service, validator, _usual_ages(golden, service))
        feature_replay.replay(contents, service, predict, lookup.store).require()
        return lookup

    @property
    def store(self) -> OnlineStore:
        """The store, opened anew if it was written again."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK
            if (version := _version(self._path)) != self._version:
                self._renew(version)
        return self._store

    def features(self, rows: Rows) -> RequestFeatures:
        """The features of a request.

        Args:
            rows: Rows with the columns of a request.

        Raises:
            Refusal: A column is missing, of another type, or breaks its schema (422), the store
                cannot be read (503), or an on-demand feature fails (500).
        """
        service = self._service
        try:
            request = self._request.check(rows)
        except Refusal as refusal:
            raise features_beside_keys(refusal, self.columns, service.features) from None
        self._require_in_range(request[service.resolution.instant])
        try:
            with self._lock:
                looked_up = self.store.looked_up(request)
        except StagebookError as error:
            raise _refusal(error) from None
        missing = MissingFeatures(service.resolution, looked_up)
        table = looked_up.features[list(service.features)]
        warnings = (*self._warnings(looked_up.ages), *missing.warnings())
        return RequestFeatures(Rows.of_frame(table), request[self._keys], warnings, missing)

    def _require_in_range(self, instants: pd.Series) -> None:
        """Raises a Refusal if an instant is one that nanoseconds since 1970 cannot give."""
        low, high = (limit.tz_localize(instants.dt.tz) for limit in _TIMES)
        outside = ((instants < low) | (instants > high)).to_numpy().nonzero()[0].tolist()
        if outside:
            name = str(instants.name)
            message = f"`{name}` is outside the years 1678 to 2262."
            raise Refusal(
                422,
                *(
                    RequestProblem("time-out-of-range", message, row=row, column=name)
                    for row in outside[:MOST]
                ),
            )

    def _warnings(self, ages: Mapping[str, Sequence[int | None]]) -> Iterator[RowWarning]:
        for view in self._service.resolution.views:
            usual = self.usual_ages.get(view.name)
            for row, age in enumerate(ages[view.name]):
                if usual is not None and age is not None and age > usual:
                    message = (
                        f"The features of `{view.name}` are {_words(age)} old; in the golden rows "
                        f"they are at most {_words(usual)} old."
                    )
                    yield RowWarning("feature-older-than-usual", message, row, view.features[0])

    def _renew(self, version: tuple[int, ...]) -> None:
        self._version = version
        try:
            store = self._service.open_online(self._path)
            if _types(store) != _types(self._store):
                store.close()
                raise StagebookError(Problem("online-store-differs", *_OTHER_TYPES))
        except StagebookError as error:
            self.problem = str(error)
            _LOG.error("the online store before is still used: %s", error)
            return
        before, self._store = self._store, store
        self.problem = ""
        with contextlib.suppress(Exception):
            before.close()


def _keys(service: "FeatureService") -> list[str]:
    """The columns of a request that are entity keys, the instant, or no feature."""
    resolution = service.resolution
    own = {resolution.instant, *(key for view in resolution.views for key in view.entity.keys)}
    return [name for name in service.request if name in own or name not in service.features]


def _types(store: OnlineStore) -> dict[str, tuple[pa.Schema, pa.Schema]]:
    return {name: (view.keys, view.features) for name, view in store.views.items()}


_OTHER_TYPES = (
    "The online store has features of other types than before.",
    "Write it from tables whose columns have the types of the package's features.",
)


def _version(path: Path) -> tuple[int, ...]:
    """What changes when a store is written again; it is renamed into its place."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _usual_ages(golden: FeatureGolden, service: "FeatureService") -> dict[str, int]:
    sample, resolution = golden.sample, service.resolution
    instants = pd.to_datetime(sample.requests[resolution.instant], utc=True)
    ages = {}
    for view in resolution.views:
        events = pd.to_datetime(sample.views[view.name][view.event_time].to_pandas(), utc=True)
        age = (instants - events).max()
        if not pd.isna(age):
            ages[view.name] = int(age / pd.Timedelta(1, "ns"))
    return ages


def _words(age: int) -> str:
    return str(timedelta(seconds=age // 1_000_000_000))


def _refusal(error: StagebookError) -> Refusal:
    problems = tuple(RequestProblem.of(problem) for problem in error.problems)
    return Refusal(_OWN_FAULTS.get(problems[0].code, 422), *problems)
