"""What one package did on a day, as counts that merge to weeks and months."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from stagebook.data.profiles import score_histogram
from stagebook.data.profiles.column_json import count
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.monitoring import latency as latencies
from stagebook.monitoring import side_summary
from stagebook.monitoring.latency import LatencyHistogram
from stagebook.monitoring.side_summary import SideSummary
from stagebook.project.errors import Problem, StagebookError, Where

FORMAT = 1

Rule = tuple[str, str]
"""The code of a refusal or a warning, and its column; empty if it is about no column."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """How often something occurred.

    Attributes:
        requests: In how many requests.
        rows: In how many rows of them; 0 if it is about whole requests.
    """

    requests: int = 0
    rows: int = 0

    def __add__(self, other: "Occurrences") -> "Occurrences":
        return Occurrences(self.requests + other.requests, self.rows + other.rows)


@dataclass(frozen=True, slots=True)
class DaySummary:
    """What the log has of one package on a day, or on several after ``merge``.

    Rows that were predicted only as a challenger are counted in ``shadow`` and nowhere else.

    Attributes:
        package: The package's digest.
        days: The days (UTC), such as ``2026-11-29``, ascending.
        requests: Requests that it answered, also with a refusal.
        rows: Rows of those whose features or predictions were logged; refused requests have none.
        statuses: Requests by HTTP status.
        refusals: Of refused requests, how often each rule was broken. A request lists at most 100
            broken rules; the rest of it is ``more-violations``.
        warnings: Rows by warning.
        latency: How long answers took.
        first: The earliest request's time; None without requests.
        last: The latest request's time.
        features: The features on the package's grids; None for another package than the watched.
        answers: Likewise the predictions.
        scores: The scores; None likewise, or if the package has no column of scores.
        shadow: Requests and rows that it predicted as a challenger.

    Example:
        >>> from stagebook.monitoring.day_summary import DaySummary, merge
        >>> saturday = DaySummary("a" * 64, ("2026-11-28",), requests=3, statuses={200: 3})
        >>> sunday = DaySummary("a" * 64, ("2026-11-29",), requests=2, statuses={200: 1, 422: 1})
        >>> weekend = merge([saturday, sunday])
        >>> weekend.days, weekend.requests, weekend.statuses
        (('2026-11-28', '2026-11-29'), 5, {200: 4, 422: 1})
    """

    package: str
    days: tuple[str, ...]
    requests: int = 0
    rows: int = 0
    statuses: Mapping[int, int] = field(default_factory=dict)
    refusals: Mapping[Rule, Occurrences] = field(default_factory=dict)
    warnings: Mapping[Rule, int] = field(default_factory=dict)
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    first: datetime | None = None
    last: datetime | None = None
    features: SideSummary | None = None
    answers: SideSummary | None = None
    scores: ScoreHistogram | None = None
    shadow: Occurrences = field(default_factory=Occurrences)

    @property
    def inputs(self) -> Profile | None:
        """The profile of the features, to compare with ``profile.input.json``."""
        return self.features.profile if self.features else None

    @property
    def predictions(self) -> Profile | None:
        """The profile of the predictions, to compare with ``profile.output.json``."""
        return self.answers.profile if self.answers else None

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the format version."""
        return {
            "format": FORMAT,
            "package": self.package,
            "days": list(self.days),
            "requests": self.requests,
            "rows": self.rows,
            "statuses": [list(item) for item in sorted(self.statuses.items())],
            "refusals": [
                [*rule, times.requests, times.rows] for rule, times in sorted(self.refusals.items())
            ],
            "warnings": [[*rule, times] for rule, times in sorted(self.warnings.items())],
            "latency": self.latency.as_json(),
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "features": self.features and self.features.as_json(),
            "answers": self.answers and self.answers.as_json(),
            "scores": self.scores and self.scores.as_json(),
            "shadow": [self.shadow.requests, self.shadow.rows],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The summary in plain values.

        Raises:
            KeyError: A value is missing.
            TypeError: A value is of the wrong kind.
            ValueError: A value is impossible, or the format is another.
        """
        if values["format"] != FORMAT:
            raise ValueError(f"it has format {values['format']!r}; this Stagebook reads {FORMAT}")
        first, last = (values[name] for name in ("first", "last"))
        features, answers, scores = (values[name] for name in ("features", "answers", "scores"))
        refusals = {
            (code, column): Occurrences(count(requests), count(rows))
            for code, column, requests, rows in values["refusals"]
        }
        return cls(
            str(values["package"]),
            tuple(map(str, values["days"])),
            count(values["requests"]),
            count(values["rows"]),
            {count(status): count(times) for status, times in values["statuses"]},
            refusals,
            {(code, column): count(times) for code, column, times in values["warnings"]},
            LatencyHistogram.from_json(values["latency"]),
            datetime.fromisoformat(first) if first else None,
            datetime.fromisoformat(last) if last else None,
            SideSummary.from_json(features) if features else None,
            SideSummary.from_json(answers) if answers else None,
            ScoreHistogram.from_json(scores) if scores else None,
            Occurrences(*map(count, values["shadow"])),
        )


def merge(summaries: Sequence[DaySummary]) -> DaySummary:
    """The summary of all their requests together; a day may be in several of them.

    Args:
        summaries: At least one; all of one package.

    Raises:
        StagebookError: They are of different packages (``packages-differ``).
    """
    packages = sorted({summary.package for summary in summaries})
    if len(packages) != 1:
        names = ", ".join(f"`{package[:12]}`" for package in packages)
        message = f"Summaries of different packages cannot be merged: {names}."
        raise StagebookError(Problem("packages-differ", message, "Merge those of one package."))
    features = [summary.features for summary in summaries if summary.features]
    answers = [summary.answers for summary in summaries if summary.answers]
    scores = [summary.scores for summary in summaries if summary.scores]
    return DaySummary(
        package=packages[0],
        days=tuple(sorted({day for summary in summaries for day in summary.days})),
        requests=sum(summary.requests for summary in summaries),
        rows=sum(summary.rows for summary in summaries),
        statuses=_summed(summary.statuses for summary in summaries),
        refusals=_occurrences(summary.refusals for summary in summaries),
        warnings=_summed(summary.warnings for summary in summaries),
        latency=latencies.merge(summary.latency for summary in summaries),
        first=min((summary.first for summary in summaries if summary.first), default=None),
        last=max((summary.last for summary in summaries if summary.last), default=None),
        features=side_summary.merge(features) if features else None,
        answers=side_summary.merge(answers) if answers else None,
        scores=score_histogram.merge(scores) if scores else None,
        shadow=sum((summary.shadow for summary in summaries), Occurrences()),
    )


def _summed(parts: Iterable[Mapping[Any, int]]) -> dict[Any, int]:
    counts: Counter[Any] = Counter()
    for part in parts:
        counts.update(part)
    return dict(sorted(counts.items()))


def _occurrences(parts: Iterable[Mapping[Rule, Occurrences]]) -> dict[Rule, Occurrences]:
    times: dict[Rule, Occurrences] = {}
    for part in parts:
        for rule, occurrences in part.items():
            times[rule] = times.get(rule, Occurrences()) + occurrences
    return dict(sorted(times.items()))


def render(summary: DaySummary) -> str:
    """The summary as JSON: the same bytes for the same requests, however they were merged."""
    return dump(summary.as_json())


def dump(values: Any) -> str:
    """Plain values as compact JSON, in ASCII: a name can have half of a surrogate pair."""
    return json.dumps(values, allow_nan=False, sort_keys=True, separators=(",", ":")) + "\n"


def parse(text: str, file: str = "summary") -> DaySummary:
    """The summary in a text.

    Args:
        text: The output of ``render``.
        file: The file's name, for the error.

    Raises:
        StagebookError: The text is not a summary of this format (``bad-day-summary``).
    """
    try:
        return DaySummary.from_json(json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        message = f"This is not the summary of a day: {error}."
        hint = "Remove the file; it is computed again from the log."
        raise StagebookError(Problem("bad-day-summary", message, hint, Where(file))) from None
