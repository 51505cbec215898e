"""Rows of a log's days that explain a signal, read when there is a signal and kept."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stagebook.monitoring import changed_rows, row_losses
from stagebook.monitoring.changed_rows import ChangedRows
from stagebook.monitoring.day_evidence import DayEvidence
from stagebook.monitoring.day_summary import dump
from stagebook.monitoring.estimates import Estimator
from stagebook.monitoring.kept_files import package_folder
from stagebook.monitoring.labels import Labels
from stagebook.monitoring.log_files import Files, files_of
from stagebook.monitoring.loss_signals import ESTIMATE, LABELS
from stagebook.monitoring.monitored_model import MonitoredModel
from stagebook.project.errors import StagebookError
from stagebook.project.files import write_whole

FORMAT = 1
_CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class EvidenceStore:
    """The rows of one log behind signals.

    Most days have no signal, so a day is read for this only when a signal asks for it. What was
    counted is kept in ``<state>/evidence/<package>/<what>/<day>.json``, with the names, sizes and
    times of the day's files and the digests of its labels, and read again when these change. A day
    that cannot be read has no evidence.

    Attributes:
        state: The folder for what is kept.
        log: The folder of the log.
        model: The watched package.
        estimator: Its expected losses; None without labels of the test split.
        labels: What came true; None before labels are known.
    """

    state: Path
    log: Path
    model: MonitoredModel
    estimator: Estimator | None = None
    labels: Labels | None = None
    _files: dict[str, Files] = field(default_factory=dict)

    def losses(self, source: str, day: str) -> DayEvidence | None:
        """The rows of a day with their losses; None if they are not known.

        Args:
            source: ``estimate`` or ``labels``.
            day: Such as ``2026-11-29``.
        """
        kept = self._kept(source, day)
        if kept is not None:
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                return DayEvidence.from_json(kept)
        with contextlib.suppress(StagebookError):
            if source == LABELS and self.labels is not None:
                evidence, buckets = row_losses.realized(self.log, day, self.model, self.labels)
                self._keep(source, day, {**evidence.as_json(), "buckets": buckets})
                return evidence
            if source == ESTIMATE and self.estimator is not None:
                evidence = row_losses.expected(self.log, day, self.model, self.estimator)
                self._keep(source, day, evidence.as_json())
                return evidence
        return None

    def changed(self, day: str) -> ChangedRows:
        """Rows of a day with values that have become more frequent, by column."""
        kept = self._kept(_CHANGED, day)
        if kept is not None:
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                return changed_rows.from_json(kept)
        with contextlib.suppress(StagebookError):
            rows = changed_rows.of_day(self.log, day, self.model.package)
            self._keep(_CHANGED, day, changed_rows.as_json(rows))
            return rows
        return {}

    def _path(self, what: str, day: str) -> Path:
        folder = package_folder(self.state / "evidence", self.model.package.digest)
        return folder / what / f"{day}.json"

    def _files_of(self, day: str) -> Files:
        if not self._files:  # at once: a search for each day would search all files each time
            self._files.update(files_of(self.log))
        return self._files.get(day, [])

    def _key(self, what: str, files: Any) -> dict[str, Any]:
        labels = self.labels.options.joined_by if what == LABELS and self.labels else ()
        key = {"package": self.model.package.digest, "joined_by": list(labels)}
        return {"format": FORMAT, **key, "files": files}

    def _kept(self, what: str, day: str) -> Mapping[str, Any] | None:
        """What is kept of a day; None if there is nothing, or not of these files and labels."""
        files = self._files_of(day)
        if files is None:
            return None
        with contextlib.suppress(OSError, KeyError, TypeError, ValueError, RecursionError):
            values: dict[str, Any] = json.loads(self._path(what, day).read_bytes())
            key = self._key(what, files or values["files"])
            if {name: values[name] for name in key} == key and self._is_current(values):
                return values
        return None

    def _is_current(self, values: Mapping[str, Any]) -> bool:
        """Whether the labels of a day are as they were."""
        labels = self.labels
        return labels is None or all(
            labels.bucket(int(bucket)).digest == digest
            for bucket, digest in values.get("buckets", [])
        )

    def _keep(self, what: str, day: str, values: Mapping[str, Any]) -> None:
        """Keeps what was counted of a closed day; where nothing can be written, it is not kept."""
        files = self._files_of(day)
        if files:
            with contextlib.suppress(OSError):
                path, text = self._path(what, day), dump({**values, **self._key(what, files)})
                write_whole(path, text, exact=True)  # the log has no secrets to hide
