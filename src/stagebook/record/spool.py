"""The spool: records on disk, and the outbox of those that MLflow has not been given yet."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.execution.locks import gate, hold, is_held
from stagebook.execution.sandbox import EXECUTIONS
from stagebook.files import write_whole
from stagebook.record.history import History
from stagebook.record.kept import Kept
from stagebook.record.record import Record, render

RECORD = "record.json"
EXECUTED = "executed"
STORE = "mlflow.db"
FILES = "mlruns"
PROFILES = "profiles"


@dataclass(frozen=True, slots=True)
class Spool:
    """The records of one project.

    Attributes:
        state: The project's state folder.
    """

    state: Path

    @property
    def records(self) -> Path:
        """One file per execution, kept."""
        return self.state / "records"

    @property
    def outbox(self) -> Path:
        """One folder per execution that MLflow has not been given: its record and evidence."""
        return self.state / "outbox"

    @property
    def profiles(self) -> Path:
        """The profiles of tables, each named by its digest; records name them."""
        return self.state / PROFILES

    @property
    def delivered(self) -> Path:
        """One file per execution that MLflow has: where, and as which run."""
        return self.state / "delivered"

    def put(self, evidence: Path) -> None:
        """Takes in a folder with a record and what belongs to it; that folder is gone afterwards.

        The record is written first, then the folder moves into the outbox by one rename; a
        second call after a crash in between does the same again.
        """
        text = (evidence / RECORD).read_text(encoding="utf-8")
        record = json.loads(text)
        name = str(record["volatile"]["id"])
        self.outbox.mkdir(parents=True, exist_ok=True)
        for profile in (evidence / PROFILES).glob("*.json"):
            self._keep_profile(profile.read_text(encoding="utf-8"))
        write_whole(self.records / f"{name}.json", text)
        trial = not record.get("build", True)
        Kept(self.state).put(record["stage"], name, evidence / f"{EXECUTED}.ipynb", trial=trial)
        evidence.rename(self.outbox / name)

    def _keep_profile(self, text: str) -> None:
        place = self.profiles / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
        if not place.exists():
            write_whole(place, text)

    def take_in_leftovers(self) -> tuple[str, ...]:
        """Puts the records of executions whose runner was killed; returns their names.

        Such a runner left the record that it wrote when it started, which says so.
        """
        executions = self.state / EXECUTIONS
        with gate(executions):
            left = [lock.parent for lock in executions.glob("*/lock") if not is_held(lock)]
            return tuple(folder.name for folder in sorted(left) if self._take_in(folder))

    def _take_in(self, folder: Path) -> bool:
        evidence, partial = folder / "evidence", folder / f"{EXECUTED}.ipynb"
        is_record = (evidence / RECORD).is_file()
        if is_record:
            if partial.exists() and not (evidence / partial.name).exists():
                partial.rename(evidence / partial.name)
            self.put(evidence)
        shutil.rmtree(folder, ignore_errors=True)
        return is_record

    def pending(self) -> tuple[Path, ...]:
        """Folders of the outbox that hold a record, oldest first."""
        return tuple(sorted(path.parent for path in self.outbox.glob(f"*/{RECORD}")))

    def last_builds(self, stages: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """The newest record of a build that was done, for each of these stages that has one."""
        with History.open(self.state) as history:
            found = {stage: history.last_build(stage) for stage in stages}
        return {stage: record for stage, record in found.items() if record is not None}

    @contextlib.contextmanager
    def delivering(self) -> Iterator[None]:
        """Holds the right to deliver: one process at a time does."""
        with hold(self.outbox / ".lock"):
            yield

    def mark_delivered(self, name: str, where: dict[str, Any]) -> None:
        """Notes where an execution's run is in MLflow."""
        write_whole(self.delivered / f"{name}.json", json.dumps(where) + "\n")

    def discard(self, folder: Path) -> None:
        """Deletes a folder of the outbox; its record goes last, so that it is never half there."""
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != RECORD:
                path.unlink()
        shutil.rmtree(folder)

    def run_of(self, name: str) -> str | None:
        """An execution's run in MLflow; None if it is not there."""
        found = self.delivery(name) if name else None
        return str(found["run_id"]) if found else None

    def delivery(self, name: str) -> dict[str, Any] | None:
        """Where an execution's run is in MLflow; None if it is not."""
        try:
            text = (self.delivered / f"{name}.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        found: dict[str, Any] = json.loads(text)
        return found


def write_record(record: Record, evidence: Path) -> None:
    """Writes a record into the folder of its evidence."""
    write_whole(evidence / RECORD, render(record))
