"""What MLflow's server does with a package beyond predicting, by environment variables."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from stagebook.model.load import choice
from stagebook.project.errors import Problem, StagebookError

_SWITCH = ("on", "off")
_ON_FULL = ("serve", "stop")


@dataclass(frozen=True, slots=True)
class ScoringOptions:
    """How rows are checked and logged when MLflow calls a package.

    Attributes:
        validation: Whether rows that break the contract are refused.
        log: The folder of the request log; None for no log.
        without: Columns that are not logged.
        on_full: What to do if the log cannot be written: serve on, or stop.
    """

    validation: bool = False
    log: Path | None = None
    without: tuple[str, ...] = ()
    on_full: Literal["serve", "stop"] = "serve"

    @property
    def is_plain(self) -> bool:
        """Whether the model only predicts."""
        return not self.validation and self.log is None

    @classmethod
    def of_environment(cls) -> Self:
        """The options that ``STAGEBOOK_SERVE_...`` variables give.

        Raises:
            StagebookError: A variable has a value that is not one of its choices.
        """
        problems: list[Problem] = []
        log = os.environ.get("STAGEBOOK_SERVE_LOG", "").strip()
        without = os.environ.get("STAGEBOOK_SERVE_WITHOUT", "")
        options = cls(
            choice("STAGEBOOK_SERVE_VALIDATION", _SWITCH, "off", problems) == "on",
            Path(log).absolute() if log else None,
            tuple(name.strip() for name in without.split(",") if name.strip()),
            choice("STAGEBOOK_SERVE_ON_FULL_LOG", _ON_FULL, "serve", problems),
        )
        if problems:
            raise StagebookError(*problems)
        return options
