"""Logs of servers of small packages, and tables with what came true."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stagebook.model.load import Model, load
from stagebook.serving import ids
from stagebook.serving.log.days import close_days
from stagebook.serving.log.request_log import LogEntry, RequestLog

FIRST, SECOND = "2026-11-28", "2026-11-29"


def opened(folder: Path) -> Model:
    """The model in a package."""
    return load(
        folder, materials="ignore", attestation="ignore", isolate="never", environment="ignore"
    )


def noon(day: str) -> float:
    """Noon of a day, seconds since 1970."""
    return pd.Timestamp(f"{day} 12:00", tz="UTC").timestamp()


def request_of(day: str) -> str:
    """The id of a request at noon of a day."""
    return f"{round(noon(day) * 1000):012x}{ids.new_id()[12:]}"


@dataclass(frozen=True, slots=True)
class LogOfServer:
    """A log that is written request by request.

    Attributes:
        folder: Its folder.
        champion: The package that answers.
        shadow: The package that predicts for the log alone; None for none.
        without: Columns that are left out.
    """

    folder: Path
    champion: Model
    shadow: Model | None = None
    without: tuple[str, ...] = ()

    def serve(
        self, rows: pd.DataFrame, day: str = FIRST, sizes: Sequence[int] = (), missed: int = 0
    ) -> list[str]:
        """Logs the answers to requests with some rows; returns the ids of the predictions.

        Args:
            rows: The rows of all requests.
            day: The day of the requests.
            sizes: Numbers of rows of the first requests; the last one has the others.
            missed: How many requests the shadow cannot keep up with.
        """
        log = RequestLog.open(self.folder, clock=lambda: noon(day), without=self.without)
        names: list[str] = []
        for place, part in enumerate(_parts(rows, sizes)):
            request = request_of(day)
            log.add(_entry(request, day, self.champion, part, "champion"))
            if self.shadow and place >= missed:
                log.add(_entry(request, day, self.shadow, part, "challenger"))
            names += [ids.prediction_id(request, row) for row in range(len(part))]
        log.close()
        assert log.state.ok
        return names

    def close(self) -> None:
        """Closes all days."""
        close_days(self.folder, "2999-01-01")


def _parts(rows: pd.DataFrame, sizes: Sequence[int]) -> list[pd.DataFrame]:
    ends = [0]
    for size in sizes:
        ends.append(min(len(rows), ends[-1] + size))
    ends.append(len(rows))
    pairs = itertools.pairwise(ends)
    return [rows.iloc[first:last] for first, last in pairs if last > first]


def _entry(request: str, day: str, model: Model, rows: pd.DataFrame, role: str) -> LogEntry:
    features = rows[list(model.manifest.model.features)].reset_index(drop=True)
    return LogEntry(
        request=request,
        time=noon(day),
        package=model.digest,
        route="/predict",
        status=200,
        features=features,
        predictions=model.predict(features),
        warnings=(),
        problems=(),
        milliseconds=1.0,
        role=role,
    )
