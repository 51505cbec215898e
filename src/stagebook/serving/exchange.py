"""A request and its answer, as they become known, and their entry in the log."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from stagebook.serving.ids import new_id, prediction_id
from stagebook.serving.input.rows import Rows
from stagebook.serving.input.validation import CheckedRows
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
        checked: The rows as the model gets them.
        keys: The columns of the request by which the features were looked up.
        predictions: One row for each row of the features.
        warnings: Remarks on rows; None until they are looked for.
        problems: Why the request gets no prediction.
        old: Remarks on features that were looked up; they come before the others.
        answered: Seconds until the answer was sent; None before.
    """

    served: ServedModel
    route: str
    request: str = field(default_factory=new_id)
    arrived: float = field(default_factory=time.time)
    role: str = "champion"
    status: int = 200
    rows: Rows | None = None
    checked: CheckedRows | None = None
    keys: pd.DataFrame | None = None
    predictions: pd.DataFrame | None = None
    warnings: tuple[RowWarning, ...] | None = None
    problems: tuple[RequestProblem, ...] = ()
    old: tuple[RowWarning, ...] = ()
    answered: float | None = None
    _start: float = field(default_factory=time.perf_counter)

    @property
    def features(self) -> pd.DataFrame | None:
        """The rows as the model gets them; None before they are checked."""
        return self.checked.frame if self.checked else None

    @property
    def seconds(self) -> float:
        """Time since this object was made."""
        return time.perf_counter() - self._start

    @property
    def duration(self) -> float:
        """Seconds until the answer was sent; until now before."""
        return self.seconds if self.answered is None else self.answered

    def refuse(self, refusal: Refusal) -> None:
        """Keeps why the request gets no prediction."""
        self.status, self.problems = refusal.status, refusal.problems

    def warn(self) -> tuple[RowWarning, ...]:
        """The remarks on the rows, which are looked for once."""
        if self.warnings is None:
            checked, ranges = self.checked, self.served.ranges
            self.warnings = self.old + (ranges.of_checked(checked) if checked else ())
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
        """What the log keeps of it; call it when the answer is known."""
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
            milliseconds=self.duration * 1000,
            role=self.role,
            keys=self.keys,
        )
