"""What a person's kernel knows of the project: its mode, and what a parameters cell gets."""

import enum
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from stagebook.errors import Problem, StagebookError
from stagebook.execution import parameters
from stagebook.execution.parameters import Origin, Resolved
from stagebook.lab.recognition import Ran, Recognised, Saved, recognise
from stagebook.notebook.parameters_cell import TAG
from stagebook.notebook.signature import Signature
from stagebook.notebook.values import Value
from stagebook.pipeline import dvc_file, params_file
from stagebook.pipeline.graph import Pipeline
from stagebook.project import Project


class Mode(enum.Enum):
    """Whose values the parameters get; the value is the word after ``%stagebook``."""

    BUILD = "build"
    DEFAULTS = "defaults"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a parameters cell gets.

    Attributes:
        stage: The stage's name, if it can be told.
        mode: Whose values are in effect.
        params: Path of the stage's params file, if there is one.
        values: The parameters; their values are the build's.
        effective: The value that each variable gets.
        problems: Why the build would fail; where there are any, the defaults are in effect.
        notes: What else to know before the next cell.
    """

    stage: str | None
    mode: Mode
    params: str | None = None
    values: tuple[Resolved, ...] = ()
    effective: Mapping[str, Value] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


class Session:
    """The state of one kernel: which project, which mode, and the last parameters cell.

    Attributes:
        project: The project.
        mode: Whose values parameters get.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.mode = Mode.BUILD
        self._last: Ran | None = None

    def take(self, ran: Ran) -> Answer | None:
        """What a cell that has run gets; None if it is no parameters cell."""
        found = recognise(self.project, ran)
        if found is None:
            return None
        self._last = ran
        return answer(self.project, ran, found, self.mode)

    def again(self) -> Answer | None:
        """What the last parameters cell gets by now; None if none has run."""
        return self.take(self._last) if self._last else None


def answer(project: Project, ran: Ran, found: Recognised, mode: Mode) -> Answer:
    """What a parameters cell gets, from the files as they stand."""
    signature, notebook = found.signature, found.notebook
    if found.problems:
        return Answer(notebook.name if notebook else None, mode, problems=found.problems)
    notes = (*_missing(project, found), *_absent_folders(project, signature))
    if notebook is None:
        return _of_defaults(None, mode, None, signature, (_unclear(found, project),), notes)
    notes = (*_untagged(ran, notebook), *notes)
    path = params_file.params_path(notebook.name, project.settings.params)
    there = path if (project.root / path).is_file() else None
    try:
        values = parameters.resolve(signature, params_file.read(path, project.root), {})
    except StagebookError as error:
        return _of_defaults(notebook.name, mode, there, signature, error.problems, notes)
    effective = {one.name: one.value for one in values}
    if mode is Mode.DEFAULTS:
        effective |= _defaults(signature)
    return Answer(notebook.name, mode, there, values, effective, (), notes)


def _of_defaults(
    stage: str | None,
    mode: Mode,
    params: str | None,
    signature: Signature,
    problems: tuple[Problem, ...],
    notes: tuple[Problem, ...],
) -> Answer:
    """The answer where the build's values cannot be had."""
    given = {one.name: one for one in signature.parameters if not one.required}
    values = tuple(
        Resolved(name, one.default, Origin.DEFAULT, one.default, one.help)
        for name, one in given.items()
    )
    return Answer(stage, mode, params, values, _defaults(signature), problems, notes)


def _defaults(signature: Signature) -> dict[str, Value]:
    """The defaults; what the cell leaves open has none."""
    return {one.name: one.default for one in signature.parameters if not one.required}


def _unclear(found: Recognised, project: Project) -> Problem:
    if found.others:
        names = ", ".join(one.path for one in found.others)
        return Problem(
            "ambiguous-stage",
            f"The cell may belong to any of {names}, so its values in the build cannot be told.",
            "Outputs tell a notebook from its copies: give each a path of its own, and save.",
        )
    return Problem(
        "unknown-stage",
        "No notebook of the project is known to hold this cell, so its values in the build "
        "cannot be told.",
        f"Tag the cell `{TAG}` and save the notebook in {project.settings.notebooks}/; its name "
        "is the stage's.",
    )


def _untagged(ran: Ran, notebook: Saved) -> tuple[Problem, ...]:
    if notebook.cell or TAG in ran.tags:
        return ()
    return (
        Problem(
            "no-parameters-cell",
            f"{notebook.path} is no stage yet, as no one cell in the saved file is tagged `{TAG}`.",
            f"Tag this cell `{TAG}` (in JupyterLab: Property Inspector, the gears → Cell Tags) "
            "and save.",
        ),
    )


def _missing(project: Project, found: Recognised) -> tuple[Problem, ...]:
    """The inputs that are not there, with the stage to build for them."""
    by_hint: dict[str, list[str]] = {}
    for path in dict.fromkeys(found.signature.inputs):
        if not (project.root / path).exists():
            maker = _maker(path, found.saved, project)
            hint = (
                f"Build: `dvc repro {shlex.quote(maker)}`"
                if maker
                else "No stage writes this: put it there, or get it with `dvc pull`."
            )
            by_hint.setdefault(hint, []).append(path)
    return tuple(
        Problem("no-input", f"{_are_not_there('input', paths)}.", hint)
        for hint, paths in by_hint.items()
    )


def _are_not_there(what: str, paths: list[str]) -> str:
    names = ", ".join(f"`{path}`" for path in paths)
    return f"The {what}s {names} are not there" if paths[1:] else f"The {what} {names} is not there"


def _maker(path: str, saved: tuple[Saved, ...], project: Project) -> str | None:
    """The stage that writes a path; notebooks that are wrong are passed over."""
    ours = Pipeline(tuple(one.stage for one in saved if one.stage)).producer(path)
    if ours:
        return ours.name
    try:
        written = dvc_file.parse(dvc_file.read(project.root)).written
    except StagebookError:
        return None
    holders = (name for out, name in written.items() if PurePosixPath(path).is_relative_to(out))
    return next(holders, None)


def _absent_folders(project: Project, signature: Signature) -> tuple[Problem, ...]:
    parents = dict.fromkeys(PurePosixPath(path).parent.as_posix() for path in signature.outputs)
    absent = [folder for folder in parents if not (project.root / folder).is_dir()]
    if not absent:
        return ()
    return (
        Problem(
            "no-folder",
            f"{_are_not_there('folder', absent)}, but outputs go there.",
            f"A build makes its own; here: `!mkdir -p {shlex.join(absent)}`",
        ),
    )
