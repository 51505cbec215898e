"""One request for predictions, and what is known of it so far."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from stagebook.serving.ids import new_id, prediction_id
from stagebook.serving.input.body import Rows
from stagebook.serving.log.request_log import LogEntry
from stagebook.serving.refusal import RequestProblem, RowWarning
from stagebook.serving.served_model import ServedModel


@dataclass(slots=True)
class Exchange:
    """A request and what is known of it so far.

    Attributes:
        served: The package that answers.
        route: The route of the request.
        request: The id of the request.
        arrived: When its headers were read, in seconds since 1970.
        start: The same by ``time.perf_counter``.
        rows: Its rows, when they have been parsed.
        features: The same as the model takes them, when they have been checked.
        predictions: The predictions, when there are some.
        warnings: Remarks on rows.
        problems: Why it was refused.
        old: Remarks on features that were looked up; they come before the others.
        status: The HTTP status of the answer, when there is one.
        answered: Seconds until then.
    """

    served: ServedModel
    route: str
    request: str = field(default_factory=new_id)
    arrived: float = field(default_factory=time.time)
    start: float = field(default_factory=time.perf_counter)
    rows: Rows | None = None
    features: pd.DataFrame | None = None
    predictions: pd.DataFrame | None = None
    warnings: tuple[RowWarning, ...] | None = None
    problems: tuple[RequestProblem, ...] = ()
    old: tuple[RowWarning, ...] = ()
    status: int = 0
    answered: float = 0.0

    @property
    def seconds(self) -> float:
        """Time since the request began."""
        return time.perf_counter() - self.start

    def warn(self) -> tuple[RowWarning, ...]:
        """The remarks on the rows, which are looked for once."""
        if self.warnings is None:
            ranges = self.served.ranges
            looked = () if self.features is None else ranges.warnings(self.features)
            self.warnings = self.old + looked
        return self.warnings

    def further(self) -> dict[str, Any]:
        """What the answer of ``/predict`` has beside the predictions."""
        assert self.predictions is not None, "the request has been scored"
        return {
            "request": self.request,
            "package": self.served.digest,
            "ids": [prediction_id(self.request, row) for row in range(len(self.predictions))],
            "warnings": [asdict(warning) for warning in self.warn()],
        }

    def entry(self) -> LogEntry:
        """The entry for the log, when the request has been answered."""
        return LogEntry(
            request=self.request,
            time=self.arrived,
            package=self.served.digest,
            route=self.route,
            status=self.status,
            features=self.features,
            predictions=self.predictions,
            warnings=self.warn(),
            problems=self.problems,
            milliseconds=self.answered * 1000,
        )
