"""Features for requests that give the keys of entities, from an online store."""

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stagebook.features.online import OnlineStore
from stagebook.model import feature_check, feature_replay
from stagebook.model.contents import Contents
from stagebook.model.feature_golden import FeatureGolden
from stagebook.model.manifest import FEATURE_GOLDEN
from stagebook.model.schema import Field, Schema
from stagebook.project.errors import StagebookError
from stagebook.serving import answers
from stagebook.serving.input.rows import Rows
from stagebook.serving.input.validation import Validator
from stagebook.serving.refusal import Refusal, RequestProblem

if TYPE_CHECKING:
    from stagebook.features.service import FeatureService

Predict = Callable[[pd.DataFrame], pd.DataFrame]

_LOOK = 1.0  # seconds between two looks whether the store was written again
_OWN_FAULTS = {"bad-online-store": 503, "on-demand-feature-failed": 500}
_MLFLOW_TYPES = {"b": "boolean", "i": "long", "u": "long", "f": "double", "M": "datetime"}


class FeatureLookup:
    """Looks up the features of requests.

    A store that is written again is opened at the next request, at most a second later. If it
    cannot be opened, the store before goes on.

    Attributes:
        columns: The columns of a request.
        problem: Why the newest store is not used; empty if it is.
    """

    def __init__(self, path: Path, service: "FeatureService", request: Validator) -> None:
        self.columns = service.request
        self.problem = ""
        self._path = path
        self._service = service
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
        validator = Validator.of(_schema(requests, service), requests, row_limit)
        lookup = cls(path, service, validator)
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

    def features(self, rows: Rows) -> Rows:
        """The features of a request, in the model's order.

        Args:
            rows: Rows with the columns of a request.

        Raises:
            Refusal: A column is missing or of another type (422), the store cannot be read (503),
                or an on-demand feature fails (500).
        """
        request = self._request.check(rows)
        try:
            with self._lock:
                table = self.store.online(request)
        except StagebookError as error:
            raise _refusal(error) from None
        names = self._service.features
        return Rows(names, answers.records(table[list(names)]))

    def _renew(self, version: tuple[int, ...]) -> None:
        try:
            store = self._service.open_online(self._path)
        except StagebookError as error:
            self.problem = str(error)
            return
        before, self._store = self._store, store
        self._version, self.problem = version, ""
        with contextlib.suppress(Exception):
            before.close()


def _version(path: Path) -> tuple[int, ...]:
    """What changes when a store is written again; it is renamed into its place."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _schema(requests: pd.DataFrame, service: "FeatureService") -> Schema:
    """What the columns of a request must be: those of the golden requests, all but one optional."""
    fields = (
        Field(
            str(name),
            _MLFLOW_TYPES.get(getattr(requests[name].dtype, "kind", ""), "string"),
            str(requests[name].dtype),
            nullable=name != service.resolution.instant,
        )
        for name in requests.columns
    )
    return Schema(None, tuple(fields))


def _refusal(error: StagebookError) -> Refusal:
    problems = tuple(
        RequestProblem(problem.code, problem.message, problem.hint) for problem in error.problems
    )
    return Refusal(_OWN_FAULTS.get(problems[0].code, 422), *problems)
