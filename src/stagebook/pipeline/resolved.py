"""The stages and outputs of a repository, as DVC itself resolves them."""

import copy
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.pipeline import dvc, dvc_file
from stagebook.pipeline.dvc_file import FILE
from stagebook.project.errors import Problem, StagebookError, Where

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import PipelineStage, Stage


@dataclass(frozen=True, slots=True)
class DvcOutput:
    """One output of one stage, as DVC resolves it.

    Attributes:
        stage: DVC's name of the stage, such as ``clean`` or ``train@large``.
        path: Relative to the project's root, with forward slashes.
        unignored: Whether DVC will add it to a ``.gitignore``: it is cached, and git does not
            ignore it yet.
        tracked: Whether DVC will refuse to build it: it is cached, and git tracks it.
    """

    stage: str
    path: str
    unignored: bool = False
    tracked: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedStage:
    """One stage, as DVC resolves it; paths are relative to the project's root.

    Attributes:
        name: DVC's name of it, which starts with the path of its file unless that is the root's.
        file: The ``dvc.yaml`` that it is in.
        deps: Paths that it reads.
        outs: Paths that it writes.
        metrics: Those of them that are metrics.
        plots: Those of them that are plots.
        params: The params files that it depends on, each with the keys that count; without
            keys, all count.
        cmd: The shell command.
        frozen: Whether DVC leaves it as it is.
        meta: What its entry has under ``meta``.
        uncached: Those outputs that are not in DVC's cache.
        persisted: Those outputs that DVC does not delete before it runs the stage.
        always: Whether DVC runs it in every build.
        folder: The folder that it runs in, from the root; empty for the root.
        commands: The shell commands, if the stage has a list of them.
        written: The paths that are written in another form, as DVC has them in ``dvc.lock``.
    """

    name: str
    file: str
    deps: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()
    params: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cmd: str = ""
    frozen: bool = False
    meta: dict[str, Any] = field(default_factory=dict)
    uncached: frozenset[str] = frozenset()
    persisted: frozenset[str] = frozenset()
    always: bool = False
    folder: str = ""
    commands: tuple[str, ...] = ()
    written: dict[str, str] = field(default_factory=dict)


def stages(root: Path, text: str | None = None) -> tuple[ResolvedStage, ...]:
    """Every stage in every ``dvc.yaml`` of a repository, with all templates resolved.

    Args:
        root: The project's root, which is DVC's.
        text: The text of the root's ``dvc.yaml`` that counts, whether or not it has been written;
            None for the file.

    Raises:
        StagebookError: DVC cannot read one of its files.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

    dvc.require_repository(root)
    try:
        with Repo(str(root)) as repo:
            listed = repo.index.stages if text is None else [*chain(*_stages(repo, text))]
            pipeline = [item for item in listed if isinstance(item, PipelineStage)]
            return tuple(_stage(item, root.resolve()) for item in pipeline)
    except DvcException as error:
        message = f"DVC cannot read the pipeline: {_reason(error, root)}."
        raise StagebookError(Problem("bad-pipeline", message, "Run: dvc stage list")) from None


def outputs(root: Path, text: str) -> tuple[DvcOutput, ...]:
    """The outputs of all stages in the text of a project's ``dvc.yaml``.

    ``foreach``, ``matrix``, ``vars`` and ``${…}`` are resolved by DVC, with the files that they
    name as they are now. Outputs outside of the project are left out.

    Args:
        root: The project's root, which is DVC's.
        text: The text, whether or not it has been written.

    Raises:
        StagebookError: DVC refuses the text.
    """
    from dvc.repo import Repo

    try:
        with warnings.catch_warnings(action="ignore"), Repo(str(root)) as repo:
            return tuple(_outputs(repo, text))
    except Exception as error:  # DVC's own errors, and those of its parsers and file systems
        hint = f"Nothing was written. Correct {FILE}, then run: stagebook sync"
        message = f"DVC refuses the new text: {_reason(error, root)}."
        raise StagebookError(Problem("dvc-refuses", message, hint, Where(FILE))) from error


def _stages(repo: "Repo", text: str) -> tuple[list["Stage"], list["Stage"]]:
    """The stages in the text of the root's ``dvc.yaml``, and those of all other files."""
    from dvc.dvcfile import ProjectFile
    from dvc.repo.index import collect_files

    path = os.path.join(repo.root_dir, FILE)  # noqa: PTH118  (DVC takes paths as text)
    file = ProjectFile(repo, path)
    # the text counts, not the file; DVC changes its argument, so it gets a copy
    file.contents = ProjectFile.validate(copy.deepcopy(dict(dvc_file.document(text))), FILE)
    other_stages = [
        stage
        for other, index in collect_files(repo, onerror=partial(_raise_for_other, path))
        if other != path
        for stage in index.stages
    ]
    return list(file.stages.values()), other_stages


def _outputs(repo: "Repo", text: str) -> Iterator[DvcOutput]:
    from dvc.repo.index import Index
    from dvc.scm import NoSCM

    stages, other_stages = _stages(repo, text)
    Index(repo, stages=[*other_stages, *stages]).check_graph()
    for stage in stages:
        for out in stage.outs:
            if out.protocol == "local" and out.is_in_repo:
                relative = os.path.relpath(out.fs_path, repo.root_dir)
                tracked = out.use_scm_ignore and repo.scm.is_tracked(out.fs_path)
                unignored = (
                    out.use_scm_ignore
                    and not isinstance(repo.scm, NoSCM)
                    and not repo.scm.is_ignored(out.fs_path)
                )
                yield DvcOutput(stage.name, Path(relative).as_posix(), unignored, bool(tracked))


def _raise_for_other(replaced: str, path: str, error: Exception) -> None:
    if os.path.abspath(path) != replaced:  # noqa: PTH100  (as DVC writes paths)
        raise error


def _reason(error: Any, root: Path) -> str:
    """DVC's reason in one line; of a text against DVC's schema, what is wrong where."""
    details = getattr(error, "exc", None)
    reason = f"{error}: {details}" if details else str(error)
    return " ".join(reason.replace(f"{os.path.relpath(root)}{os.sep}", "").split()).rstrip(".")


def _stage(stage: "PipelineStage", root: Path) -> ResolvedStage:
    from dvc.dependency import ParamsDependency

    def paths(listed: Iterable[Any]) -> tuple[str, ...]:
        return tuple(Path(os.path.relpath(item.fs_path, root)).as_posix() for item in listed)

    local = [dep for dep in stage.deps if dep.protocol == "local"]
    params = [item for item in local if isinstance(item, ParamsDependency)]
    outs = [out for out in stage.outs if out.protocol == "local"]
    file = Path(os.path.relpath(stage.path, root)).as_posix()
    folder = Path(os.path.relpath(stage.wdir, root)).as_posix()
    return ResolvedStage(
        name=stage.name if file == "dvc.yaml" else f"{file}:{stage.name}",
        file=file,
        deps=paths(item for item in local if item not in params),
        outs=paths(outs),
        metrics=paths(out for out in outs if out.metric),
        plots=paths(out for out in outs if out.plot),
        params={path: tuple(item.params) for path, item in zip(paths(params), params, strict=True)},
        cmd=" && ".join(stage.cmd) if isinstance(stage.cmd, list) else str(stage.cmd or ""),
        frozen=bool(stage.frozen),
        meta=dict(stage.meta or {}),
        uncached=frozenset(paths(out for out in outs if not out.use_cache)),
        persisted=frozenset(paths(out for out in outs if out.persist)),
        always=bool(stage.always_changed),
        folder="" if folder == "." else folder,
        commands=tuple(stage.cmd) if isinstance(stage.cmd, list) else (),
        written={
            path: str(item.def_path)
            for item, path in zip((*local, *outs), paths((*local, *outs)), strict=True)
            if item.def_path != os.path.relpath(item.fs_path, stage.wdir)
        },
    )
