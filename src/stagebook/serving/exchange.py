"""A request and its answer, as they become known, and their entry in the log."""

import time
from dataclasses import dataclass, field

import pandas as pd

from stagebook.serving.ids import new_id
from stagebook.serving.input.rows import Rows
from stagebook.serving.log.request_log import LogEntry
from stagebook.serving.refusal import Refusal, RequestProblem, RowWarning
from stagebook.serving.served_model import ServedModel


@dataclass(slots=True)
class Exchange:
    """A request and what is known of it so far.

    Attributes:
        served: The package that answers.
        route: The path, such as ``/invocations``.
        request: Its id.
        arrived: When it arrived, in seconds since 1970.
        role: ``champion``, or ``challenger`` for a prediction that nobody is sent.
        status: The HTTP status of the answer.
        rows: The rows as they were sent.
        features: The rows as the model gets them.
        keys: The columns of the request by which the features were looked up.
        predictions: One row for each row of the features.
        warnings: Remarks on rows.
        problems: Why the request gets no prediction.
    """

    served: ServedModel
    route: str
    request: str = field(default_factory=new_id)
    arrived: float = field(default_factory=time.time)
    role: str = "champion"
    status: int = 200
    rows: Rows | None = None
    features: pd.DataFrame | None = None
    keys: pd.DataFrame | None = None
    predictions: pd.DataFrame | None = None
    warnings: tuple[RowWarning, ...] = ()
    problems: tuple[RequestProblem, ...] = ()
    _start: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Time since this object was made."""
        return time.perf_counter() - self._start

    def refuse(self, refusal: Refusal) -> None:
        """Keeps why the request gets no prediction."""
        self.status, self.problems = refusal.status, refusal.problems

    def entry(self) -> LogEntry:
        """What the log keeps of it; call it when the answer is known."""
        return LogEntry(
            request=self.request,
            time=self.arrived,
            package=self.served.digest,
            route=self.route,
            status=self.status,
            features=self.features,
            predictions=self.predictions,
            warnings=self.warnings,
            problems=self.problems,
            milliseconds=self.seconds * 1000,
            role=self.role,
            keys=self.keys,
        )
