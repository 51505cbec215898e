"""The state of a person's kernel: its mode, and the values of a parameters cell."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from stagebook.execution import parameters
from stagebook.execution.parameters import ResolvedParameter, ValueOrigin
from stagebook.lab import inputs, outputs
from stagebook.lab.recognition import CompletedCell, RecognisedCell, SavedNotebook, recognise
from stagebook.notebook.parameters_cell import TAG
from stagebook.notebook.signature import Signature
from stagebook.notebook.values import Value
from stagebook.pipeline import params_file
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project


class Mode(enum.Enum):
    """The origin of the parameters' values; the value is the word after ``%stagebook``."""

    BUILD = "build"
    DEFAULTS = "defaults"


class OutputPlace(enum.Enum):
    """Where outputs go; the value is the word after ``%stagebook``."""

    ASIDE = "aside"
    IN_PLACE = "in-place"


@dataclass(frozen=True, slots=True)
class CellValues:
    """The values that a parameters cell gets.

    Attributes:
        stage: The stage's name, if known.
        mode: The origin of the values in effect.
        params: Path of the stage's params file, if it exists.
        values: The parameters with the build's values.
        effective: The value of each variable, including those that name outputs.
        problems: Why the build would fail; if there are any, the defaults are in effect.
        notes: Further remarks before the next cell.
        place: Where the outputs go; None without outputs.
        folder: The folder of the outputs; empty for the project's root.
    """

    stage: str | None
    mode: Mode
    params: str | None = None
    values: tuple[ResolvedParameter, ...] = ()
    effective: Mapping[str, Value] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    place: OutputPlace | None = None
    folder: str = ""


class Session:
    """The state of one kernel: which project, which mode, and the last parameters cell.

    Attributes:
        project: The project.
        mode: The origin of the parameters' values.
        place: Where outputs go.
        signature: What the last parameters cell declares; empty before it has run.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.mode = Mode.BUILD
        self.place = OutputPlace.ASIDE
        self.signature = Signature(Where(""))
        self._last: CompletedCell | None = None

    @property
    def cell(self) -> str:
        """The text of the last parameters cell; empty before it has run."""
        return self._last.text if self._last else ""

    @property
    def folder(self) -> str:
        """The notebook's own folder, relative to the root; a guess if it is unknown."""
        file = self.signature.where.file
        return PurePosixPath(file).parent.as_posix() if file else self.project.settings.notebooks

    def take(self, ran: CompletedCell) -> CellValues | None:
        """The values of a cell that has run; None if it is not a parameters cell."""
        cell = recognise(self.project, ran)
        if cell is None:
            return None
        self._last, self.signature = ran, cell.signature
        cell_values = answer(self.project, ran, cell, self.mode)
        if cell.problems or not cell.signature.outputs:
            return cell_values
        folder = self._folder(ran, cell_values.stage)
        outputs.make_folders(self.project, cell.signature, folder)
        named = outputs.variables(cell.signature, folder)
        return replace(
            cell_values,
            place=self.place,
            folder=folder,
            effective={**cell_values.effective, **named},
        )

    def _folder(self, ran: CompletedCell, stage: str | None) -> str:
        """The folder of a stage's outputs; empty for the root."""
        if self.place is OutputPlace.IN_PLACE:
            return ""
        name = stage or (ran.file.stem if ran.file else "notebook")
        return outputs.folder_of(self.project, name)

    def switch(self, word: str) -> None:
        """Changes the mode or the place of outputs, by a word after ``%stagebook``."""
        if word in {mode.value for mode in Mode}:
            self.mode = Mode(word)
        else:
            self.place = OutputPlace(word)

    def again(self) -> CellValues | None:
        """The present values of the last parameters cell; None if none has run."""
        return self.take(self._last) if self._last else None


def answer(project: Project, ran: CompletedCell, cell: RecognisedCell, mode: Mode) -> CellValues:
    """The values of a parameters cell, from the present files."""
    signature, notebook = cell.signature, cell.notebook
    if cell.problems:
        return CellValues(notebook.name if notebook else None, mode, problems=cell.problems)
    notes = inputs.missing(project, signature.inputs, cell.saved)
    if notebook is None:
        return _of_defaults(None, mode, None, signature, (_unclear(cell, project),), notes)
    notes = (*_untagged(ran, notebook), *notes)
    path = params_file.locate(notebook.path, project)
    params = path if (project.root / path).is_file() else None
    try:
        values = parameters.resolve(signature, params_file.read(path, project.root), {})
    except StagebookError as error:
        return _of_defaults(notebook.name, mode, params, signature, error.problems, notes)
    effective = {value.name: value.value for value in values}
    if mode is Mode.DEFAULTS:
        effective |= _defaults(signature)
    return CellValues(notebook.name, mode, params, values, effective, (), notes)


def _of_defaults(
    stage: str | None,
    mode: Mode,
    params: str | None,
    signature: Signature,
    problems: tuple[Problem, ...],
    notes: tuple[Problem, ...],
) -> CellValues:
    """The answer if the build's values are not available."""
    optional = {
        parameter.name: parameter for parameter in signature.parameters if not parameter.required
    }
    values = tuple(
        ResolvedParameter(
            name, parameter.default, ValueOrigin.DEFAULT, parameter.default, parameter.help
        )
        for name, parameter in optional.items()
    )
    return CellValues(stage, mode, params, values, _defaults(signature), problems, notes)


def _defaults(signature: Signature) -> dict[str, Value]:
    """The defaults of the parameters that have one."""
    return {
        parameter.name: parameter.default
        for parameter in signature.parameters
        if not parameter.required
    }


def _unclear(cell: RecognisedCell, project: Project) -> Problem:
    if cell.others:
        names = ", ".join(other.path for other in cell.others)
        return Problem(
            "ambiguous-stage",
            f"The cell may belong to any of {names}, so its values in the build are unknown.",
            "Give each notebook its own output paths, and save it.",
        )
    return Problem(
        "unknown-stage",
        "No notebook of the project contains this cell, so the values of the cell in the build "
        "are unknown.",
        f"Tag the cell `{TAG}` and save the notebook in {project.settings.notebooks}/; the stage "
        "gets the notebook's name.",
    )


def _untagged(ran: CompletedCell, notebook: SavedNotebook) -> tuple[Problem, ...]:
    if notebook.cell or TAG in ran.tags:
        return ()
    return (
        Problem(
            "no-parameters-cell",
            f"{notebook.path} is not a stage yet: the saved file needs one cell tagged `{TAG}`.",
            f"Tag this cell `{TAG}` (in JupyterLab: Property Inspector, the gears → Cell Tags) "
            "and save.",
        ),
    )
