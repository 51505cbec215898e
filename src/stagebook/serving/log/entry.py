"""One request for the log, and the texts that a file keeps of it."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields

import pandas as pd

from stagebook.project.masks import Masks
from stagebook.serving.log.frame_json import EncodedFrame, FrameEncoder
from stagebook.serving.refusal import RequestProblem, RowWarning


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request with its answer. Its frames must not change after it is logged.

    Attributes:
        request: The request's id, of ``ids.new_id``.
        time: Seconds since 1970.
        package: The package's digest.
        route: The path, such as ``/invocations``.
        status: The HTTP status of the answer.
        features: The rows as the model got them; None if the request was refused.
        predictions: One row for each row of the features; None if there are none.
        warnings: Remarks on rows.
        problems: Why the request was refused.
        milliseconds: How long the answer took; None if nobody waited for it, as in a batch.
        role: ``champion``, or ``challenger`` for a prediction that nobody was sent.
        keys: One row for each row of the features: the entity keys, the instant and other columns
            of the request by which the features were looked up; None if they were sent.
    """

    request: str
    time: float
    package: str
    route: str
    status: int
    features: pd.DataFrame | None
    predictions: pd.DataFrame | None
    warnings: tuple[RowWarning, ...]
    problems: tuple[RequestProblem, ...]
    milliseconds: float | None
    role: str = "champion"
    keys: pd.DataFrame | None = None

    @property
    def cells(self) -> int:
        """Number of values of its features and keys, at least 1."""
        return 1 + sum(frame.size for frame in (self.features, self.keys) if frame is not None)


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A log entry as a file keeps it; see ``LogEntry``.

    Attributes:
        rows: Number of rows of the features and predictions.
        feature_shape: The JSON of the features' names and dtypes.
        features: Their JSON.
        prediction_shape: The JSON of the predictions' names and dtypes.
        predictions: Their JSON.
        warnings: JSON; None if there are none.
        problems: JSON; None if there are none.
        key_shape: The JSON of the keys' names and dtypes.
        keys: Their JSON.
    """

    request: str
    role: str
    time: float
    package: str
    route: str
    status: int
    milliseconds: float | None
    rows: int
    feature_shape: str | None
    features: str | None
    prediction_shape: str | None
    predictions: str | None
    warnings: str | None
    problems: str | None
    key_shape: str | None = None
    keys: str | None = None

    @property
    def size(self) -> int:
        """Approximate number of bytes in memory."""
        texts = (self.features, self.predictions, self.keys, self.warnings, self.problems)
        return 1_000 + sum(len(text) for text in texts if text)


Use = tuple[str, str | None, str | None, str | None]
"""A package, with the shapes of features, predictions and keys as JSON."""

COLUMNS = tuple(field.name for field in fields(StoredEntry))


class EntryEncoder:
    """Encodes entries.

    Args:
        without: Names of columns that are left out.
        masks: The secrets to hide; none without a project.
    """

    def __init__(self, without: Collection[str] = (), masks: Masks | None = None) -> None:
        self._without = frozenset(without)
        self._masks = masks or Masks()
        self._frames = FrameEncoder(without, masks)

    def encode(self, entry: LogEntry) -> StoredEntry:
        """The texts that a file keeps of an entry."""
        frames = (entry.features, entry.predictions, entry.keys)
        features, predictions, keys = map(self._frame, frames)
        return StoredEntry(
            request=entry.request,
            role=entry.role,
            time=float(entry.time),
            package=entry.package,
            route=self._masks.hide(entry.route.encode(errors="replace").decode()),
            status=int(entry.status),
            milliseconds=None if entry.milliseconds is None else float(entry.milliseconds),
            rows=max(frame.rows if frame else 0 for frame in (features, predictions)),
            feature_shape=features.shape if features else None,
            features=features.values if features else None,
            prediction_shape=predictions.shape if predictions else None,
            predictions=predictions.values if predictions else None,
            warnings=self.remarks(entry.warnings),
            problems=self.remarks(entry.problems),
            key_shape=keys.shape if keys else None,
            keys=keys.values if keys else None,
        )

    def _hides(self, remark: RowWarning | RequestProblem) -> bool:
        return remark.column is None or remark.column in self._without

    def _frame(self, frame: pd.DataFrame | None) -> EncodedFrame | None:
        return None if frame is None else self._frames.encode(frame)

    def remarks(self, remarks: Iterable[RowWarning | RequestProblem]) -> str | None:
        """Warnings or problems as JSON.

        Where columns are left out, so are the messages about them, and those about no column,
        which can contain any part of a request.
        """
        if not remarks:
            return None
        plain = [
            {
                "code": remark.code,
                "message": "" if self._without and self._hides(remark) else remark.message,
                "hint": getattr(remark, "hint", ""),
                "row": remark.row,
                "column": remark.column,
            }
            for remark in remarks
        ]
        return self._masks.hide_document(json.dumps(plain), numbers=False)
