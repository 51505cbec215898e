"""The declared files of a run: those of the build, or those of a trial with ``-P``."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Self

from stagebook.execution.trial import Trial
from stagebook.project.errors import Problem, StagebookError


@dataclass(frozen=True, slots=True)
class DeclaredFiles:
    """Maps the paths that a notebook declares to the files that its run reads and writes.

    A run of the build uses each path as it is declared. A trial writes into a folder of its own,
    and reads from there what earlier stages of the same trial wrote.

    Attributes:
        root: The project's root.
        trial: The trial; None for a run of the build.
        written: Declared outputs that earlier stages of the trial wrote.
        contents: The folder, relative to the root, that holds the inputs instead of the project;
            empty for the project.
    """

    root: Path
    trial: Trial | None = None
    written: tuple[str, ...] = ()
    contents: str = ""

    def input(self, declared: str) -> str:
        """The path that is read for a declared input, relative to the root."""
        if self.contents:
            return f"{self.contents}/{declared}"
        within = any(PurePosixPath(declared).is_relative_to(output) for output in self.written)
        return self.output(declared) if within else declared

    def input_file(self, declared: str) -> Path:
        """The file or folder that is read for a declared input."""
        return self.root / self.input(declared)

    def output(self, declared: str) -> str:
        """The path that is written for a declared output, relative to the root."""
        return f"{self.trial.folder}/{declared}" if self.trial else declared

    def declared(self, path: str) -> str:
        """The declared path of a file that is read or written."""
        return path.removeprefix(f"{self.trial.folder}/") if self.trial else path

    def after(self, outputs: Iterable[str]) -> Self:
        """The files of the trial's next stage, once a stage wrote these outputs."""
        return replace(self, written=tuple(dict.fromkeys((*self.written, *outputs))))

    def require_whole(self, inputs: Iterable[str]) -> None:
        """Refuses inputs that would mix files of the trial with files of the build.

        Raises:
            StagebookError: An input is a folder, and the trial wrote only a part of it.
        """
        problems = [
            Problem(
                "mixed-input",
                f"The input `{folder}` contains `{output}`, which the trial wrote, "
                "and other files of the build.",
                f"Declare `{output}` as an input instead of `{folder}`.",
            )
            for folder in inputs
            for output in self.written
            if output != folder and PurePosixPath(output).is_relative_to(folder)
        ]
        if problems:
            raise StagebookError(*problems)
