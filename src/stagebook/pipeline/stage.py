"""A notebook's stage in DVC's terms."""

import itertools
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import NoReturn

from stagebook.notebook.signature import Role, Signature
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import STATE

SOURCES = "sources"
"""The name of the stage that writes the source files."""

SITE = "site"
"""The name of the stage that writes the reports."""

SOURCES_COMMAND = "stagebook sources"
SITE_COMMAND = "stagebook report"

SITE_MARK = ".stagebook-site"
"""A file in every folder that is a site, so that no other folder is ever replaced."""

MANIFEST = "package.json"
"""The file that makes a folder a packaged model."""

PACKAGED_FEATURES = "features.json"
"""The file of a packaged model that describes its feature service."""

ARTICLES = f"{STATE}/articles"
"""The folder with which DVC carries the notebooks and profiles of a build to a clone."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One of our stages, as ``dvc.yaml`` has it.

    Attributes:
        name: DVC's name of the stage.
        cmd: The shell command.
        deps: Paths that it reads.
        params: Params files, each with the keys that count (empty: all keys).
        outs: Cached outputs.
        marks: Outputs that are neither cached nor deleted before the stage runs.
        carried: Cached outputs that are not deleted before the stage runs.
        metrics: Metrics files, kept in git and not in the cache.
        plots: Plots, cached.
        notebook: Path of the notebook; None for ``sources`` and ``site``.
        packages: Whether it packages a model, and so depends on all that the model is made of.
        always: Whether DVC runs it in every build.
    """

    name: str
    cmd: str
    deps: tuple[str, ...]
    params: tuple[tuple[str, tuple[str, ...]], ...] = ()
    outs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    notebook: str | None = None
    packages: bool = False
    always: bool = False

    @property
    def writes(self) -> tuple[str, ...]:
        """Every path that the stage writes."""
        return (*self.outs, *self.metrics, *self.plots, *self.marks, *self.carried)

    @classmethod
    def from_signature(
        cls, name: str, signature: Signature, params_file: str | None, *, packages: bool = False
    ) -> "Stage":
        """The stage of a notebook.

        Args:
            name: The stage's name.
            signature: What the notebook declares.
            params_file: Path of its params file, if it has one.
            packages: Whether it packages a model.

        Raises:
            StagebookError: A stage cannot have this name, or a path is both input and output.
        """
        _check_name(name, signature.where)
        _check_overlap(name, signature)
        return cls(
            name=name,
            cmd=f"stagebook run {shlex.quote(name)}",
            deps=(source_path(name), *dict.fromkeys(signature.inputs)),
            params=((params_file, ()),) if params_file else (),
            outs=signature.paths(Role.OUT),
            metrics=signature.paths(Role.METRICS),
            plots=signature.paths(Role.PLOTS),
            notebook=signature.where.file,
            packages=packages,
        )

    def after(self, stages: "Iterable[Stage]") -> "Stage":
        """This stage, depending on all that some stages before it depend on."""
        deps = dict.fromkeys((*self.deps, *(path for stage in stages for path in stage.deps)))
        params = dict.fromkeys(
            (*self.params, *(parameter for stage in stages for parameter in stage.params))
        )
        return replace(self, deps=tuple(deps), params=tuple(params))

    @classmethod
    def sources(cls, stages: "tuple[Stage, ...]") -> "Stage":
        """The stage that writes the source files of all notebook stages, in every build.

        Args:
            stages: The notebook stages.
        """
        outs = tuple(source_path(stage.name) for stage in stages)
        return cls(name=SOURCES, cmd=SOURCES_COMMAND, deps=(), outs=outs, always=True)

    @classmethod
    def site(cls, stages: "tuple[Stage, ...]", folder: str, others: Iterable[str] = ()) -> "Stage":
        """The stage that writes the reports, after all others.

        For DVC its output is the file that marks the folder, which is always the same: the reports
        contain times and are never the same twice. If they are missing, so is the mark. It also
        writes what a clone makes the reports from: executed notebooks and profiles.

        Args:
            stages: The notebook stages.
            folder: Where the reports go.
            others: What hand-written stages write; the reports show it as well.

        Raises:
            StagebookError: A notebook has the name of this stage.
        """
        for item in stages:
            if item.name == SITE:
                message = f"A stage cannot be called `{SITE}`: that stage writes the reports."
                _refuse(item.name, message, item.notebook or "")
        written = (path for item in stages for path in (source_path(item.name), *item.writes))
        return cls(
            name=SITE,
            cmd=SITE_COMMAND,
            deps=tuple(dict.fromkeys((*written, *others))),
            marks=(f"{folder}/{SITE_MARK}",),
            carried=(ARTICLES,),
            params=(("pyproject.toml", ("tool.stagebook",)),),
        )


def source_path(stage: str) -> str:
    """Path of a stage's source file, relative to the project's root."""
    return f"{STATE}/sources/{stage}.py"


def is_source(path: str) -> bool:
    """Whether a path is the source file of some stage."""
    return path.startswith(f"{STATE}/sources/")


def stage_of_source(path: str) -> str:
    """The stage that a source file is of."""
    return PurePosixPath(path).stem


def _check_overlap(name: str, signature: Signature) -> None:
    problems = []
    for read, written in itertools.product(signature.inputs, signature.outputs):
        if read == written:
            message = f"`{read}` is both an input and an output of stage {name}."
        elif PurePosixPath(written).is_relative_to(read):
            message = f"The input `{read}` of stage {name} contains its output `{written}`."
        elif PurePosixPath(read).is_relative_to(written):
            message = f"The output `{written}` of stage {name} contains its input `{read}`."
        else:
            continue
        hint = "Write the result to a separate path."
        problems.append(Problem("in-and-out", message, hint, signature.where))
    if problems:
        raise StagebookError(*problems)


def _check_name(name: str, where: Where) -> None:
    if name == SOURCES:
        message = f"A stage cannot be called `{SOURCES}`: that stage reads the notebooks."
    elif where.file.endswith(".py") and name in sys.stdlib_module_names:
        raise StagebookError(hides_module(where.file, f"Python's module `{name}`"))
    else:
        return
    _refuse(name, message, where.file)


def hides_module(notebook: str, module: str) -> Problem:
    """The problem of a ``.py`` notebook that imports find in place of a module.

    Args:
        notebook: Its path.
        module: The module, in words.
    """
    path = PurePosixPath(notebook)
    message = f"Every import finds this notebook instead of {module}."
    hint = (
        f"Rename the notebook, for example {path.stem}_.py, or make it an .ipynb, which no import "
        f"finds: jupytext --to ipynb {shlex.quote(notebook)} && rm {shlex.quote(notebook)}"
    )
    return Problem("bad-stage-name", message, hint, Where(notebook))


def _refuse(name: str, message: str, file: str) -> NoReturn:
    hint = f"Rename the notebook, for example {name}_."
    raise StagebookError(Problem("bad-stage-name", message, hint, Where(file)))
