"""Which notebook's parameters cell a cell is that has just run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from stagebook.errors import Problem, StagebookError, Where
from stagebook.notebook import cells, parameters_cell
from stagebook.notebook.cells import Cell
from stagebook.notebook.parameters_cell import TAG
from stagebook.notebook.signature import Signature
from stagebook.pipeline.stage import Stage
from stagebook.project import Project

_HERE = Where("this cell")


@dataclass(frozen=True, slots=True)
class Ran:
    """A cell that ran without an error.

    Attributes:
        text: Its text as it ran, saved or not.
        id: Its id, where the frontend tells it.
        tags: Its tags, where the frontend tells them, as JupyterLab does.
        file: The notebook's file, where the frontend tells it; absolute, or a bare name.
    """

    text: str
    id: str | None = None
    tags: frozenset[str] = frozenset()
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A notebook as its file stands at this moment, be it right or wrong.

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
        return Path(self.path).stem

    @property
    def where(self) -> Where:
        """Its parameters cell."""
        return Where(self.path, self.cell.position if self.cell else None)

    @classmethod
    def read(cls, path: str, project: Project) -> "Saved":
        """The notebook at a path; what cannot be read of it is left out."""
        saved = cls(path)
        try:  # a file that is wrong in any way must not keep the others' cells from their values
            cell = parameters_cell.tagged_cell(cells.read(path, project.root))
            saved = replace(saved, cell=cell)
            signature = parameters_cell.parse_cell(cell.text, saved.where)
            return replace(saved, stage=Stage.from_signature(saved.name, signature, None))
        except Exception:
            return saved


@dataclass(frozen=True, slots=True)
class Recognised:
    """A parameters cell that has run.

    Attributes:
        signature: What it declares; nothing where it is wrong.
        notebook: The notebook that it belongs to, if that can be told.
        others: The notebooks that it might belong to instead.
        saved: All notebooks of the project.
        problems: Why it is no signature.
    """

    signature: Signature
    notebook: Saved | None
    others: tuple[Saved, ...]
    saved: tuple[Saved, ...]
    problems: tuple[Problem, ...] = ()


def recognise(project: Project, ran: Ran) -> Recognised | None:
    """What a cell declares and whose it is; None if it is no parameters cell.

    A cell is one if it is tagged, has the id of a tagged cell, or declares a path. Most cells
    are not, and for them no file is read.
    """
    signature, problems = _parse(ran.text, _HERE)
    sure = TAG in ran.tags or bool(signature.declared)
    if not sure and not (_may_be_one(ran, signature, problems) and _is_saved_as_one(project, ran)):
        return None
    saved = tuple(Saved.read(path, project) for path in _paths(project))
    fitting = _owners(saved, ran, signature, project)
    if len(fitting) != 1:
        return Recognised(signature, None, fitting, saved, problems)
    signature, problems = _parse(ran.text, fitting[0].where)
    return Recognised(signature, fitting[0], (), saved, problems)


def _parse(text: str, where: Where) -> tuple[Signature, tuple[Problem, ...]]:
    try:
        return parameters_cell.parse_cell(text, where), ()
    except StagebookError as error:
        return Signature(where), error.problems


def _may_be_one(ran: Ran, signature: Signature, problems: tuple[Problem, ...]) -> bool:
    """Whether it is worth a look into the files."""
    wrong = bool(problems) and "from stagebook import" in ran.text
    return ran.id is not None and (bool(signature.parameters) or wrong)


def _is_saved_as_one(project: Project, ran: Ran) -> bool:
    for path in _paths(project):
        text = (project.root / path).read_text(encoding="utf-8", errors="replace")
        if f'"{ran.id}"' in text:  # far cheaper than to read and validate every notebook
            cell = Saved.read(path, project).cell
            if cell and cell.id == ran.id:
                return True
    return False


def _paths(project: Project) -> tuple[str, ...]:
    return cells.find(project.root / project.settings.notebooks, project.root)


def _owners(
    saved: tuple[Saved, ...], ran: Ran, signature: Signature, project: Project
) -> tuple[Saved, ...]:
    """The notebooks that the cell may belong to: none, one, or copies of each other.

    An output tells its stage, as no two notebooks may write one path. The cell's id tells less,
    as a copied notebook has the same, and the file's name least: a kernel keeps the name with
    which it was started.
    """
    outputs, file = set(signature.outputs), _below_root(ran.file, project)
    kinds: tuple[Callable[[Saved], bool], ...] = (
        lambda one: one.stage is not None and not outputs.isdisjoint(one.stage.writes),
        lambda one: ran.id is not None and one.cell is not None and one.cell.id == ran.id,
        lambda one: one.path == file,
    )
    fitting: tuple[Saved, ...] = ()
    for fits in kinds:
        fitting = tuple(filter(fits, fitting or saved)) or fitting
    return fitting


def _below_root(file: Path | None, project: Project) -> str | None:
    """The notebook's path as the project has it; a bare name is looked up in its folder."""
    if file is None:
        return None
    if not file.is_absolute():
        return f"{project.settings.notebooks}/{file.name}"
    resolved = file.resolve()
    if not resolved.is_relative_to(project.root):
        return None
    return resolved.relative_to(project.root).as_posix()
