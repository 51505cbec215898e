"""A stage made ready to run: everything read, parsed, resolved and checked."""

import ast
import datetime
import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stagebook.contracts.inspection import Subject
from stagebook.errors import Problem, StagebookError, Where
from stagebook.execution import parameters
from stagebook.execution.parameters import Origin, Resolved
from stagebook.masks import Masks
from stagebook.notebook import source
from stagebook.notebook.cells import Notebook
from stagebook.notebook.distributions import Installed
from stagebook.notebook.signature import Role, Signature
from stagebook.notebook.source import Source
from stagebook.pipeline import dvc_file, notebooks, params_file
from stagebook.pipeline.notebooks import StageNotebook
from stagebook.pipeline.stage import Stage, source_path
from stagebook.project import Project
from stagebook.settings import StageSettings


@dataclass(frozen=True, slots=True)
class Job:
    """A stage that is ready to run.

    Attributes:
        id: Name of the execution to come; sorts by time.
        notebook: The notebook.
        signature: What it declares.
        parameters: Its parameters with their values.
        source: What it is made of.
        settings: What is no parameter of the science.
        subjects: Its inputs and outputs, each of which may be a table.
        packages: Whether it packages a model.
        masks: What is hidden in all that it leaves but its outputs.
    """

    id: str
    notebook: Notebook
    signature: Signature
    parameters: tuple[Resolved, ...]
    source: Source
    settings: StageSettings
    subjects: tuple[Subject, ...] = ()
    packages: bool = False
    masks: Masks = field(default_factory=Masks)

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.notebook.stage

    @property
    def where(self) -> Where:
        """The notebook."""
        return Where(self.notebook.path)

    @property
    def is_build(self) -> bool:
        """Whether the values are the build's: none was given with ``-P``."""
        return all(one.origin is not Origin.OVERRIDE for one in self.parameters)

    @property
    def values(self) -> dict[str, Any]:
        """Values by name."""
        return {one.name: one.value for one in self.parameters}

    @property
    def name(self) -> str:
        """What the files of its run are called: the stage, and the overrides if there are any."""
        if self.is_build:
            return self.stage
        overrides = [one for one in self.parameters if one.origin is Origin.OVERRIDE]
        text = self.masks.hide("_".join(f"{one.name}={one.value}" for one in overrides))
        clean = "".join(char if char.isalnum() or char in "=._-" else "-" for char in text)[:80]
        exact = clean == text and not any(_reads_as_another(one.value) for one in overrides)
        values = self.masks.hide_all([one.value for one in overrides])
        digest = hashlib.sha256(repr(values).encode()).hexdigest()[:6]
        return f"{self.stage}@{clean if exact else f'{clean}-{digest}'}"


def _reads_as_another(value: Any) -> bool:
    """Whether a text looks like a value that is none, such as ``None`` or ``1``."""
    if not isinstance(value, str):
        return False
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return False
    return True


def prepare(project: Project, stage: str, overrides: Mapping[str, str]) -> Job:
    """Reads a stage's notebook, resolves its parameters and checks that it can run.

    Args:
        project: The project.
        stage: The stage's name.
        overrides: Values given with ``-P``, as text.

    Raises:
        StagebookError: All that stands against it.
    """
    one = notebooks.read_one(project, stage)
    file = params_file.read(params_file.params_path(stage, project.settings.params), project.root)
    resolved = parameters.resolve(one.signature, file, overrides)
    installed = Installed.scan()
    made_of = Source.of(one.notebook, project, installed)
    if _under_dvc():
        _check_in_sync(project, _whole_stage(project, one))
        path = source_path(stage)
        recorded = (project.root / path).read_text(encoding="utf-8")
        source.check_recorded(recorded, made_of, path)
    _check_inputs(project, one.signature)
    settings = project.settings.stage(stage)
    subjects = _subjects(one, project, installed)
    return Job(
        _new_id(stage),
        one.notebook,
        one.signature,
        resolved,
        made_of,
        settings,
        subjects,
        one.stage.packages,
        Masks.of(os.environ),
    )


def _subjects(one: StageNotebook, project: Project, installed: Installed) -> tuple[Subject, ...]:
    search = source.search_path(one.notebook, project, installed)
    declared = [each for each in one.signature.declared if each.role in (Role.IN, Role.OUT)]
    modules = {each.schema: each.schema.partition(":")[0] for each in declared if each.schema}
    digests = {
        module: source.module_digest(module, search, installed)
        for module in sorted(set(modules.values()))
    }
    codes = {schema: digests[module] for schema, module in modules.items()}
    return tuple(Subject.of(each, codes) for each in declared)


def _under_dvc() -> bool:
    return "DVC_STAGE" in os.environ


def _new_id(stage: str) -> str:
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y%m%dT%H%M%S%f}-{stage.replace(' ', '_')}-{secrets.token_hex(4)}"


def _whole_stage(project: Project, one: StageNotebook) -> Stage:
    """The stage with what it depends on by others; only the graph tells that of a packaging one."""
    if not one.stage.packages:
        return one.stage
    return notebooks.pipeline(project, notebooks.read_all(project)).stage(one.stage.name)


def _check_in_sync(project: Project, stage: Stage) -> None:
    text = dvc_file.read(project.root)
    if not dvc_file.agrees(stage, text):
        raise StagebookError(
            Problem(
                "out-of-sync",
                f"dvc.yaml does not have the stage {stage.name} as its notebook declares it.",
                "Run: stagebook sync",
                Where(stage.notebook or dvc_file.FILE),
            )
        )


def _check_inputs(project: Project, declared: Signature) -> None:
    absent = [path for path in declared.inputs if not (project.root / path).exists()]
    if not absent:
        return
    graph = notebooks.pipeline(project, notebooks.read_all(project))
    problems = []
    for one in declared.declared:
        for path in one.paths:
            if path in absent:
                maker = graph.producer(path)
                problems.append(
                    Problem(
                        "no-input",
                        f"The input `{path}` is not there.",
                        f"Build it: dvc repro {maker.name}"
                        if maker
                        else "No notebook writes it: put it there, or get it with `dvc pull`.",
                        Where(declared.where.file, declared.where.cell, one.line),
                    )
                )
    raise StagebookError(*problems)
