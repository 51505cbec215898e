"""Each metric over all builds: a chart that names its points, and the values."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stagebook.record.measured import Measured
from stagebook.report import frame as frames
from stagebook.report import metric_words
from stagebook.report.figures import counted, plain
from stagebook.report.frame import Frame
from stagebook.report.site import chart
from stagebook.report.site.book import Book
from stagebook.report.site.chart import Point

MOST_BUILDS = 60
"""The last builds that are drawn."""

MOST_CHARTS = 24
_COMMIT = 7


@dataclass(frozen=True, slots=True)
class Course:
    """One metric over the builds.

    Attributes:
        stage: The stage that measures it.
        name: Its dotted name.
        headline: Whether the project shows it first.
        points: Its values, oldest first; what is no finite number is a gap with a word.
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
        return len(self.rows) > 1 or any(one.odd for one in self.points)

    @classmethod
    def of(cls, book: Book, builds: Sequence[Measured], stage: str, name: str) -> "Course":
        """The course of a metric."""
        values = [one.metrics.get(stage, {}).get(name) for one in builds]
        odd = {metric_words.shown(one) for one in values if one is not None and not _drawn(one)}
        labels = _labels(book)
        found = (_point(one, labels, stage, name) for one in builds)
        points = tuple(one for one in found if one is not None)
        notes = [f"Not drawn: {', '.join(sorted(odd))}"] if odd else []
        if len(points) < len(builds):
            notes.append(f"Measured in {len(points)} of {counted(len(builds), 'build')}")
        return cls(
            plain(stage),
            plain(name),
            name in (one.name for one in book.headlines),
            points,
            tuple(_rows(book, labels, builds, stage, name)),
            tuple(notes),
            _band(points, name),
        )


def render(book: Book, frame: Frame) -> str:
    """The page of a project's metrics over its builds."""
    builds = book.builds[-MOST_BUILDS:]
    courses = [Course.of(book, builds, *one) for one in _first(book, _names(builds))]
    moved = [one for one in courses if one.told or one.headline]
    drawn = [(one, _picture(one, f"c{place}")) for place, one in enumerate(moved[:MOST_CHARTS])]
    return frames.render(
        "site/history.html",
        frame,
        "History",
        drawn=drawn,
        others=[*moved[MOST_CHARTS:], *(one for one in courses if one not in moved)],
        said=_said(book, len(builds)),
        lost=_lost(book, len(book.lost & {one.commit for one in builds})),
    )


def _band(points: Sequence[Point], name: str) -> str:
    """What a metric's interval is: the two metrics beside it that are its ends."""
    if all(math.isnan(one.low) or math.isnan(one.high) for one in points):
        return ""
    return f"from {plain(name)}_low to {plain(name)}_high"


def _said(book: Book, shown: int) -> str:
    whole = f"{counted(len(book.builds), 'build')}, stages that were run by themselves included"
    return f"{whole}." if shown == len(book.builds) else f"The last {shown} of {whole}."


def _lost(book: Book, count: int) -> str:
    """What to say of builds whose commits git does not have."""
    if not count:
        return ""
    if book.shallow:
        return (
            f"{counted(count, 'commit')} of these builds cannot be looked up: the clone is shallow."
        )
    return f"Of {count} of these commits git knows nothing any more: history was rewritten."


def _names(builds: Sequence[Measured]) -> dict[tuple[str, str], None]:
    """Every metric that is a number in any build; ends of intervals belong to their metric."""
    found = {
        (stage, name): None
        for build in builds
        for stage, values in build.metrics.items()
        for name, value in values.items()
        if _number(value) is not None
    }
    ends = {(stage, name + end) for stage, name in found for end in ("_low", "_high")}
    return {one: None for one in found if one not in ends}


def _first(book: Book, names: Mapping[tuple[str, str], None]) -> Iterator[tuple[str, str]]:
    """The metrics with those that the project shows first before all others."""
    headlines = [one.name for one in book.headlines]
    yield from sorted(
        names,
        key=lambda one: headlines.index(one[1]) if one[1] in headlines else len(headlines),
    )


def _picture(course: Course, name: str) -> str:
    """The chart, once for a wide window and once for a narrow one."""
    drawn = [one.value for one in course.points if not math.isnan(one.value)]
    if len(drawn) < 2:
        return ""
    ends = (metric_words.shown(drawn[place]) for place in (0, -1))
    label = f"{course.name} of {course.stage}: from {' to '.join(ends)}"
    return "".join(
        chart.draw(course.points, f"{name}{one.name}", label, one) for one in chart.ROOMS
    )


def _point(build: Measured, labels: Mapping[str, str], stage: str, name: str) -> Point | None:
    """The point of a build; None if it does not have the metric."""
    values = build.metrics.get(stage, {})
    if values.get(name) is None:
        return None
    label, number = labels[build.name], _number(values[name])
    told = metric_words.shown(values[name])
    words = f"{told} at {label}, {_when(build)}"
    if number is None or not math.isfinite(number):
        odd = "no number" if number is None else told
        return Point(label, words, math.nan, odd=odd)
    ends = (_number(values.get(name + end)) for end in ("_low", "_high"))
    low, high = (math.nan if one is None else one for one in ends)
    return Point(label, words, number, low, high)


def _rows(
    book: Book, labels: Mapping[str, str], builds: Sequence[Measured], stage: str, name: str
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


def _labels(book: Book) -> dict[str, str]:
    """What each build is called: its commit, counted where that was built more than once."""
    seen: Counter[str] = Counter()
    labels = {}
    for build in book.builds:
        label = _commit(build)
        seen[label] += 1
        again = f" ({seen[label]})" if build.commit and seen[label] > 1 else ""
        labels[build.name] = f"{label}{again}"
    return labels


def _commit(build: Measured) -> str:
    if build.commit is None:
        return "no commit"
    return build.commit[:_COMMIT] + ("*" if build.dirty else "")


def _lost_words(build: Measured, book: Book) -> str:
    if build.commit not in book.lost:
        return ""
    return f" ({'not in this shallow clone' if book.shallow else 'no longer in git'})"


def _when(build: Measured) -> str:
    return build.started.replace("T", " ")


def _drawn(value: Any) -> bool:
    number = _number(value)
    return number is not None and math.isfinite(number)


def _number(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None
