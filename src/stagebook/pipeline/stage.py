"""A notebook's stage in DVC's terms."""

import itertools
import shlex
import string
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import NoReturn

from stagebook.errors import Problem, StagebookError, Where
from stagebook.notebook.signature import Role, Signature
from stagebook.project import STATE

SOURCES = "sources"
"""The name of the stage that writes the source files."""

SITE = "site"
"""The name of the stage that writes the reports."""

SITE_MARK = ".stagebook-site"
"""A file in every folder that is a site, so that no other folder is ever replaced."""

_FORBIDDEN = set(string.punctuation) - {"_", "-"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of ours, as ``dvc.yaml`` has it.

    Attributes:
        name: DVC's name of the stage.
        cmd: The shell command.
        deps: Paths that it reads.
        params: Params files, each with the keys that count (empty: all of them).
        outs: Cached outputs.
        marks: Outputs that are neither cached nor deleted before the stage runs.
        metrics: Metrics files, kept in git and not in the cache.
        plots: Plots, cached.
        notebook: Path of the notebook; None for ``sources`` and ``site``.
        packages: Whether it packages a model, and so depends on all that the model is made of.
    """

    name: str
    cmd: str
    deps: tuple[str, ...]
    params: tuple[tuple[str, tuple[str, ...]], ...] = ()
    outs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    notebook: str | None = None
    packages: bool = False

    @property
    def writes(self) -> tuple[str, ...]:
        """Every path that the stage writes."""
        return (*self.outs, *self.metrics, *self.plots, *self.marks)

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
            StagebookError: DVC cannot have a stage of this name, or a path is both input and
                output.
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
        deps = dict.fromkeys((*self.deps, *(path for one in stages for path in one.deps)))
        params = dict.fromkeys((*self.params, *(each for one in stages for each in one.params)))
        return replace(self, deps=tuple(deps), params=tuple(params))

    @classmethod
    def sources(cls, stages: "tuple[Stage, ...]", deps: tuple[str, ...]) -> "Stage":
        """The stage that writes the source files of all notebook stages.

        Args:
            stages: The notebook stages.
            deps: The notebooks, the local packages and the lock file.
        """
        return cls(
            name=SOURCES,
            cmd="stagebook sources",
            deps=deps,
            params=(("pyproject.toml", ("tool.stagebook",)),),
            outs=tuple(source_path(stage.name) for stage in stages),
        )

    @classmethod
    def site(cls, stages: "tuple[Stage, ...]", folder: str, others: Iterable[str] = ()) -> "Stage":
        """The stage that writes the reports, after all others.

        For DVC its output is the file that marks the folder, which is always the same: the reports
        tell of times and are never the same twice. Where they are missing, the mark is, too.

        Args:
            stages: The notebook stages.
            folder: Where the reports go.
            others: What hand-written stages write, which it tells of, too.

        Raises:
            StagebookError: A notebook has its name.
        """
        for one in stages:
            if one.name == SITE:
                message = f"The stage that writes the reports is called `{SITE}`."
                _refuse(one.name, message, one.notebook or "")
        written = (path for one in stages for path in (source_path(one.name), *one.writes))
        return cls(
            name=SITE,
            cmd="stagebook report",
            deps=tuple(dict.fromkeys((*written, *others))),
            marks=(f"{folder}/{SITE_MARK}",),
            params=(("pyproject.toml", ("tool.stagebook",)),),
        )


def source_path(stage: str) -> str:
    """Path of a stage's source file, relative to the project's root."""
    return f"{STATE}/sources/{stage}.py"


def _check_overlap(name: str, signature: Signature) -> None:
    problems = []
    for read, written in itertools.product(signature.inputs, signature.outputs):
        if read == written:
            what = f"`{read}` is both an input and an output of stage {name}."
        elif PurePosixPath(written).is_relative_to(read):
            what = f"The input `{read}` of stage {name} holds its output `{written}`."
        elif PurePosixPath(read).is_relative_to(written):
            what = f"The output `{written}` of stage {name} holds its input `{read}`."
        else:
            continue
        hint = "Write the result to a path of its own."
        problems.append(Problem("in-and-out", what, hint, signature.where))
    if problems:
        raise StagebookError(*problems)


def _check_name(name: str, where: Where) -> None:
    if name == SOURCES:
        message = f"A stage cannot be called `{SOURCES}`: that stage reads the notebooks."
    elif bad := sorted(_FORBIDDEN & set(name)):
        message = f"DVC cannot have a stage called `{name}`: no {' '.join(bad)} in names."
    elif where.file.endswith(".py") and name in sys.stdlib_module_names:
        message = f"A notebook {name}.py would be imported in place of Python's module `{name}`."
    elif name.startswith("-"):
        message = f"A stage cannot be called `{name}`: commands would take it for an option."
    else:
        return
    _refuse(name, message, where.file)


def _refuse(name: str, message: str, file: str) -> NoReturn:
    clean = "".join("_" if char in _FORBIDDEN else char for char in name).lstrip("-")
    suggestion = clean if clean != name else f"{name}_"
    hint = f"Rename the notebook, for example {suggestion}."
    raise StagebookError(Problem("bad-stage-name", message, hint, Where(file)))
