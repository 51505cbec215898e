"""What all notebooks of a project require: ``dvc.yaml``, ignore files, and their problems."""

import hashlib
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from stagebook.notebook.distributions import Installed
from stagebook.notebook.modules import SearchPath
from stagebook.notebook.search import code_folders
from stagebook.notebook.source import SourceWithModules
from stagebook.pipeline import dvc_file, ignored, repository
from stagebook.pipeline.change import FileChange
from stagebook.pipeline.graph import Pipeline
from stagebook.pipeline.notebooks import StageNotebook, makings, read_all, written_by_hand
from stagebook.pipeline.resolved import DvcOutput
from stagebook.pipeline.stage import Stage, hides_module
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import stamps
from stagebook.project.project import Project
from stagebook.project.settings import FILE

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """All notebooks of a project, and what they require.

    Attributes:
        notebooks: The notebooks.
        pipeline: Their stages.
        changes: The changes that dvc.yaml and the ignore files need; empty if they fit.
        warnings: What does not stop a build, and may surprise.
    """

    notebooks: tuple[StageNotebook, ...]
    pipeline: Pipeline
    changes: tuple[FileChange, ...]
    warnings: tuple[Problem, ...] = ()

    def text(self, project: Project) -> str:
        """The text of ``dvc.yaml`` with all changes."""
        after = (change.after for change in self.changes if change.path == dvc_file.FILE)
        return next(after, dvc_file.read(project.root))

    def with_outputs(self, project: Project, outputs: tuple[DvcOutput, ...]) -> "Layout":
        """This layout, with all cached outputs in ignore files.

        Args:
            project: The project.
            outputs: What all stages write.
        """
        ignoring = ignored.changes(project, outputs, packages=self._packages)
        files = {change.path for change in ignoring}
        others = (change for change in self.changes if change.path not in files)
        tracked = (_tracked(output) for output in outputs if output.tracked)
        return replace(
            self,
            changes=(*others, *(change for change in ignoring if change.needed)),
            warnings=(*self.warnings, *tracked),
        )

    @property
    def _packages(self) -> bool:
        return any(notebook.stage.packages for notebook in self.notebooks)

    @property
    def derived(self) -> tuple[tuple[str, str], ...]:
        """The notebooks whose stage has another name than their file, each with that name."""
        paths = {stage.name: stage.notebook for stage in self.pipeline.stages}
        return tuple(
            (path, name)
            for name, path in paths.items()
            if path and PurePosixPath(path).stem != name
        )

    @classmethod
    def read(cls, project: Project, edits: tuple[FileChange, ...] = ()) -> "Layout":
        """The present layout of a project, or that with some changes of notebooks.

        Args:
            project: The project.
            edits: The changes of notebooks, which are not written yet.

        Raises:
            StagebookError: A notebook is invalid, or notebooks contradict each other.
        """
        notebooks = read_all(project, edited={edit.path: edit.after for edit in edits})
        installed = Installed.remembered(project.state)
        require_unhidden(project, notebooks, makings(project, notebooks, installed), installed)
        layout = cls.of(project, notebooks, dvc_file.read(project.root))
        return replace(layout, changes=(*edits, *layout.changes))

    @classmethod
    def of(cls, project: Project, notebooks: tuple[StageNotebook, ...], text: str) -> "Layout":
        """The layout of some notebooks.

        Args:
            project: The project.
            notebooks: All its notebooks.
            text: The text of ``dvc.yaml``.

        Raises:
            StagebookError: They contradict each other, or a hand-written stage.
        """
        others = written_by_hand(project, text)
        graph = Pipeline.of((notebook.stage for notebook in notebooks), others)
        first = (Stage.sources(graph.stages),) if notebooks else ()
        report = project.settings.report if notebooks else None
        last = (Stage.site(graph.stages, report.folder, sorted(others)),) if report else ()
        after = dvc_file.render((*first, *graph.stages, *last), text)
        changes = (
            FileChange(dvc_file.FILE, text, after),
            _unmarked(project),
            *ignored.changes(
                project, packages=any(notebook.stage.packages for notebook in notebooks)
            ),
        )
        warnings = () if notebooks else (_no_notebooks(project),)
        return cls(notebooks, graph, tuple(change for change in changes if change.needed), warnings)


def require_fit(project: Project, notebooks: tuple[StageNotebook, ...], previous: str) -> str:
    """Whether ``dvc.yaml`` fits the notebooks.

    Args:
        project: The project.
        notebooks: All its notebooks.
        previous: What this function returned before; if that still holds, it reads no YAML.

    Returns:
        A digest of all that the answer depends on.

    Raises:
        StagebookError: It does not fit, or the notebooks contradict each other.
    """
    text = dvc_file.read(project.root)
    report = project.settings.report
    stages = [notebook.stage for notebook in notebooks]
    parts = json.dumps(
        [stamps(Path(__file__).parent), text, repr(stages), report.folder if report else None]
    )
    digest = hashlib.sha256(parts.encode()).hexdigest()
    if digest != previous:
        dvc_file.require_in_sync(Layout.of(project, notebooks, text).changes)
    return digest


def _no_notebooks(project: Project) -> Problem:
    folder = project.settings.notebooks
    kinds = "an .ipynb, or a .py with cell marks `# %%`"
    folders = (
        place.relative_to(project.root).as_posix()
        for place, files in repository.folders(project.root)
        if any(PurePosixPath(name).suffix == ".ipynb" for name in files)
    )
    elsewhere = sorted(folders)
    shown = ", ".join(elsewhere[:_SHOWN]) + (" and others" if len(elsewhere) > _SHOWN else "")
    next_step = (
        f"Move notebooks from {shown} to this folder" if elsewhere else "Create a notebook there"
    )
    return Problem(
        "no-notebooks",
        f"There is no notebook in the folder {folder}/: {kinds}.",
        f'{next_step}, or set notebooks = "…" under [tool.stagebook] in {FILE}.',
        Where(FILE),
    )


def _tracked(output: DvcOutput) -> Problem:
    path = shlex.quote(output.path)
    return Problem(
        "tracked-output",
        f"Git tracks `{output.path}`, an output of stage {output.stage} that DVC must track.",
        f"Remove the file from git, but not from the disk: git rm -r --cached {path}",
        Where(dvc_file.FILE),
    )


def _unmarked(project: Project) -> FileChange:
    """The settings without a byte-order mark, which DVC's TOML parser does not accept."""
    path = project.root / FILE
    text = path.read_bytes().decode() if path.exists() else ""
    return FileChange(FILE, text, text.removeprefix("\ufeff"))


def require_unhidden(
    project: Project,
    notebooks: tuple[StageNotebook, ...],
    sources: tuple[SourceWithModules, ...],
    installed: Installed,
) -> None:
    """Refuses each ``.py`` notebook that hides a module which a kernel imports.

    Raises:
        StagebookError: A notebook hides a module.
    """
    if hidden := tuple(_hidden_modules(project, notebooks, sources, installed)):
        raise StagebookError(*hidden)


def _hidden_modules(
    project: Project,
    notebooks: tuple[StageNotebook, ...],
    sources: tuple[SourceWithModules, ...],
    installed: Installed,
) -> Iterator[Problem]:
    paths = [
        notebook.notebook.path for notebook in notebooks if notebook.notebook.path.endswith(".py")
    ]
    if not paths:
        return
    imported = {path for item in sources for path, _ in item.source.modules}
    direct = (name for item in sources for name, _ in item.source.distributions)
    modules = (PurePosixPath(path).stem for path in imported)  # hidden, so no source names them
    used = {"stagebook", *installed.closure(modules, ("ipykernel", *direct))}
    for path in paths:
        module = PurePosixPath(path).stem
        providers = installed.providers.get(module, ())
        _, *others = code_folders(path, project)
        if used.intersection(providers) or (providers and path in imported):
            yield hides_module(path, f"`{module}` of {' and '.join(providers)}")
        elif path in imported and SearchPath(project.root, tuple(others), bool).is_local(module):
            yield hides_module(path, f"the project's own module `{module}`")
