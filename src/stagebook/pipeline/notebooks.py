"""The notebooks of a project with their signatures, and the pipeline of their stages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from stagebook.notebook import cells, imports, parameters_cell
from stagebook.notebook.cells import Notebook
from stagebook.notebook.code import normalise_cell
from stagebook.notebook.distributions import Installed
from stagebook.notebook.modules import Module
from stagebook.notebook.search import Search, code_folders, search_in
from stagebook.notebook.signature import Signature
from stagebook.notebook.source import SourceWithModules, look_up
from stagebook.pipeline import dvc_file, params_file, repository, resolved
from stagebook.pipeline.graph import Pipeline
from stagebook.pipeline.stage import Stage
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project.project import Project
from stagebook.project.settings.stage_names import stage_name, table_name


@dataclass(frozen=True, slots=True)
class StageNotebook:
    """A notebook that is a stage.

    Attributes:
        notebook: Its cells.
        signature: What it declares.
        stage: Its stage.
        params: Path of its params file, whether or not it exists.
    """

    notebook: Notebook
    signature: Signature
    stage: Stage
    params: str


def stage_named(project: Project, name: str) -> str:
    """The stage that a person names, by its own name or by its notebook's file.

    Args:
        project: The project.
        name: As typed; returned unchanged if no notebook has it.
    """
    stage = stage_name(name)
    return stage if stage in _by_stage(project) else name


def stages(project: Project) -> dict[str, str]:
    """The names of all notebooks' stages, sorted, each with its notebook, which is not read."""
    return {stage: paths[0] for stage, paths in sorted(_by_stage(project).items())}


def read_one(project: Project, name: str) -> StageNotebook:
    """The notebook of one stage.

    Args:
        project: The project.
        name: The stage's name, or its notebook's file.

    Raises:
        StagebookError: No notebook or several notebooks have the name, or it is invalid.
    """
    by_stage = _by_stage(project)
    stage = stage_name(name)
    if stage not in by_stage:
        raise StagebookError(
            Problem(
                "no-stage",
                f"There is no notebook `{name}` in {project.settings.notebooks}/.",
                did_you_mean(
                    name, by_stage, f"The stages are: {', '.join(sorted(by_stage)) or 'none'}."
                ),
                Where(project.settings.notebooks),
            )
        )
    return _read(project, by_stage[stage])


def path_of(project: Project, stage: str) -> str:
    """Path of a stage's notebook, which is not read; empty if no notebook has the name."""
    return next(iter(_by_stage(project).get(stage, ())), "")


def of_notebook(project: Project, notebook: Notebook) -> StageNotebook:
    """The stage of a notebook.

    Raises:
        StagebookError: Its parameters cell or its name is invalid.
    """
    declared = parameters_cell.parse(notebook)
    params = params_file.locate(notebook.path, project)
    has_params = (project.root / params).is_file()
    stage = Stage.from_signature(
        notebook.stage, declared, params if has_params else None, packages=_packages(notebook)
    )
    return StageNotebook(notebook, declared, stage, params)


def makings(
    project: Project,
    notebooks: Iterable[StageNotebook],
    installed: Installed,
    remembered: Mapping[str, Module] = MappingProxyType({}),
) -> tuple[SourceWithModules, ...]:
    """What each of some notebooks is made of; modules that they share are read once.

    Args:
        project: The project.
        notebooks: The notebooks.
        installed: The environment.
        remembered: Modules in an earlier state, by path relative to the root.
    """
    searches: dict[tuple[Path, ...], Search] = {}
    modules = []
    for notebook in notebooks:
        folders = code_folders(notebook.notebook.path, project)
        if folders not in searches:
            searches[folders] = search_in(project.root, folders, installed, remembered=remembered)
        modules.append(look_up(notebook.notebook, project, searches[folders]))
    return tuple(modules)


def read_all(
    project: Project,
    known: Mapping[str, Notebook] = MappingProxyType({}),
    edited: Mapping[str, str] = MappingProxyType({}),
) -> tuple[StageNotebook, ...]:
    """Every notebook of the project.

    Args:
        project: The project.
        known: Notebooks as they were read before, by path.
        edited: The new texts of notebooks whose files are not written yet, by path.

    Raises:
        StagebookError: Some are invalid; it has the problems of all.
    """
    read: list[StageNotebook] = []
    by_stage = _by_stage(project)
    problems = [
        _no_such_stage(name, by_stage) for name in sorted(project.settings.stages.keys() - by_stage)
    ]
    for paths in by_stage.values():
        try:
            if len(paths) == 1 and paths[0] in edited:
                read.append(of_notebook(project, cells.parse_file(edited[paths[0]], paths[0])))
            else:
                read.append(_read(project, paths, known))
        except StagebookError as error:
            problems.extend(error.problems)
    if problems:
        raise StagebookError(*problems)
    return tuple(read)


def read_each(
    project: Project, stages: Iterable[str]
) -> dict[str, "StageNotebook | StagebookError"]:
    """The notebook of each stage, or its error; stages without a notebook are left out."""
    by_stage = _by_stage(project)
    read: dict[str, StageNotebook | StagebookError] = {}
    for stage in stages:
        if stage in by_stage:
            try:
                read[stage] = _read(project, by_stage[stage])
            except StagebookError as error:
                read[stage] = error
    return read


def _no_such_stage(name: str, stages: Iterable[str]) -> Problem:
    return Problem(
        "unknown-stage",
        f"{table_name(name)} is for a notebook that does not exist.",
        did_you_mean(name, stages, f"The stages are: {', '.join(sorted(stages)) or 'none'}."),
        Where("pyproject.toml"),
    )


def products(project: Project) -> tuple[str, ...]:
    """Every path that a stage of the repository writes, and DVC's own files about them."""
    written = repository.written(project.root)
    ignoring = (str(PurePosixPath(path).parent / ".gitignore") for path in written)
    return tuple(dict.fromkeys((*written, *ignoring)))


def pipeline(project: Project, notebooks: tuple[StageNotebook, ...]) -> Pipeline:
    """The pipeline of some notebooks, checked against the hand-written stages in dvc.yaml."""
    written = written_by_hand(project, dvc_file.read(project.root))
    return Pipeline.of((notebook.stage for notebook in notebooks), written)


def written_by_hand(project: Project, text: str) -> Mapping[str, str]:
    """The paths that hand-written stages write, each with its stage's name.

    Args:
        project: The project.
        text: The text of its ``dvc.yaml``.

    Raises:
        StagebookError: It is not valid YAML, or DVC must resolve the paths and refuses the stages.
    """
    file = dvc_file.parse(text)
    if not file.templated:
        return file.written
    without_ours = dvc_file.render((), text)
    return {out.path: out.stage for out in resolved.outputs(project.root, without_ours)}


def _packages(notebook: Notebook) -> bool:
    """Whether a notebook calls ``stagebook.package``."""
    trees = (normalise_cell(cell.text).tree for cell in notebook.code_cells)
    return any(imports.uses(tree, "stagebook", "package") for tree in trees if tree)


def _by_stage(project: Project) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for path in cells.find(project.root / project.settings.notebooks, project.root):
        paths.setdefault(stage_name(path), []).append(path)
    return paths


def _read(
    project: Project, paths: list[str], known: Mapping[str, Notebook] = MappingProxyType({})
) -> StageNotebook:
    if len(paths) > 1:
        raise StagebookError(
            Problem(
                "two-notebooks",
                f"{' and '.join(paths)} would both be the stage {stage_name(paths[0])}.",
                "Rename one of them; a paired copy can live in another folder.",
                Where(paths[1]),
            )
        )
    return of_notebook(project, cells.read(paths[0], project.root, known.get(paths[0])))
