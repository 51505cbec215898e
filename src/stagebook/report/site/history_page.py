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
        band: What the band around the line is, in words; empty without a band.
    """

    stage: str
    name: str
    headline: bool
    points: tuple[Point, ...]
    rows: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    band: str = ""

    @property
    def is_eventful(self) -> bool:
        """Whether it has more than one number."""
        return len(self.rows) > 1 or any(point.odd for point in self.points)

    @classmethod
    def of(
        cls, status: ProjectStatus, builds: Sequence[BuildMetrics], stage: str, name: str
    ) -> "MetricHistory":
        """The course of a metric."""
        values = [item.metrics.get(stage, {}).get(name) for item in builds]
        odd = {
            metric_words.shown(value) for value in values if value is not None and not _drawn(value)
        }
        labels = _labels(status)
        candidates = (_point(item, labels, stage, name) for item in builds)
        points = tuple(point for point in candidates if point is not None)
        notes = [f"Not drawn: {', '.join(sorted(odd))}"] if odd else []
        if len(points) < len(builds):
            notes.append(f"Measured in {len(points)} of {counted(len(builds), 'build')}")
        return cls(
            plain(stage),
            plain(name),
            name in (metric.name for metric in status.headlines),
            points,
            tuple(_rows(status, labels, builds, stage, name)),
            tuple(notes),
            _band(points, name),
        )


def render(status: ProjectStatus, frame: Frame) -> str:
    """The page of a project's metrics over its builds."""
    builds = status.builds[-MOST_BUILDS:]
    courses = [MetricHistory.of(status, builds, *item) for item in _first(status, _names(builds))]
    moved = [
        metric_history
        for metric_history in courses
        if metric_history.is_eventful or metric_history.headline
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
        build_count=_build_count(status, len(builds)),
        lost_note=_lost_note(status, len(status.lost & {build.commit for build in builds})),
    )


def _band(points: Sequence[Point], name: str) -> str:
    """What a metric's interval is: the two metrics beside it that are its ends."""
    if all(math.isnan(point.low) or math.isnan(point.high) for point in points):
        return ""
    return f"from {plain(name)}_low to {plain(name)}_high"


def _build_count(status: ProjectStatus, shown: int) -> str:
    total = f"{counted(len(status.builds), 'build')}, including stages that were run alone"
    return f"{total}." if shown == len(status.builds) else f"The last {shown} of {total}."


def _lost_note(status: ProjectStatus, count: int) -> str:
    """A note on builds whose commits git does not have; empty without any."""
    if not count:
        return ""
    if status.shallow:
        return (
            f"{counted(count, 'commit')} of these builds cannot be looked up: the clone is shallow."
        )
    return f"Git no longer has {count} of these commits: its history was rewritten."


def _names(builds: Sequence[BuildMetrics]) -> dict[tuple[str, str], None]:
    """Every metric that is a number in any build; ends of intervals belong to their metric."""
    names = {
        (stage, name): None
        for build in builds
        for stage, values in build.metrics.items()
        for name, value in values.items()
        if _number(value) is not None
    }
    ends = {(stage, name + end) for stage, name in names for end in ("_low", "_high")}
    return {item: None for item in names if item not in ends}


def _first(
    status: ProjectStatus, names: Mapping[tuple[str, str], None]
) -> Iterator[tuple[str, str]]:
    """The metrics with those that the project shows first before all others."""
    headlines = [metric.name for metric in status.headlines]
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
    label, value = labels[build.name], _number(values[name])
    text = metric_words.shown(values[name])
    words = f"{text} at {label}, {_when(build)}"
    if value is None or not math.isfinite(value):
        odd = "not a number" if value is None else text
        return Point(label, words, math.nan, odd=odd)
    ends = (_number(values.get(name + end)) for end in ("_low", "_high"))
    low, high = (item if item is not None and math.isfinite(item) else math.nan for item in ends)
    return Point(label, words, value, low, high)


def _rows(
    status: ProjectStatus,
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
            label = f"{labels[build.name]}{_lost_words(build, status)}"
            rows.append((label, _when(build), metric_words.shown(last)))
    yield from reversed(rows)


def _labels(status: ProjectStatus) -> dict[str, str]:
    """What each build is called: its commit, counted where that was built more than once."""
    seen: Counter[str] = Counter()
    labels = {}
    for build in status.builds:
        label = _commit(build)
        seen[label] += 1
        again = f" ({seen[label]})" if build.commit and seen[label] > 1 else ""
        labels[build.name] = f"{label}{again}"
    return labels


def _commit(build: BuildMetrics) -> str:
    if build.commit is None:
        return "no commit"
    return build.commit[:_COMMIT] + ("*" if build.dirty else "")


def _lost_words(build: BuildMetrics, status: ProjectStatus) -> str:
    if build.commit not in status.lost:
        return ""
    return f" ({'not in this shallow clone' if status.shallow else 'no longer in git'})"


def _when(build: BuildMetrics) -> str:
    return build.started.replace("T", " ")


def _drawn(value: Any) -> bool:
    drawable = _number(value)
    return drawable is not None and math.isfinite(drawable)


def _number(value: Any) -> float | None:
    """A value that has a place in a chart, or is not finite; None of what is not a number."""
    is_nan = isinstance(value, float) and math.isnan(value)
    return math.nan if is_nan else number(value)
