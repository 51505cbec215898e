"""DVC's run cache: what earlier runs of stages wrote, by the key of the run."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.pipeline import yaml_block
from stagebook.pipeline.cache import Cache
from stagebook.project.errors import StagebookError


@dataclass(frozen=True, slots=True)
class RunCache:
    """The run cache of one repository.

    Attributes:
        folder: Its folder.
    """

    folder: Path

    @classmethod
    def of(cls, cache: Cache) -> "RunCache":
        """The run cache beside a cache."""
        return cls(cache.folder / "runs")

    def outputs(self, key: str) -> Mapping[str, str] | None:
        """The outputs of the newest run with a key, which DVC restores; each with its hash.

        Args:
            key: The key, from ``run_key``.

        Returns:
            The hashes by normal path, from the stage's folder; None if DVC knows no such run.
        """
        if not key:
            return None
        try:
            runs = list((self.folder / key[:2] / key).iterdir())
            newest = max(runs, key=lambda run: run.stat().st_mtime)
            text = newest.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        return _outputs(text, newest.name)


def _outputs(text: str, name: str) -> Mapping[str, str] | None:
    try:
        values = yaml_block.read(text)
        if values is None:
            from stagebook.pipeline import yaml_text  # imports ruamel.yaml, which takes long

            values = yaml_text.load(text, name, plain=True)
        listed: list[dict[str, Any]] = values["outs"]
        return {posixpath.normpath(str(out["path"])): str(out["md5"]) for out in listed}
    except (StagebookError, KeyError, TypeError):
        return None
