"""A prediction, back to its request, its package, and all that the package was made from."""

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from stagebook.history.lineage import tracing, walk
from stagebook.history.lineage.graph import Trace, TraceQuery
from stagebook.model import package_search
from stagebook.model.package_search import LocatedPackage
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.masks import MASK
from stagebook.project.project import Project
from stagebook.project.text import counted
from stagebook.serving import answers, ids
from stagebook.serving.log import finding, reading
from stagebook.serving.log.finding import LoggedRequest


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """A row of a request, as the log has it.

    Attributes:
        row: Its place in the request, counted from 0.
        features: The features by name, as JSON values.
        prediction: The prediction by the name of each output; empty if the model failed.
        keys: The columns by which the features were looked up; empty if they were sent.
    """

    row: int
    features: dict[str, Any]
    prediction: dict[str, Any]
    keys: dict[str, Any] = field(default_factory=dict)

    @property
    def masked(self) -> tuple[str, ...]:
        """The features, predictions and keys in which the log hides a secret."""
        named = (*self.features.items(), *self.prediction.items(), *self.keys.items())
        return tuple(name for name, value in named if isinstance(value, str) and MASK in value)


@dataclass(frozen=True, slots=True)
class TracedRequest:
    """A request, and the package that answered it.

    Attributes:
        logged: What the log has of it.
        rows: Its rows; only the row of the prediction, if the trace is of a prediction.
        package: The package; None if it is unknown here.
    """

    logged: LoggedRequest
    rows: tuple[LoggedRow, ...]
    package: LocatedPackage | None

    @property
    def time(self) -> str:
        """When it arrived, ISO 8601."""
        moment = datetime.datetime.fromtimestamp(self.logged.time, datetime.UTC)
        return moment.isoformat(timespec="milliseconds")

    @property
    def left_out(self) -> tuple[str, ...]:
        """The features and outputs of the package that the log leaves out."""
        if self.package is None:
            return ()
        model = self.package.manifest.model
        pairs = (
            (model.features, self.logged.features),
            (model.outputs, self.logged.predictions),
        )
        return tuple(
            name
            for names, frame in pairs
            if frame is not None
            for name in names
            if name not in frame.columns
        )

    def as_json(self) -> dict[str, Any]:
        """This request as plain values."""
        logged = self.logged
        package = self.package
        shown = {row.row for row in self.rows}
        return {
            "request": logged.request,
            "role": logged.role,
            "time": self.time,
            "route": logged.route,
            "status": logged.status,
            "milliseconds": logged.milliseconds,
            "package": {
                "digest": logged.package,
                "name": package.manifest.name if package else None,
                **(package.folder.as_json() if package else {"path": None, "md5": None}),
            },
            "rows": [{**asdict(row), "masked": list(row.masked)} for row in self.rows],
            "left_out": list(self.left_out),
            "warnings": [asdict(item) for item in logged.warnings if item.row in shown],
            "violations": [asdict(item) for item in logged.problems],
        }


@dataclass(frozen=True, slots=True)
class PredictionTrace:
    """What a prediction came from.

    Attributes:
        requests: The request, and what a challenger in the shadow predicted for it.
        trace: What their packages were made from; without files if they are unknown.
        problems: Packages that are unknown here.
    """

    requests: tuple[TracedRequest, ...]
    trace: Trace
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """This trace as plain values, as ``docs/reference/cli.md`` describes them."""
        return {
            **self.trace.as_json(),
            "requests": [request.as_json() for request in self.requests],
            "problems": [problem.as_json() for problem in self.problems],
        }


def trace(project: Project, name: str, log: Path | None) -> PredictionTrace:
    """Everything that a prediction came from.

    Args:
        project: The project that made the package.
        name: The id of a prediction, or of a whole request.
        log: The folder of the request log; None if nobody named it.

    Raises:
        StagebookError: The log is not known, or it does not have the prediction.
    """
    folder = _require_log(log)
    request, row = ids.parse(name)
    logged = _logged(folder, request)
    if row is not None:
        _require_row(folder, logged, row)
    with tracing.opened(project, None) as ledger:
        packages = {
            digest: package_search.locate(ledger, digest)
            for digest in dict.fromkeys(entry.package for entry in logged)
        }
        folders = dict.fromkeys(package.folder for package in packages.values() if package)
        query = TraceQuery(f"prediction:{name}", "prediction", tuple(folders))
        package_trace = walk.trace(ledger, query, (), down=False)
    requests = tuple(
        TracedRequest(entry, tuple(_rows(entry, row)), packages[entry.package]) for entry in logged
    )
    problems = (_unknown(project, digest) for digest, package in packages.items() if not package)
    return PredictionTrace(requests, package_trace, tuple(problems))


def _require_log(log: Path | None) -> Path:
    if log is None:
        message = "The folder of the request log is not known."
        hint = (
            "Name the folder that the server writes to: --log FOLDER, or export "
            "STAGEBOOK_SERVE_LOG=FOLDER"
        )
        raise StagebookError(Problem("no-request-log", message, hint))
    if not log.is_dir():
        message = "The folder of the request log does not exist."
        hint = "Name the folder that the server writes to: --log FOLDER"
        raise StagebookError(Problem("no-request-log", message, hint, Where(str(log))))
    return log


def _logged(folder: Path, request: str) -> tuple[LoggedRequest, ...]:
    try:
        return finding.find(folder, request)
    except StagebookError as error:
        if error.problems[0].code != "unknown-request":
            raise
    logged = reading.days(folder)
    held = f"has the days {logged[0]} to {logged[-1]}" if logged else "is empty"
    message = f"The request log has no request `{request}`."
    hint = f"The log {held}. Check the id, and name the log of the server: --log FOLDER"
    raise StagebookError(Problem("no-prediction", message, hint, Where(str(folder))))


def _require_row(folder: Path, logged: tuple[LoggedRequest, ...], row: int) -> None:
    rows = max(map(_count, logged))
    if row >= rows:
        request = logged[0].request
        message = f"The request `{request}` has {counted(rows, 'row')}, not row {row}."
        hint = (
            f"Rows are counted from 0. To trace the request: stagebook trace prediction:{request}"
        )
        raise StagebookError(Problem("no-prediction", message, hint, Where(str(folder))))


def _count(entry: LoggedRequest) -> int:
    frames = (entry.features, entry.predictions)
    return max(0 if frame is None else len(frame) for frame in frames)


def _rows(entry: LoggedRequest, row: int | None) -> Iterator[LoggedRow]:
    """The rows of a request, or only one of them."""
    count = _count(entry)
    places = range(count) if row is None else range(row, min(row + 1, count))
    frames = (entry.features, entry.predictions, entry.keys)
    records = [_records(frame, places) for frame in frames]
    for place, features, prediction, keys in zip(places, *records, strict=True):
        yield LoggedRow(place, features, prediction, keys)


def _records(frame: pd.DataFrame | None, places: range) -> list[dict[str, Any]]:
    if frame is None or len(frame.columns) == 0:
        return [{} for _ in places]
    return answers.records(frame.iloc[places.start : places.stop])


def _unknown(project: Project, digest: str) -> Problem:
    message = f"This project does not know the package {digest[:16]} that answered the request."
    hint = (
        "Trace in the project that made the package. If it is this one, get its branches and the "
        "packages of its older commits: git fetch --all, then dvc fetch --all-commits"
    )
    return Problem("unknown-package", message, hint, Where(str(project.root)))
