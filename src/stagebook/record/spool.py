"""The spool: records on disk, and the outbox of records that MLflow does not have yet."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.execution.locks import gate, hold, is_held
from stagebook.execution.sandbox import EXECUTIONS, remove_execution
from stagebook.project.files import write_whole
from stagebook.record import reading
from stagebook.record.kept import KeptNotebooks
from stagebook.record.reading import DamagedRecordError
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
        """The folder with one file per execution, which is kept."""
        return self.state / "records"

    @property
    def outbox(self) -> Path:
        """One folder per undelivered execution: its record and evidence."""
        return self.state / "outbox"

    @property
    def profiles(self) -> Path:
        """The profiles of tables, each named by its digest, which records contain."""
        return self.state / PROFILES

    @property
    def damaged(self) -> Path:
        """One folder per execution whose record cannot be read; Stagebook does not use them."""
        return self.state / "damaged"

    @property
    def delivered(self) -> Path:
        """One file per delivered execution: the tracker and the run."""
        return self.state / "delivered"

    def put(self, evidence: Path) -> None:
        """Moves a folder with a record and its evidence into the spool.

        The record is written first, then the folder moves into the outbox by one rename; a
        second call after a crash in between does the same again.
        """
        text = (evidence / RECORD).read_text(encoding="utf-8")
        record = reading.parse(text)
        name = record.id
        self.outbox.mkdir(parents=True, exist_ok=True)
        for profile in (evidence / PROFILES).glob("*.json"):
            self._keep_profile(profile.read_text(encoding="utf-8", errors="replace"))
        write_whole(self.records / f"{name}.json", text, durable=True)
        KeptNotebooks(self.state).put(
            record.stage, name, evidence / f"{EXECUTED}.ipynb", trial=not record.build
        )
        evidence.rename(self.outbox / name)

    def _keep_profile(self, text: str) -> None:
        place = self.profiles / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
        if not place.exists():
            write_whole(place, text, durable=True)

    def take_in_leftovers(self) -> "Leftovers":
        """Puts the records of executions whose runner was killed, and deletes their leftovers.

        Such a runner left the record from its start, which says that it was killed. An unreadable
        record, as after a power loss, is set aside.
        """
        executions = self.state / EXECUTIONS
        records: list[str] = []
        damaged: list[str] = []
        with gate(executions):
            for folder in sorted(executions.glob("*")):
                if folder.is_dir() and not is_held(folder / "lock"):
                    kind = self._take_in(folder)
                    if kind is not None:
                        (records if kind else damaged).append(folder.name)
        self._sweep_outbox()
        return Leftovers(tuple(records), tuple(damaged))

    def _take_in(self, folder: Path) -> bool | None:
        """Whether the record of an execution was put; False if it is damaged, None if missing."""
        evidence, partial = folder / "evidence", folder / f"{EXECUTED}.ipynb"
        record, is_valid = evidence / RECORD, None
        if record.is_file():
            is_valid = _is_record(record, folder.name)
            if partial.exists() and not (evidence / partial.name).exists():
                partial.rename(evidence / partial.name)
            if is_valid:
                self.put(evidence)
            else:
                self._set_aside(evidence, folder.name)
        remove_execution(folder)
        return is_valid

    def _set_aside(self, evidence: Path, name: str) -> None:
        self.damaged.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.damaged / name, ignore_errors=True)
        evidence.rename(self.damaged / name)

    def _sweep_outbox(self) -> None:
        """Deletes folders whose delivery was killed after their record was deleted."""
        for folder in self.outbox.glob("*"):
            if folder.is_dir() and not (folder / RECORD).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def pending(self) -> tuple[Path, ...]:
        """Folders of the outbox with a record, oldest first."""
        return tuple(sorted(path.parent for path in self.outbox.glob(f"*/{RECORD}")))

    @contextlib.contextmanager
    def delivering(self) -> Iterator[None]:
        """Holds the lock for delivering, so that one process delivers at a time."""
        with hold(self.outbox / ".lock"):
            yield

    def mark_delivered(self, name: str, where: dict[str, Any]) -> None:
        """Records where an execution's run is in MLflow."""
        write_whole(self.delivered / f"{name}.json", json.dumps(where) + "\n", durable=True)

    def discard(self, folder: Path) -> None:
        """Deletes a folder of the outbox, its record last, so that it is never incomplete."""
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != RECORD:
                path.unlink()
        shutil.rmtree(folder)

    def run_of(self, name: str) -> str | None:
        """The id of an execution's run in MLflow; None if it was not delivered."""
        delivery = self.delivery(name) if name else None
        return str(delivery["run_id"]) if delivery else None

    def experiment(self, tracking_uri: str) -> str | None:
        """Id of the experiment that the last delivery to an address went to; None if unknown.

        Args:
            tracking_uri: MLflow's address, without credentials.
        """
        for path in sorted(self.delivered.glob("*.json"), reverse=True):  # ids sort by time
            delivery = self.delivery(path.stem) or {}
            if delivery.get("tracking_uri") == tracking_uri and delivery.get("experiment_id"):
                return str(delivery["experiment_id"])
        return None

    def delivery(self, name: str) -> dict[str, Any] | None:
        """Where an execution's run is in MLflow; None if it was not delivered."""
        try:
            values = json.loads((self.delivered / f"{name}.json").read_text(encoding="utf-8"))
            names = (
                "run_id",
                "tracking_uri",
                *(key for key in ("experiment_id",) if key in values),
            )
            return {name: str(values[name]) for name in names}
        except (OSError, ValueError, KeyError, TypeError):  # then it is delivered again
            return None


@dataclass(frozen=True, slots=True)
class Leftovers:
    """The records that killed runs left.

    Attributes:
        records: Executions whose records were put into the spool.
        damaged: Executions whose records cannot be read and were set aside.
    """

    records: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def _is_record(file: Path, name: str) -> bool:
    """Whether a file holds the record of an execution."""
    try:
        return reading.read(file).id == name
    except (OSError, DamagedRecordError):
        return False


def write_record(record: Record, evidence: Path) -> None:
    """Writes a record into the folder of its evidence."""
    write_whole(evidence / RECORD, render(record), durable=True)
