"""What packaging found when it opened the model: passed to the attestation, and read from it."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stagebook.project import typed_json
from stagebook.project.files import write_whole


@dataclass(frozen=True, slots=True)
class OpeningCheck:
    """A model that packaging opened and asked for the predictions of its golden rows.

    Attributes:
        type: The model's class.
        rows: Number of golden rows and the tolerance, in words.
        time: When this was.
    """

    type: str
    rows: str
    time: datetime.datetime

    @classmethod
    def now(cls, type_: str, rows: str) -> Self:
        """A check that was made at this moment."""
        return cls(type_, rows, datetime.datetime.now(datetime.UTC).replace(microsecond=0))

    def as_json(self) -> dict[str, str]:
        """The check as plain values, which ``typed_json`` reads."""
        return {"type": self.type, "rows": self.rows, "time": self.time.isoformat()}

    @property
    def moment(self) -> str:
        """The time in words, to the minute."""
        return f"{self.time.astimezone(datetime.UTC):%Y-%m-%d at %H:%M} UTC"


def note(folder: Path, digest: str, check: OpeningCheck) -> None:
    """Leaves the check of a package for the process that writes the attestation.

    Args:
        folder: A folder that both processes know.
        digest: The package's digest.
        check: The check.
    """
    write_whole(_path(folder, digest), json.dumps(check.as_json()))


def noted(folder: Path, digest: str) -> OpeningCheck | None:
    """The check of a package that was left in a folder; None without one that can be read."""
    try:
        text = _path(folder, digest).read_text("utf-8")
        return typed_json.convert(typed_json.load(text), OpeningCheck)
    except (OSError, ValueError):
        return None


def _path(folder: Path, digest: str) -> Path:
    return folder / f"opened-{digest}.json"
