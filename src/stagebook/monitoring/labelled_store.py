"""The days of a log with their labels, kept in a folder so that few days are joined again."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stagebook.monitoring.kept_files import not_kept
from stagebook.monitoring.label_join import JoinedDay, Judged, join
from stagebook.monitoring.label_use import LabelUse
from stagebook.monitoring.labelled_day import FORMAT, LabelledDay
from stagebook.monitoring.labelled_log import LabelledLog, is_of
from stagebook.monitoring.labels import Labels
from stagebook.monitoring.log_files import Files, files_of, require_log
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.files import write_whole
from stagebook.serving.log import reading


@dataclass(frozen=True, slots=True)
class LabelledStore:
    """The days of one log with labels.

    A closed day is joined once. Its counts are kept in ``<folder>/<day>.json`` with the names,
    sizes and times of its files, and the digests of the labels that were looked at: those of the
    days in the ids of its predictions, or of their instants. When these change, the day is joined
    again; labels of other days change nothing. A day that is still written is joined each time. A
    day whose files were deleted keeps its counts, and gets no further labels.

    Attributes:
        folder: The folder for the counts.
        log: The folder of the log.
        judged: What of the predictions is compared with labels.
    """

    folder: Path
    log: Path
    judged: Judged

    def path(self, day: str) -> Path:
        """The file with the counts of a closed day."""
        return self.folder / f"{day}.json"

    def read(self, labels: Labels, days: Collection[str] | None = None) -> LabelledLog:
        """The days with their labels. A day that cannot be read is a problem of its own.

        Args:
            labels: The labels; of the kind that is judged.
            days: Which days; None for all.

        Raises:
            StagebookError: The log does not exist (``no-request-log``).
        """
        require_log(self.log)
        files = files_of(self.log)
        joined: list[JoinedDay] = []
        problems: list[Problem] = []
        for day in sorted(self.days() if days is None else days):
            try:
                joined.append(self._read(day, files.get(day, []), labels, problems))
            except StagebookError as error:
                problems.extend(error.problems)
        by = self.judged.by
        return LabelledLog.of(labels, joined, problems, by, is_whole=days is None)

    def days(self) -> set[str]:
        """All days of the log, and those that only have counts left."""
        kept = {path.stem for path in self.folder.glob("[0-9]*.json")}
        return {*reading.days(self.log), *kept}

    def _read(self, day: str, files: Files, labels: Labels, problems: list[Problem]) -> JoinedDay:
        """A day; a failure to keep it is added to the problems."""
        kept = self._kept(day, files, labels)
        if kept is not None:
            return kept
        joined = join(self.log, day, labels, self.judged)
        if files and files == files_of(self.log, day).get(day):
            problems.extend(self._keep(day, files, labels, joined))
        return joined

    def _key(self, files: list[list[Any]], labels: Labels) -> dict[str, Any]:
        judged = {**asdict(self.judged), "by": list(self.judged.by)}
        joined_by = list(labels.options.joined_by)
        return {"format": FORMAT, "judged": judged, "joined_by": joined_by, "files": files}

    def _keep(
        self, day: str, files: list[list[Any]], labels: Labels, joined: JoinedDay
    ) -> tuple[Problem, ...]:
        values = {
            **self._key(files, labels),
            "days": [item.as_json() for item in joined.days],
            "uses": [[bucket, use.as_json()] for bucket, use in sorted(joined.uses.items())],
            "keyless": joined.keyless,
        }
        text = json.dumps(values, allow_nan=False, separators=(",", ":")) + "\n"
        try:
            write_whole(self.path(day), text, exact=True)  # the log has no secrets to hide
        except OSError as error:
            what = "The counts of labelled days cannot be kept"
            return (not_kept("labels-not-kept", what, error, self.folder),)
        return ()

    def _kept(self, day: str, files: Files, labels: Labels) -> JoinedDay | None:
        """The kept counts of a day; None if there are none, or not of these files and labels."""
        if files is None:
            return None
        try:
            values = json.loads(self.path(day).read_bytes())
            key = self._key(files or values["files"], labels)
            if {name: values[name] for name in key} != key:
                return None
            uses = {int(bucket): LabelUse.from_json(use) for bucket, use in values["uses"]}
            days = tuple(map(LabelledDay.from_json, values["days"]))
            joined = JoinedDay(days, uses, int(values["keyless"]))
        except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
            return None  # it is joined again
        if files and not all(is_of(use, labels, bucket) for bucket, use in uses.items()):
            return None
        return joined
