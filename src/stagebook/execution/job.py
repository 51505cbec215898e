"""A stage made ready to run: everything read, parsed, resolved and checked."""

import datetime
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stagebook.data.subject import Subject
from stagebook.execution import inputs, parameters, taking
from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.parameters import ResolvedParameter
from stagebook.execution.trial import Trial
from stagebook.notebook.cells import Notebook
from stagebook.notebook.distributions import Installed
from stagebook.notebook.search import module_digest, search_in
from stagebook.notebook.signature import Role, Signature
from stagebook.notebook.snapshot import StageSnapshot
from stagebook.notebook.source import Source
from stagebook.pipeline import notebooks, params_file
from stagebook.pipeline.params_file import ParamsFile
from stagebook.project.errors import Problem, Where
from stagebook.project.masks import Masks
from stagebook.project.project import Project
from stagebook.project.settings import StageSettings


@dataclass(frozen=True, slots=True)
class Job:
    """A stage that is ready to run.

    Attributes:
        id: Name of the execution to come; sorts by time.
        signature: What it declares.
        parameters: Its parameters with their values.
        snapshot: Its notebook, source, settings and modules.
        files: Where the files that it declares are.
        subjects: Its inputs and outputs, each of which may be a table.
        packages: Whether it packages a model.
        masks: The secrets to hide in everything that it leaves, except its outputs.
        warnings: What a person should know about it.
    """

    id: str
    signature: Signature
    parameters: tuple[ResolvedParameter, ...]
    snapshot: StageSnapshot
    files: DeclaredFiles
    subjects: tuple[Subject, ...] = ()
    packages: bool = False
    masks: Masks = field(default_factory=Masks)
    warnings: tuple[Problem, ...] = ()

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.notebook.stage

    @property
    def notebook(self) -> Notebook:
        """The notebook."""
        return self.snapshot.notebook

    @property
    def source(self) -> Source:
        """Its source, as DVC hashes it."""
        return self.snapshot.source

    @property
    def settings(self) -> StageSettings:
        """The stage's settings."""
        return self.snapshot.settings

    @property
    def where(self) -> Where:
        """The notebook."""
        return Where(self.notebook.path)

    @property
    def is_build(self) -> bool:
        """Whether it belongs to the build, and not to a trial with ``-P``."""
        return self.files.trial is None

    @property
    def values(self) -> dict[str, Any]:
        """Values by name."""
        return {parameter.name: parameter.value for parameter in self.parameters}

    @property
    def page(self) -> str:
        """Where the pages of its run go, relative to the folder of runs and without an ending."""
        trial = self.files.trial
        if trial is None:
            return self.stage
        return trial.name if trial.stage == self.stage else f"{trial.name}/{self.stage}"


def prepare(
    project: Project,
    stage: str,
    overrides: Mapping[str, str],
    files: DeclaredFiles | None = None,
    params: ParamsFile | None = None,
) -> Job:
    """Reads a stage's notebook, resolves its parameters and checks that it can run.

    Args:
        project: The project.
        stage: The stage's name, or its notebook's.
        overrides: Values given with ``-P``, as text.
        files: The files of the trial that it continues; None if it continues no trial.
        params: The values of its params file; None for those of the project.

    Raises:
        StagebookError: Everything that prevents the run.
    """
    stage = notebooks.stage_named(project, stage)
    installed = Installed.remembered(project.state)
    snapshot, warnings = taking.take(project, stage, installed)
    notebook = notebooks.of_notebook(project, snapshot.notebook)
    file = params or params_file.read(notebook.params, project.root)
    resolved = parameters.resolve(notebook.signature, file, overrides)
    masks = Masks.of(os.environ)
    if files is None:
        trial = Trial.of(snapshot.notebook.stage, resolved, masks, project.settings.runs)
        files = DeclaredFiles(project.root, trial)
    files.require_whole(notebook.signature.inputs)
    inputs.require(project, notebook.signature, files)
    subjects = _subjects(notebook.signature, snapshot, project, installed)
    return Job(
        new_id(stage),
        notebook.signature,
        resolved,
        snapshot,
        files,
        subjects,
        notebook.stage.packages,
        masks,
        tuple(warnings),
    )


def _subjects(
    signature: Signature, snapshot: StageSnapshot, project: Project, installed: Installed
) -> tuple[Subject, ...]:
    folders = [project.root / folder for folder in snapshot.folders]
    search = search_in(project.root, folders, installed, snapshot.modules)
    declared = [
        declaration for declaration in signature.declared if declaration.role in (Role.IN, Role.OUT)
    ]
    modules = {
        declaration.schema: declaration.schema.partition(":")[0]
        for declaration in declared
        if declaration.schema
    }
    digests = {module: module_digest(module, search) for module in sorted(set(modules.values()))}
    codes = {schema: digests[module] for schema, module in modules.items()}
    return tuple(Subject.of(declaration, codes) for declaration in declared)


def new_id(stage: str) -> str:
    """The name of an execution to come; sorts by time.

    Args:
        stage: The stage.
    """
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y%m%dT%H%M%S%f}-{stage.replace(' ', '_')}-{secrets.token_hex(4)}"
