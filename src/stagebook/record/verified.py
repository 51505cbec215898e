"""What the last verification of an execution found, in a file beside its record."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from stagebook.project import typed_json
from stagebook.project.files import write_whole
from stagebook.project.typed_json import ShapeError

_FORMAT = 1
_FOLDER = "verified"


@dataclass(frozen=True, slots=True)
class VerifiedExecution:
    """The last verification of one execution.

    Attributes:
        execution: The execution's name.
        verdict: The verdict, such as ``identical``.
        causes: Why outputs differ, each in a few words.
        at: When it was verified, ISO 8601 in UTC.
    """

    execution: str
    verdict: str
    causes: tuple[str, ...]
    at: str

    def put(self, state: Path) -> None:
        """Keeps this verification instead of an earlier one of the execution.

        Args:
            state: The project's state folder.
        """
        text = json.dumps({"format": _FORMAT, **asdict(self)}, ensure_ascii=False)
        write_whole(_file(state, self.execution), text + "\n")

    @classmethod
    def read(cls, state: Path, execution: str) -> Self | None:
        """The verification of an execution; None if there is none that can be read.

        Args:
            state: The project's state folder.
            execution: The execution's name.
        """
        try:
            values = typed_json.load(_file(state, execution).read_bytes())
            if typed_json.convert(values, dict[str, Any]).get("format") != _FORMAT:
                return None
            return typed_json.convert(values, cls)
        except (OSError, ShapeError):
            return None


def _file(state: Path, execution: str) -> Path:
    return state / _FOLDER / f"{Path(execution).name}.json"
