"""Inspections by content: a table that was inspected once is not read again."""

import contextlib
import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from stagebook.contracts import inspection
from stagebook.contracts.inspection import Inspection, Subject
from stagebook.files import write_whole

FORMAT = 1
_MAKERS = ("stagebook", "duckdb", "pandas", "pandera", "pyarrow")


@dataclass(frozen=True, slots=True)
class Known:
    """Inspections on disk, by the content of the table and the code of the contract.

    Attributes:
        folder: Where they are.
    """

    folder: Path

    def get(self, subject: Subject, hashes: Iterable[str]) -> Inspection | None:
        """The inspection of a table with this content; None if there was none.

        Args:
            subject: The table.
            hashes: DVC's hash of each of its paths, in order.
        """
        try:
            text = self._place(subject, hashes).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return replace(inspection.parse(text), subject=subject)

    def put(self, found: Inspection, hashes: Iterable[str]) -> None:
        """Remembers an inspection that found nothing wrong, where there is room for it."""
        if found.refusals:
            return
        with contextlib.suppress(OSError):  # a full disk costs a second look and no run
            write_whole(self._place(found.subject, hashes), inspection.render(found))

    def _place(self, subject: Subject, hashes: Iterable[str]) -> Path:
        suffixes = ["".join(Path(path).suffixes) for path in subject.paths]
        parts = [FORMAT, _makers(), subject.contract, subject.code, suffixes, *hashes]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return self.folder / f"{digest[:32]}.json"


@functools.cache
def _makers() -> list[str]:
    return [metadata.version(name) for name in _MAKERS]
