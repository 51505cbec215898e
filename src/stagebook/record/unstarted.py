"""The last stage that a ``dvc repro`` could not start, which leaves no record of an execution."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from stagebook.project import typed_json
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.files import write_whole
from stagebook.project.masks import Masks
from stagebook.project.typed_json import ShapeError

if TYPE_CHECKING:
    from stagebook.pipeline.nodes import Node

_FILE = "unstarted.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Unstarted:
    """A stage that could not start.

    Attributes:
        repro: The ``dvc repro``.
        stage: The stage.
        exit_code: Its exit code.
        problems: Why it could not start.
    """

    repro: str
    stage: str
    exit_code: Exit
    problems: tuple[Problem, ...]

    @classmethod
    def read(cls, state: Path, root: Path, nodes: Iterable["Node"]) -> Self | None:
        """The stage that could not start; None without one, or if it was built since.

        DVC deletes a stage's outputs before it starts the stage, so they exist again once it is
        built, even from DVC's cache without a run.

        Args:
            state: The project's state folder.
            root: Its root.
            nodes: The stages of ``dvc.yaml``.
        """
        try:
            values = typed_json.load((state / _FILE).read_bytes())
            if typed_json.convert(values, dict[str, Any]).get("format") != _FORMAT:
                return None
            unstarted = typed_json.convert(values, cls)
        except (OSError, ShapeError):
            return None
        outs = [path for node in nodes if node.name == unstarted.stage for path in node.outs]
        return None if all((root / path).exists() for path in outs) else unstarted


@contextmanager
def noted(state: Path, stage: str) -> Iterator[None]:
    """Records a stage that cannot start, if DVC runs it, for the verdict on the build.

    Args:
        state: The project's state folder.
        stage: The stage.
    """
    try:
        yield
    except StagebookError as error:
        from stagebook.pipeline import dvc

        if repro := dvc.running():
            values = {
                "format": _FORMAT,
                "repro": repro,
                "stage": stage,
                "exit_code": error.exit_code,
                "problems": Masks.of(os.environ).hide_all(
                    [problem.as_json() for problem in error.problems]
                ),
            }
            write_whole(state / _FILE, json.dumps(values, indent=1) + "\n")
        raise
