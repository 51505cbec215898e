"""The summaries of a log's days, kept in a folder so that a closed day is read once."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stagebook.monitoring import log_days
from stagebook.monitoring.day_summary import FORMAT, DaySummary, dump
from stagebook.monitoring.kept_files import not_kept, package_folder
from stagebook.monitoring.log_files import Files, files_of, require_log
from stagebook.monitoring.package_reference import PackageReference
from stagebook.monitoring.periods import calendar_day
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import write_whole
from stagebook.serving.log import reading

Summaries = Mapping[str, DaySummary]
"""The summaries of a day by the package's digest."""


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What a log says of its days.

    Attributes:
        days: By day, ascending, the summary of each package that answered or predicted.
        problems: Days and files that could not be read, or not be kept; all other days are
            complete.
        versions: By day, what changes with its files; days that are still written have none.
    """

    days: Mapping[str, Summaries]
    problems: tuple[Problem, ...]
    versions: Mapping[str, str] = field(default_factory=dict, compare=False)

    def of(self, package: str) -> tuple[DaySummary, ...]:
        """The summaries of one package, by day.

        Args:
            package: Its digest.
        """
        return tuple(day[package] for day in self.days.values() if package in day)

    @property
    def packages(self) -> tuple[str, ...]:
        """The digests of all packages, sorted."""
        return tuple(sorted({digest for day in self.days.values() for digest in day}))


@dataclass(frozen=True, slots=True)
class DayStore:
    """The days of one log, as seen with one package.

    A closed day is read once. Its summaries are kept in ``<state>/<package>/<day>.json``, with the
    names, sizes and times of the day's files; when these change, it is read again. A day that is
    still written is read each time. A day whose files were deleted from the log keeps its
    summaries.

    Attributes:
        state: The folder for summaries.
        log: The folder of the log.
        package: The watched package.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from stagebook.data.profiles.profile import Profile
        >>> from stagebook.monitoring.day_store import DayStore
        >>> from stagebook.monitoring.package_reference import PackageReference
        >>> package = PackageReference("0" * 64, Profile((), 0), Profile((), 0))
        >>> with tempfile.TemporaryDirectory() as log:
        ...     DayStore(Path(log) / "state", Path(log), package).read_all().packages
        ()
    """

    state: Path
    log: Path
    package: PackageReference

    @property
    def folder(self) -> Path:
        """The folder of the watched package's view."""
        return package_folder(self.state, self.package.digest)

    def path(self, day: str) -> Path:
        """The file with the summaries of a closed day."""
        return self.folder / f"{day}.json"

    def days(self) -> tuple[str, ...]:
        """All days of the log, and those that only have summaries left.

        Raises:
            StagebookError: The log does not exist (``no-request-log``).
        """
        require_log(self.log)
        kept = [path.stem for path in self.folder.glob("*.json") if calendar_day(path.stem)]
        return tuple(sorted({*reading.days(self.log), *kept}))

    def read(self, day: str) -> Summaries:
        """The summaries of one day, by the package's digest; none for a day without requests.

        Raises:
            StagebookError: A file of the day cannot be read (``bad-request-log``), or the summaries
                cannot be written (``summary-not-kept``).
        """
        problems: list[Problem] = []
        summaries = self._read(day, files_of(self.log, day).get(day, []), problems)
        if problems:
            raise StagebookError(*problems)
        return summaries

    def _read(self, day: str, files: Files, problems: list[Problem]) -> Summaries:
        """A day; a failure to keep it is added to the problems."""
        kept = self._kept(day, files)
        if kept is not None:
            return kept
        summaries = log_days.summarize(self.log, day, self.package)
        if files and files == files_of(self.log, day).get(day):
            problems.extend(self._keep(day, files, summaries))
        return summaries

    def _keep(self, day: str, files: list[list[Any]], summaries: Summaries) -> tuple[Problem, ...]:
        plain = [summary.as_json() for summary in summaries.values()]
        text = dump({**self._key(files), "summaries": plain})
        try:
            write_whole(self.path(day), text, exact=True)  # the log has no secrets to hide
        except OSError as error:
            what = "The summaries of the days cannot be kept"
            return (not_kept("summary-not-kept", what, error, self.folder),)
        return ()

    def read_all(self, days: Iterable[str] | None = None) -> LogSummary:
        """The summaries of many days. A day that cannot be read is a problem of its own.

        Args:
            days: Which days; None for all.

        Raises:
            StagebookError: The log does not exist (``no-request-log``).
        """
        # at once: a search for each day would search all files each time
        files = files_of(self.log)
        summaries: dict[str, Summaries] = {}
        problems: list[Problem] = []
        for day in sorted(self.days() if days is None else days):
            if calendar_day(day) is None:
                problems.append(_no_day(self.log, day))
                continue
            try:
                if summary := self._read(day, files.get(day, []), problems):
                    summaries[day] = summary
            except StagebookError as error:
                problems.extend(error.problems)
        known = {day: files.get(day, []) for day in summaries}
        versions = {day: json.dumps(own) for day, own in known.items() if own is not None}
        return LogSummary(summaries, tuple(dict.fromkeys(problems)), versions)

    def _key(self, files: list[list[Any]]) -> dict[str, Any]:
        own = {"package": self.package.digest, "score": self.package.score}
        return {"format": FORMAT, **own, "files": files}

    def _kept(self, day: str, files: Files) -> Summaries | None:
        """The kept summaries of a day; None if there are none, or not of these files."""
        if files is None:
            return None
        try:
            values = json.loads(self.path(day).read_bytes())
            key = self._key(files or values["files"])
            if {name: values[name] for name in key} != key:
                return None
            summaries = map(DaySummary.from_json, values["summaries"])
            return {summary.package: summary for summary in summaries}
        except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
            return None  # it is computed again


def _no_day(log: Path, day: str) -> Problem:
    message = f"`{day}` is not a day, but a file of the request log is named by it."
    hint = "Move the file out of the log's folder; the log names files such as 2026-11-29.parquet."
    return Problem("bad-request-log", message, hint, Where(str(log)))
