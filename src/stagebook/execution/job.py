"""A stage made ready to run: everything read, parsed, resolved and checked."""

import datetime
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stagebook.data.inspection import Subject
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
        taken: What it is made of.
        files: Where the files that it declares are.
        subjects: Its inputs and outputs, each of which may be a table.
        packages: Whether it packages a model.
        masks: What is hidden in all that it leaves but its outputs.
        warnings: What a person should know of it.
    """

    id: str
    signature: Signature
    parameters: tuple[ResolvedParameter, ...]
    taken: StageSnapshot
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
        return self.taken.notebook

    @property
    def source(self) -> Source:
        """What it is made of, as DVC hashes it."""
        return self.taken.source

    @property
    def settings(self) -> StageSettings:
        """What is not a parameter of the science."""
        return self.taken.settings

    @property
    def where(self) -> Where:
        """The notebook."""
        return Where(self.notebook.path)

    @property
    def is_build(self) -> bool:
        """Whether it makes the build's own files, and is no part of a trial with ``-P``."""
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
) -> Job:
    """Reads a stage's notebook, resolves its parameters and checks that it can run.

    Args:
        project: The project.
        stage: The stage's name, or its notebook's.
        overrides: Values given with ``-P``, as text.
        files: Those of the trial that it goes on with; None if it goes on with none.

    Raises:
        StagebookError: All that stands against it.
    """
    stage = notebooks.stage_named(project, stage)
    installed = Installed.remembered(project.state)
    taken, warnings = taking.take(project, stage, installed)
    notebook = notebooks.of_notebook(project, taken.notebook)
    file = params_file.read(notebook.params, project.root)
    resolved = parameters.resolve(notebook.signature, file, overrides)
    masks = Masks.of(os.environ)
    if files is None:
        trial = Trial.of(taken.notebook.stage, resolved, masks, project.settings.runs)
        files = DeclaredFiles(project.root, trial)
    files.require_whole(notebook.signature.inputs)
    inputs.require(project, notebook.signature, files)
    subjects = _subjects(notebook.signature, taken, project, installed)
    return Job(
        _new_id(stage),
        notebook.signature,
        resolved,
        taken,
        files,
        subjects,
        notebook.stage.packages,
        masks,
        tuple(warnings),
    )


def _subjects(
    signature: Signature, taken: StageSnapshot, project: Project, installed: Installed
) -> tuple[Subject, ...]:
    folders = [project.root / folder for folder in taken.folders]
    search = search_in(project.root, folders, installed, taken.modules)
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


def _new_id(stage: str) -> str:
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y%m%dT%H%M%S%f}-{stage.replace(' ', '_')}-{secrets.token_hex(4)}"
