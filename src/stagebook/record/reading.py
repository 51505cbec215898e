"""Reads the JSON of a record of any format into a ``Record``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.project import typed_json
from stagebook.project.typed_json import ShapeError
from stagebook.record.record import Record, RecordedParameter


class DamagedRecordError(ValueError):
    """A text is not a record; the message is one line."""


def read(path: Path) -> Record:
    """The record in a file.

    Raises:
        OSError: The file cannot be read.
        DamagedRecordError: It is not a record.
    """
    return parse(path.read_bytes())


def parse(text: str | bytes) -> Record:
    """The record in the text of a file.

    Args:
        text: JSON, of this format or an older one. Unknown fields are ignored.

    Raises:
        DamagedRecordError: It is not a record.
    """
    try:
        values = typed_json.convert(typed_json.load(text), dict[str, Any])
        return typed_json.convert(_migrated(values), Record)
    except ShapeError as error:
        raise DamagedRecordError(str(error)) from None


def _migrated(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values in format 2.

    Format 1 has no title, no digests of code and, in early records, no tables. Before trials had
    their own folders, a record had only ``build``.
    """
    if values.get("format", 1) == 1:
        values = {"title": None, "code": None, "tables": [], **values}
    if values.get("build", True) is not True:
        older = typed_json.convert(values, _OlderTrial)
        values = {**values, "trial": older.trial or older.from_parameters}
    return values


@dataclass(frozen=True, slots=True)
class _OlderTrial:
    """The fields of an older record from which its trial is known."""

    stage: str
    build: bool
    trial: dict[str, Any] | None = None
    parameters: tuple[RecordedParameter, ...] = ()

    @property
    def from_parameters(self) -> dict[str, Any]:
        """The trial, as far as the parameters show it."""
        overrides = {
            parameter.name: parameter.value
            for parameter in self.parameters
            if parameter.origin == "override"
        }
        return {"stage": self.stage, "overrides": overrides, "folder": ""}
