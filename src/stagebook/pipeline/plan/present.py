"""The present files of a project, as a plan compares them with ``dvc.lock``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class PresentFiles(Protocol):
    """The files of a working tree and the contents in DVC's cache."""

    def md5(self, path: str, *, legacy: bool = False) -> str | None:
        """DVC's hash of a file or folder; None if it is missing or cannot be read."""

    def unreadable(self, path: str) -> str:
        """Why a file or folder cannot be read; empty if it can, or is missing."""

    def is_executable(self, path: str) -> bool:
        """Whether a path is a file that may be executed."""

    def is_cached(self, md5: str) -> bool:
        """Whether DVC's cache holds a content, with all files of a folder."""

    def listing(self, md5: str) -> Mapping[str, str] | None:
        """The hashes of the files in a folder; None if DVC's cache does not hold it."""


@dataclass(frozen=True, slots=True)
class ParamsState:
    """A params file as it is now.

    Attributes:
        values: The values; None if the file is missing or cannot be read.
        reason: Why it cannot be read; empty for a missing file.
    """

    values: Mapping[str, Any] | None = None
    reason: str = ""


Restore = Callable[[str], Mapping[str, str] | None]
"""For the key of a run: the outputs of the newest run with it, each with its hash."""


def no_run(_: str) -> None:
    """A run cache without runs."""
    return


@dataclass(frozen=True, slots=True)
class Present:
    """All that a plan compares with ``dvc.lock``.

    Attributes:
        files: The files.
        params: The values that each stage and params file of it have now.
        sources: The hash of each source, as the stage ``sources`` would write it.
        restore: Looks up a run in the run cache.
        running: The stages that a build runs at this moment.
        inputs: The hash of each input, by stage and path, if what another build read is compared.
    """

    files: PresentFiles
    params: Mapping[tuple[str, str], ParamsState] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    restore: Restore = no_run
    running: frozenset[str] = frozenset()
    inputs: Mapping[tuple[str, str], str] = field(default_factory=dict)
