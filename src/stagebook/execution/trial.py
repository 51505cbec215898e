"""A trial: runs with values from ``-P``, which do not change the build's files."""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Self

from stagebook.execution.parameters import ResolvedParameter, ValueOrigin
from stagebook.project.masks import Masks


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial.

    Attributes:
        stage: The stage that it starts with.
        overrides: The values from ``-P``, by name, without secrets.
        folder: Its folder, relative to the project's root.
    """

    stage: str
    overrides: Mapping[str, Any]
    folder: str

    @property
    def name(self) -> str:
        """The name of its folder, such as ``train@max_iter=80``."""
        return PurePosixPath(self.folder).name

    @classmethod
    def of(
        cls, stage: str, values: Iterable[ResolvedParameter], masks: Masks, runs: str
    ) -> Self | None:
        """The trial with a stage's values; None if no value is from ``-P``.

        Args:
            stage: The stage.
            values: Its parameters.
            masks: The secrets to hide in the trial's name.
            runs: The folder of runs, relative to the project's root.
        """
        overrides = [value for value in values if value.origin is ValueOrigin.OVERRIDE]
        if not overrides:
            return None
        text = masks.hide("_".join(f"{override.name}={override.value}" for override in overrides))
        clean = "".join(char if char.isalnum() or char in "=._-" else "-" for char in text)[:80]
        exact = clean == text and not any(
            _reads_as_another(override.value) for override in overrides
        )
        hidden = {override.name: masks.hide_all(override.value) for override in overrides}
        digest = hashlib.sha256(repr(list(hidden.values())).encode()).hexdigest()[:6]
        return cls(stage, hidden, f"{runs}/{stage}@{clean if exact else f'{clean}-{digest}'}")


def _reads_as_another(value: Any) -> bool:
    """Whether a text looks like a value of another type, such as ``None`` or ``1``."""
    if not isinstance(value, str):
        return False
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return False
    return True
