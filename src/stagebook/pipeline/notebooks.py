"""The notebooks of a project with their signatures, and the pipeline that they make."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stagebook.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.notebook import cells, imports, parameters_cell
from stagebook.notebook.cells import Notebook
from stagebook.notebook.code import normalise_cell
from stagebook.notebook.distributions import Installed
from stagebook.notebook.signature import Signature
from stagebook.notebook.source import Source
from stagebook.pipeline import dvc_file, ignored
from stagebook.pipeline.change import Change
from stagebook.pipeline.graph import Pipeline
from stagebook.pipeline.params_file import params_path
from stagebook.pipeline.stage import Stage
from stagebook.project import Project


@dataclass(frozen=True, slots=True)
class StageNotebook:
    """A notebook that is a stage.

    Attributes:
        notebook: Its cells.
        signature: What it declares.
        stage: Its stage.
    """

    notebook: Notebook
    signature: Signature
    stage: Stage


def read_one(project: Project, name: str) -> StageNotebook:
    """The notebook of one stage.

    Raises:
        StagebookError: There is no such notebook, two, or it is wrong.
    """
    found = _by_stage(project)
    if name not in found:
        raise StagebookError(
            Problem(
                "no-stage",
                f"There is no notebook `{name}` in {project.settings.notebooks}/.",
                did_you_mean(name, found, f"It has: {', '.join(sorted(found)) or 'none'}."),
                Where(project.settings.notebooks),
            )
        )
    return _read(project, found[name])


def read_all(project: Project) -> tuple[StageNotebook, ...]:
    """Every notebook of the project.

    Raises:
        StagebookError: What is wrong in any of them, all at once.
    """
    read: list[StageNotebook] = []
    found = _by_stage(project)
    problems = [
        _no_such_stage(name, found) for name in sorted(project.settings.stages.keys() - found)
    ]
    for paths in found.values():
        try:
            read.append(_read(project, paths))
        except StagebookError as error:
            problems.extend(error.problems)
    if problems:
        raise StagebookError(*problems)
    return tuple(read)


def _no_such_stage(name: str, found: Iterable[str]) -> Problem:
    return Problem(
        "unknown-stage",
        f"[tool.stagebook.stages.{name}] is for a notebook that is not there.",
        did_you_mean(name, found, f"There is: {', '.join(sorted(found)) or 'none'}."),
        Where("pyproject.toml"),
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """All notebooks of a project, and what follows from them.

    Attributes:
        notebooks: The notebooks.
        pipeline: Their stages.
        sources: What each is made of, here and now.
        changes: What dvc.yaml and the ignore files need to fit; empty where all is right.
    """

    notebooks: tuple[StageNotebook, ...]
    pipeline: Pipeline
    sources: tuple[Source, ...]
    changes: tuple[Change, ...]

    @classmethod
    def read(cls, project: Project) -> "Layout":
        """The layout of a project as it stands.

        Raises:
            StagebookError: What is wrong in any notebook or between them.
        """
        found = read_all(project)
        graph = pipeline(project, found)
        installed = Installed.scan()
        made_of = tuple(Source.of(one.notebook, project, installed) for one in found)
        first = (_sources_stage(project, graph, made_of),) if found else ()
        text = dvc_file.read(project.root)
        report = project.settings.report if found else None
        others = sorted(dvc_file.parse(text).written)
        last = (Stage.site(graph.stages, report.folder, others),) if report else ()
        after = dvc_file.render((*first, *graph.stages, *last), text)
        changes = (
            Change(dvc_file.FILE, text, after),
            *ignored.changes(project, packages=any(one.stage.packages for one in found)),
        )
        return cls(found, graph, made_of, tuple(one for one in changes if one.needed))


def products(project: Project) -> tuple[str, ...]:
    """Every path that a stage in ``dvc.yaml`` writes, and DVC's own files about them."""
    written = dvc_file.all_written(dvc_file.read(project.root))
    ignoring = (str(PurePosixPath(path).parent / ".gitignore") for path in written)
    return tuple(dict.fromkeys((*written, *ignoring, dvc_file.LOCK)))


def pipeline(project: Project, found: tuple[StageNotebook, ...]) -> Pipeline:
    """The pipeline of some notebooks, held against the hand-written stages in dvc.yaml."""
    there = dvc_file.parse(dvc_file.read(project.root))
    return Pipeline.of((one.stage for one in found), there.written)


def _sources_stage(project: Project, graph: Pipeline, made_of: tuple[Source, ...]) -> Stage:
    """The stage that writes the source files.

    It depends on the folder of the notebooks, on each package or module of local code that
    some notebook reaches, and on the lock file.
    """
    folders = [PurePosixPath(folder) for folder in project.settings.code]
    own = PurePosixPath(project.settings.notebooks)
    reached = [PurePosixPath(path) for one in made_of for path, _ in one.modules]
    local = {_top(path, folders) for path in reached if not path.is_relative_to(own)}
    deps = (own.as_posix(), *sorted(local), *([project.lock] if project.lock else []))
    return Stage.sources(graph.stages, deps)


def _top(path: PurePosixPath, folders: list[PurePosixPath]) -> str:
    """The package, or single module, right below a code folder that a file belongs to."""
    folder = next(one for one in folders if path.is_relative_to(one))
    return (folder / path.relative_to(folder).parts[0]).as_posix()


def _packages(notebook: Notebook) -> bool:
    """Whether a notebook calls ``stagebook.package``."""
    trees = (normalise_cell(cell.text).tree for cell in notebook.code_cells)
    return any(imports.uses(tree, "stagebook", "package") for tree in trees if tree)


def _by_stage(project: Project) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in cells.find(project.root / project.settings.notebooks, project.root):
        found.setdefault(Path(path).stem, []).append(path)
    return found


def _read(project: Project, paths: list[str]) -> StageNotebook:
    if len(paths) > 1:
        raise StagebookError(
            Problem(
                "two-notebooks",
                f"{' and '.join(paths)} would both be the stage {Path(paths[0]).stem}.",
                "Keep one of them here; a paired copy can live in another folder.",
                Where(paths[1]),
            )
        )
    notebook = cells.read(paths[0], project.root)
    declared = parameters_cell.parse(notebook)
    params = params_path(notebook.stage, project.settings.params)
    has_params = (project.root / params).is_file()
    stage = Stage.from_signature(
        notebook.stage, declared, params if has_params else None, packages=_packages(notebook)
    )
    return StageNotebook(notebook, declared, stage)
