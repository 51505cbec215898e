"""The summaries of one day of a log, one for each package that answered or predicted."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.data.profiles import score_histogram
from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.data.tables.arrow import to_numpy
from stagebook.monitoring import latency as latencies
from stagebook.monitoring.day_summary import DaySummary, Occurrences, Rule
from stagebook.monitoring.latency import LatencyHistogram
from stagebook.monitoring.package_reference import PackageReference
from stagebook.monitoring.side_tally import SideTally
from stagebook.serving.log import reading
from stagebook.serving.log.table import Layout

THREADS = 2
"""Columns that are counted at a time."""

_NOT_READ = ("request", "route")
_SHAPES = ("feature_shape", "prediction_shape")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def summarize(log: Path, day: str, package: PackageReference) -> dict[str, DaySummary]:
    """What each package did on a day.

    The rows are read once, some at a time, so memory does not grow with the day.

    Args:
        log: The folder of the log.
        day: Such as ``2026-11-29``, closed or not.
        package: The watched package; features and predictions are counted for it alone, since
            another package has other grids.

    Returns:
        The summaries by digest, sorted; empty if the log has no such day.

    Raises:
        StagebookError: A file of the day cannot be read (``bad-request-log``).
    """
    tallies: dict[str, _PackageTally] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        parts = reading.day_tables(log, day, without=_NOT_READ, has_lists=True)
        for layout, table in parts:
            for digest, role, rows in _by_package(table):
                if digest not in tallies:
                    watched = package if digest == package.digest else None
                    tallies[digest] = _PackageTally.of(digest, watched)
                if role == "champion":
                    tallies[digest].add(layout, rows, pool)
                else:
                    tallies[digest].add_shadow(rows)
    return {digest: tally.summary(day) for digest, tally in sorted(tallies.items())}


def _by_package(table: pa.Table) -> Iterator[tuple[str, str, pa.Table]]:
    """The rows by package and role."""
    names = {name: table[name].cast(pa.string()) for name in ("package", "role")}
    for pair in pa.table(names).group_by(["package", "role"]).aggregate([]).to_pylist():
        own = pc.and_(*(pc.equal(names[name], pair[name]) for name in ("package", "role")))
        yield pair["package"], pair["role"], table if pc.all(own).as_py() else table.filter(own)


def _by_shape(table: pa.Table, name: str) -> Iterator[tuple[int, pa.Table]]:
    """The predicted rows that have a shape in a column, by shape."""
    places = pc.if_else(pc.is_valid(table["row"]), table[name], None)
    for place in pc.unique(places).to_pylist():
        if place is not None:
            own = pc.fill_null(pc.equal(places, place), False)
            yield place, table if pc.all(own).as_py() else table.filter(own)


@dataclass(slots=True)
class _PackageTally:
    """The counts of one package so far."""

    digest: str
    features: SideTally | None
    answers: SideTally | None
    score: str | None
    scores: ScoreHistogram | None
    requests: int = 0
    rows: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    refusals: dict[Rule, Occurrences] = field(default_factory=dict)
    warnings: Counter[Rule] = field(default_factory=Counter)
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    times: list[int] = field(default_factory=list)
    shadow: Occurrences = field(default_factory=Occurrences)

    @classmethod
    def of(cls, digest: str, reference: PackageReference | None) -> "_PackageTally":
        """An empty tally; the sides are counted only with a reference."""
        if reference is None:
            return cls(digest, None, None, None, None)
        sides = (SideTally.of(reference.inputs), SideTally.of(reference.predictions))
        scores = ScoreHistogram.of([]) if reference.score is not None else None
        return cls(digest, *sides, reference.score, scores)

    def add_shadow(self, rows: pa.Table) -> None:
        """Counts what it predicted as a challenger."""
        first = int(pc.sum(_begins_request(rows)).as_py() or 0)
        self.shadow += Occurrences(first, rows.num_rows - rows["row"].null_count)

    def add(self, layout: Layout, rows: pa.Table, pool: Executor) -> None:
        """Counts rows that it answered with."""
        self.rows += rows.num_rows - rows["row"].null_count
        self._add_requests(rows.filter(_begins_request(rows)))
        for warnings in _remarks(rows["warnings"]):
            self.warnings.update({_rule(warning) for warning in warnings})
        for name, side in zip(_SHAPES, (self.features, self.answers), strict=True):
            if side is not None:
                for place, own in _by_shape(rows, name):
                    side.add(layout.shapes[place], own, pool)
        if self.scores is not None:
            self._add_scores(layout, rows)

    def _add_requests(self, firsts: pa.Table) -> None:
        """Counts requests, of which each has one row here."""
        if not firsts.num_rows:
            return
        self.requests += firsts.num_rows
        for item in pc.value_counts(firsts["status"]).to_pylist():
            self.statuses[item["values"]] += item["counts"]
        times = firsts["milliseconds"].drop_null()  # nobody waits for the answers of a batch
        own = LatencyHistogram.of(to_numpy(times.combine_chunks()))
        self.latency = latencies.merge([self.latency, own])
        ends = pc.min_max(firsts["time"].cast(pa.int64())).as_py()
        self.times = [min([ends["min"], *self.times]), max([ends["max"], *self.times])]
        for problems in _remarks(firsts["problems"]):
            for rule, occurrences in _broken(problems).items():
                self.refusals[rule] = self.refusals.get(rule, Occurrences()) + occurrences

    def _add_scores(self, layout: Layout, rows: pa.Table) -> None:
        for place, own in _by_shape(rows, "prediction_shape"):
            stored = layout.shapes[place]
            names = [str(column.name) for column in stored.shape]
            values = own[stored.names[names.index(self.score)]] if self.score in names else None
            histogram = ScoreHistogram.of(_scores(values, own.num_rows))
            self.scores = score_histogram.merge([self.scores or histogram, histogram])

    def summary(self, day: str) -> DaySummary:
        """The summary of the counted rows."""
        first, last = map(_instant, self.times) if self.times else (None, None)
        return DaySummary(
            package=self.digest,
            days=(day,),
            requests=self.requests,
            rows=self.rows,
            statuses=dict(sorted(self.statuses.items())),
            refusals=dict(sorted(self.refusals.items())),
            warnings=dict(sorted(self.warnings.items())),
            latency=self.latency,
            first=first,
            last=last,
            features=self.features.summary() if self.features else None,
            answers=self.answers.summary() if self.answers else None,
            scores=self.scores,
            shadow=self.shadow,
        )


def _begins_request(rows: pa.Table) -> pa.ChunkedArray:
    """Which rows are the first of their request, or the only one of a request without rows."""
    return pc.fill_null(pc.equal(rows["row"], 0), True)


def _instant(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _remarks(texts: pa.ChunkedArray) -> list[list[dict[str, Any]]]:
    """The warnings or problems of each row that has some; JSON is read faster in one text."""
    filled = texts.drop_null().to_pylist()
    remarks: list[list[dict[str, Any]]] = json.loads(f"[{','.join(filled)}]") if filled else []
    return remarks


def _rule(remark: dict[str, Any]) -> Rule:
    return remark["code"], remark["column"] or ""


def _broken(problems: list[dict[str, Any]]) -> dict[Rule, Occurrences]:
    """The rules that one request broke, with its rows that broke them."""
    rows: dict[Rule, set[int]] = defaultdict(set)
    for problem in problems:
        rows[_rule(problem)].update([] if problem["row"] is None else [problem["row"]])
    return {rule: Occurrences(1, len(places)) for rule, places in rows.items()}


def _scores(values: pa.ChunkedArray | None, rows: int) -> Any:
    """Scores as doubles; NaN where there is no number."""
    is_number = values is not None and (
        pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    )
    if values is None or not is_number:
        return np.full(rows, np.nan)
    return to_numpy(pc.fill_null(values.cast(pa.float64()), float("nan")).combine_chunks())
