"""Small packages with a reference of monitoring, and logs of their servers, day by day."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import watched_logs
from sklearn.linear_model import LinearRegression, LogisticRegression

from stagebook.model import manifest
from stagebook.model.package import package
from stagebook.monitoring.day_store import DayStore, LogSummary, Summaries
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.monitored_model import MonitoredModel
from stagebook.monitoring.status import MonitorStatus, judge
from stagebook.serving.log.request_log import LogEntry
from stagebook.serving.refusal import RequestProblem

FEATURES = ["height", "weight"]
ROWS = 100
"""Rows of a day."""

TRAIN, TEST, START = date(2026, 1, 5), date(2026, 3, 2), date(2026, 4, 6)
"""The first days of the splits and of the logs, all of them Mondays."""

Change = Callable[[pd.DataFrame], pd.DataFrame]


def days_from(first: date, count: int) -> list[str]:
    """Names of days, one after the other."""
    return [(first + timedelta(days=number)).isoformat() for number in range(count)]


def people(day: str, rows: int = ROWS) -> pd.DataFrame:
    """People of a day, some of them tall; the same each time."""
    random = np.random.default_rng(date.fromisoformat(day).toordinal())
    height, weight = random.normal(size=rows), random.normal(size=rows)
    return pd.DataFrame(
        {
            "id": [f"{day} {number}" for number in range(rows)],
            "at": pd.Timestamp(day) + pd.to_timedelta(np.arange(rows) * 10, "min"),
            "height": height,
            "weight": weight,
            "tall": height + 0.5 * random.normal(size=rows) > 0,
            "size": 10 * height + weight + random.normal(size=rows),
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A package in a folder, and its model."""

    folder: Path
    model: Any

    @property
    def digest(self) -> str:
        """The package's digest, as in a log."""
        return manifest.read(self.folder).digest

    def predictions(self, features: pd.DataFrame) -> pd.DataFrame:
        """What the server answers for some rows."""
        if not hasattr(self.model, "predict_proba"):
            return pd.DataFrame({"prediction": self.model.predict(features)})
        names = [f"probability_{name}" for name in self.model.classes_]
        return pd.DataFrame(self.model.predict_proba(features), columns=names)

    def answers(self, days: Iterable[str], change: Change | None = None) -> list[LogEntry]:
        """A request of each day, with other rows if there is a change."""
        return [self.answer(day, change) for day in days]

    def answer(self, day: str, change: Change | None = None, rows: int = ROWS) -> LogEntry:
        """One request of a day, with its predictions."""
        features = people(day, rows)[FEATURES]
        features = change(features) if change else features
        answers = self.predictions(features[FEATURES])
        facts = {"features": features, "predictions": answers, "package": self.digest}
        return watched_logs.request(day, **facts)

    def refusals(self, day: str, count: int, code: str = "bad-value") -> list[LogEntry]:
        """Refused requests of a day."""
        problem = RequestProblem(code, "Bad.", row=0, column="height")
        facts = {"features": None, "predictions": None, "problems": (problem,), "status": 422}
        return [watched_logs.request(day, package=self.digest, **facts) for _ in range(count)]

    def status(self, log: Path, **settings: Any) -> MonitorStatus:
        """The status from a log; summaries are kept beside it."""
        return self._judged(self.days(log), **settings)

    def judged(
        self, log: Path, entries: Sequence[LogEntry], usual: Sequence[str] = ()
    ) -> MonitorStatus:
        """The status from a log of some requests, and from usual days before them."""
        before = _usual(self) if usual else {}
        changed = self.days(watched_logs.write(log, *entries)) if entries else LogSummary({}, ())
        days = {day: before[day] for day in usual} | dict(changed.days)
        return self._judged(LogSummary(dict(sorted(days.items())), changed.problems))

    def days(self, log: Path) -> LogSummary:
        """The summaries of a log."""
        package = MonitoredModel.read(self.folder).package
        return DayStore(log.parent / "state", log, package).read_all()

    def _judged(
        self, days: LogSummary, false_alarms: float = 1.0, tolerance: float = 0.0
    ) -> MonitorStatus:
        model = MonitoredModel.read(self.folder)
        return judge(model, days, ErrorBudget(false_alarms), tolerance)


@cache
def _usual(watched: Watched) -> Mapping[str, Summaries]:
    """Days like the reference, from a log that is written once."""
    log = watched.folder.parent / "usual"
    return watched.days(watched_logs.write(log, *watched.answers(days_from(START, 42)))).days


def write(
    folder: Path, name: str, label: str | None = "tall", test_days: int = 28, **changes: Any
) -> Watched:
    """Writes a package of a classifier, or of a regression with the label ``size``.

    Args:
        folder: Where to write into.
        name: Its name.
        label: The label that its reference has; None for none.
        test_days: Days of the test split.
        changes: Other options of ``package``; ``alike`` gives all rows of the test one label.
    """
    folder.mkdir(parents=True, exist_ok=True)
    train = pd.concat(map(people, days_from(TRAIN, 56)), ignore_index=True)
    test = pd.concat(map(people, days_from(TEST, test_days)), ignore_index=True)
    if changes.pop("alike", False):
        test["tall"] = True
    files = {part: folder / f"{name}.{part}.parquet" for part in ("train", "test")}
    train.to_parquet(files["train"], index=False)
    test.to_parquet(files["test"], index=False)
    numbers = label == "size"
    model = LinearRegression() if numbers else LogisticRegression()
    model.fit(train[FEATURES], train["size" if numbers else "tall"])
    options: dict[str, Any] = {
        "splits": files,
        "key": "id",
        "time": "at",
        "label": label,
        "features": FEATURES,
        "scores": {"score": 0.9},
        "method": "predict" if numbers else "predict_proba",
        "purpose": "Tells the tall from the small.",
    }
    package(model, folder / name, **{**options, **changes})
    return Watched(folder / name, model)
