"""Each metric over all builds: a chart that names its points, and the values."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stagebook.history.measured import BuildMetrics
from stagebook.history.project_status import ProjectStatus
from stagebook.project.text import counted, plain
from stagebook.record.metrics import number
from stagebook.report import frame as frames
from stagebook.report import metric_words
from stagebook.report.frame import Frame
from stagebook.report.site import chart
from stagebook.report.site.chart import Point

MOST_BUILDS = 60
"""The last builds that are drawn."""

MOST_CHARTS = 24
_COMMIT = 7


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """One metric over the builds.

    Attributes:
        stage: The stage that measures it.
        name: Its dotted name.
        headline: Whether the project shows it first.
        points: Its values, oldest first; what is not a finite number is a gap with a word.
        rows: Of each build that changed it, newest first: the commit, when, and the value.
        notes: What cannot be drawn, in words.
        band: What the band around the line is, in words; empty if there is none.
    """

    stage: str
    name: str
    headline: bool
    points: tuple[Point, ...]
    rows: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    band: str = ""

    @property
    def told(self) -> bool:
        """Whether there is more to tell than one number."""
        return len(self.rows) > 1 or any(point.odd for point in self.points)

    @classmethod
    def of(
        cls, book: ProjectStatus, builds: Sequence[BuildMetrics], stage: str, name: str
    ) -> "MetricHistory":
        """The course of a metric."""
        values = [item.metrics.get(stage, {}).get(name) for item in builds]
        odd = {
            metric_words.shown(value) for value in values if value is not None and not _drawn(value)
        }
        labels = _labels(book)
        found = (_point(item, labels, stage, name) for item in builds)
        points = tuple(point for point in found if point is not None)
        notes = [f"Not drawn: {', '.join(sorted(odd))}"] if odd else []
        if len(points) < len(builds):
            notes.append(f"Measured in {len(points)} of {counted(len(builds), 'build')}")
        return cls(
            plain(stage),
            plain(name),
            name in (metric.name for metric in book.headlines),
            points,
            tuple(_rows(book, labels, builds, stage, name)),
            tuple(notes),
            _band(points, name),
        )


def render(book: ProjectStatus, frame: Frame) -> str:
    """The page of a project's metrics over its builds."""
    builds = book.builds[-MOST_BUILDS:]
    courses = [MetricHistory.of(book, builds, *item) for item in _first(book, _names(builds))]
    moved = [
        metric_history
        for metric_history in courses
        if metric_history.told or metric_history.headline
    ]
    drawn = [(course, _picture(course)) for course in moved[:MOST_CHARTS]]
    return frames.render(
        "site/history.html",
        frame,
        "History",
        drawn=drawn,
        others=[
            *moved[MOST_CHARTS:],
            *(metric_history for metric_history in courses if metric_history not in moved),
        ],
        said=_said(book, len(builds)),
        lost=_lost(book, len(book.lost & {build.commit for build in builds})),
    )


def _band(points: Sequence[Point], name: str) -> str:
    """What a metric's interval is: the two metrics beside it that are its ends."""
    if all(math.isnan(point.low) or math.isnan(point.high) for point in points):
        return ""
    return f"from {plain(name)}_low to {plain(name)}_high"


def _said(book: ProjectStatus, shown: int) -> str:
    whole = f"{counted(len(book.builds), 'build')}, stages that were run by themselves included"
    return f"{whole}." if shown == len(book.builds) else f"The last {shown} of {whole}."


def _lost(book: ProjectStatus, count: int) -> str:
    """What to say of builds whose commits git does not have."""
    if not count:
        return ""
    if book.shallow:
        return (
            f"{counted(count, 'commit')} of these builds cannot be looked up: the clone is shallow."
        )
    return f"Of {count} of these commits git knows nothing any more: history was rewritten."


def _names(builds: Sequence[BuildMetrics]) -> dict[tuple[str, str], None]:
    """Every metric that is a number in any build; ends of intervals belong to their metric."""
    found = {
        (stage, name): None
        for build in builds
        for stage, values in build.metrics.items()
        for name, value in values.items()
        if _number(value) is not None
    }
    ends = {(stage, name + end) for stage, name in found for end in ("_low", "_high")}
    return {item: None for item in found if item not in ends}


def _first(book: ProjectStatus, names: Mapping[tuple[str, str], None]) -> Iterator[tuple[str, str]]:
    """The metrics with those that the project shows first before all others."""
    headlines = [metric.name for metric in book.headlines]
    yield from sorted(
        names,
        key=lambda item: headlines.index(item[1]) if item[1] in headlines else len(headlines),
    )


def _picture(course: MetricHistory) -> str:
    """The chart, once for a wide window and once for a narrow one."""
    drawn = [point.value for point in course.points if not math.isnan(point.value)]
    if len(drawn) < 2:
        return ""
    ends = (metric_words.shown(drawn[place]) for place in (0, -1))
    label = f"{course.name} of {course.stage}: from {' to '.join(ends)}"
    return "".join(chart.draw(course.points, label, size) for size in chart.ROOMS)


def _point(build: BuildMetrics, labels: Mapping[str, str], stage: str, name: str) -> Point | None:
    """The point of a build; None if it does not have the metric."""
    values = build.metrics.get(stage, {})
    if values.get(name) is None:
        return None
    label, found = labels[build.name], _number(values[name])
    told = metric_words.shown(values[name])
    words = f"{told} at {label}, {_when(build)}"
    if found is None or not math.isfinite(found):
        odd = "not a number" if found is None else told
        return Point(label, words, math.nan, odd=odd)
    ends = (_number(values.get(name + end)) for end in ("_low", "_high"))
    low, high = (item if item is not None and math.isfinite(item) else math.nan for item in ends)
    return Point(label, words, found, low, high)


def _rows(
    book: ProjectStatus,
    labels: Mapping[str, str],
    builds: Sequence[BuildMetrics],
    stage: str,
    name: str,
) -> Iterator[tuple[str, str, str]]:
    last: Any = None
    rows: list[tuple[str, str, str]] = []
    for build in builds:
        values = build.metrics.get(stage, {})
        if name in values and (not rows or repr(values[name]) != repr(last)):
            last = values[name]
            label = f"{labels[build.name]}{_lost_words(build, book)}"
            rows.append((label, _when(build), metric_words.shown(last)))
    yield from reversed(rows)


def _labels(book: ProjectStatus) -> dict[str, str]:
    """What each build is called: its commit, counted where that was built more than once."""
    seen: Counter[str] = Counter()
    labels = {}
    for build in book.builds:
        label = _commit(build)
        seen[label] += 1
        again = f" ({seen[label]})" if build.commit and seen[label] > 1 else ""
        labels[build.name] = f"{label}{again}"
    return labels


def _commit(build: BuildMetrics) -> str:
    if build.commit is None:
        return "no commit"
    return build.commit[:_COMMIT] + ("*" if build.dirty else "")


def _lost_words(build: BuildMetrics, book: ProjectStatus) -> str:
    if build.commit not in book.lost:
        return ""
    return f" ({'not in this shallow clone' if book.shallow else 'no longer in git'})"


def _when(build: BuildMetrics) -> str:
    return build.started.replace("T", " ")


def _drawn(value: Any) -> bool:
    found = _number(value)
    return found is not None and math.isfinite(found)


def _number(value: Any) -> float | None:
    """A value that has a place in a chart, or is not finite; None of what is not a number."""
    is_nan = isinstance(value, float) and math.isnan(value)
    return math.nan if is_nan else number(value)
