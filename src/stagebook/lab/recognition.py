"""Finds the notebook whose parameters cell has just run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from stagebook.notebook import cells, parameters_cell
from stagebook.notebook.cells import Cell
from stagebook.notebook.parameters_cell import TAG
from stagebook.notebook.signature import Signature
from stagebook.pipeline.stage import Stage
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project
from stagebook.project.settings.stage_names import stage_name

_HERE = Where("this cell")


@dataclass(frozen=True, slots=True)
class CompletedCell:
    """A cell that ran without an error.

    Attributes:
        text: Its text as it ran, saved or not.
        id: Its id, if the frontend sends it.
        tags: Its tags, if the frontend sends them, as JupyterLab does.
        file: The notebook's file, if the frontend sends it; absolute, or a bare name.
    """

    text: str
    id: str | None = None
    tags: frozenset[str] = frozenset()
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class SavedNotebook:
    """A notebook in its present file, valid or not.

    Attributes:
        path: Relative to the project's root.
        cell: Its parameters cell, if exactly one is tagged.
        stage: Its stage, if that cell is a signature.
    """

    path: str
    cell: Cell | None = None
    stage: Stage | None = None

    @property
    def name(self) -> str:
        """The name of its stage."""
        return stage_name(self.path)

    @property
    def where(self) -> Where:
        """Its parameters cell."""
        return Where(self.path, self.cell.position if self.cell else None)

    @classmethod
    def read(cls, path: str, project: Project) -> "SavedNotebook":
        """The notebook at a path, without the parts that cannot be read."""
        saved = cls(path)
        try:  # an invalid file must not prevent the values of other notebooks' cells
            cell = parameters_cell.tagged_cell(cells.read(path, project.root))
            saved = replace(saved, cell=cell)
            signature = parameters_cell.parse_cell(cell.text, saved.where)
            return replace(saved, stage=Stage.from_signature(saved.name, signature, None))
        except Exception:
            return saved

    @classmethod
    def read_all(cls, project: Project) -> "tuple[SavedNotebook, ...]":
        """All notebooks of a project."""
        return tuple(cls.read(path, project) for path in _paths(project))


@dataclass(frozen=True, slots=True)
class RecognisedCell:
    """A parameters cell that has run.

    Attributes:
        signature: What it declares; empty if it is invalid.
        notebook: The notebook that it belongs to, if known.
        others: The notebooks that it might belong to instead.
        saved: All notebooks of the project.
        problems: Why it is not a signature.
    """

    signature: Signature
    notebook: SavedNotebook | None
    others: tuple[SavedNotebook, ...]
    saved: tuple[SavedNotebook, ...]
    problems: tuple[Problem, ...] = ()


def recognise(project: Project, ran: CompletedCell) -> RecognisedCell | None:
    """A cell's declarations and its notebook; None if it is not a parameters cell.

    A parameters cell is tagged, has the id of a tagged cell, or declares a path. For most other
    cells no file is read.
    """
    signature, problems = _parse(ran.text, _HERE)
    sure = TAG in ran.tags or bool(signature.declared)
    if not sure and not (_may_be_one(ran, signature, problems) and _is_saved_as_one(project, ran)):
        return None
    saved = SavedNotebook.read_all(project)
    fitting = _owners(saved, ran, signature, project)
    if len(fitting) != 1:
        return RecognisedCell(signature, None, fitting, saved, problems)
    signature, problems = _parse(ran.text, fitting[0].where)
    return RecognisedCell(signature, fitting[0], (), saved, problems)


def stage_of(project: Project, file: Path | None) -> str | None:
    """The stage of a notebook with a parameters cell, valid or not; None for other files."""
    path = _below_root(file, project)
    if path not in _paths(project):
        return None
    saved = SavedNotebook.read(path, project)
    return saved.name if saved.cell else None


def is_signature(text: str) -> bool:
    """Whether a cell declares a path, or would if it were valid."""
    signature, problems = _parse(text, _HERE)
    return bool(signature.declared) or _looks_wrong(text, problems)


def _looks_wrong(text: str, problems: tuple[Problem, ...]) -> bool:
    return bool(problems) and "from stagebook import" in text


def _parse(text: str, where: Where) -> tuple[Signature, tuple[Problem, ...]]:
    try:
        return parameters_cell.parse_cell(text, where), ()
    except StagebookError as error:
        return Signature(where), error.problems


def _may_be_one(ran: CompletedCell, signature: Signature, problems: tuple[Problem, ...]) -> bool:
    """Whether it is worth reading the files."""
    wrong = _looks_wrong(ran.text, problems)
    return ran.id is not None and (bool(signature.parameters) or wrong)


def _is_saved_as_one(project: Project, ran: CompletedCell) -> bool:
    for path in _paths(project):
        try:
            text = cells.read_text(path, project.root)
        except StagebookError:
            continue
        if f'"{ran.id}"' in text:  # far faster than validating every notebook
            cell = SavedNotebook.read(path, project).cell
            if cell and cell.id == ran.id:
                return True
    return False


def _paths(project: Project) -> tuple[str, ...]:
    return cells.find(project.root / project.settings.notebooks, project.root)


def _owners(
    saved: tuple[SavedNotebook, ...], ran: CompletedCell, signature: Signature, project: Project
) -> tuple[SavedNotebook, ...]:
    """The notebooks that the cell may belong to: none, one, or copies of each other.

    An output identifies the stage, since no two notebooks may write the same path. The cell's id
    is less reliable, since a copied notebook has the same ids. The file's name is least reliable:
    a kernel keeps the name with which it was started.
    """
    outputs, file = set(signature.outputs), _below_root(ran.file, project)
    kinds: tuple[Callable[[SavedNotebook], bool], ...] = (
        lambda notebook: (
            notebook.stage is not None and not outputs.isdisjoint(notebook.stage.writes)
        ),
        lambda notebook: (
            ran.id is not None and notebook.cell is not None and notebook.cell.id == ran.id
        ),
        lambda notebook: notebook.path == file,
    )
    fitting: tuple[SavedNotebook, ...] = ()
    for fits in kinds:
        fitting = tuple(filter(fits, fitting or saved)) or fitting
    return fitting


def _below_root(file: Path | None, project: Project) -> str | None:
    """The notebook's path relative to the root; a bare name is in the folder of notebooks."""
    if file is None:
        return None
    if not file.is_absolute():
        return f"{project.settings.notebooks}/{file.name}"
    resolved = file.resolve()
    if not resolved.is_relative_to(project.root):
        return None
    return resolved.relative_to(project.root).as_posix()
