"""The stages of a build as DVC plans them, and DVC's errors as problems."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.pipeline.schedule import PlannedStage, StageKind
from stagebook.pipeline.stage import SITE, SOURCES, is_source, stage_of_source
from stagebook.project.errors import Exit, Problem, StagebookError, did_you_mean
from stagebook.project.text import without_colours

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import Stage


def read(
    repo: "Repo", targets: tuple[str, ...]
) -> tuple[dict[str, "Stage"], tuple[PlannedStage, ...]]:
    """The stages of a build by name, and in DVC's order.

    Args:
        repo: DVC's repository.
        targets: Names of stages; the root's ``dvc.yaml`` if there are none.

    Raises:
        StagebookError: A target does not exist.
    """
    from dvc.repo import lock_repo
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    with lock_repo(repo):
        if not targets and not (Path(repo.root_dir) / "dvc.yaml").is_file():
            return {}, ()
        graph = get_active_graph(repo.index.graph)
        order = plan_repro(graph, _targeted(repo, targets, collect_stages))
        names = {stage: str(stage.addressing) for stage in order}
        plan = (
            PlannedStage(
                names[stage],
                kind(stage),
                frozenset(names[need] for need in graph.successors(stage)),
                str(getattr(stage, "name", None) or names[stage]),
                "stagebook" in (stage.meta or {}),
                _reads_lock(stage),
            )
            for stage in order
        )
        return {name: stage for stage, name in names.items()}, tuple(plan)


def _targeted(repo: "Repo", targets: tuple[str, ...], collect: Any) -> Any:
    from dvc.stage.exceptions import StageFileDoesNotExistError, StageNotFound

    if not targets:  # DVC would read the file a second time
        file = Path(repo.root_dir) / "dvc.yaml"
        return [stage for stage in repo.index.stages if Path(stage.path) == file]
    try:
        return collect(repo, targets)
    except (StageNotFound, StageFileDoesNotExistError):
        known = [str(stage.addressing) for stage in repo.index.stages]
        raise StagebookError(*_unknown(repo, targets, known, collect)) from None


def _unknown(
    repo: "Repo", targets: tuple[str, ...], known: list[str], collect: Any
) -> Iterator[Problem]:
    from dvc.exceptions import DvcException

    for target in targets:
        try:
            collect(repo, (target,))
        except DvcException:
            message = f"There is no stage `{target}`."
            listed = f"The stages are: {', '.join(sorted(known)) or 'none'}."
            yield Problem("no-stage", message, did_you_mean(target, known, listed))


def kind(stage: "Stage") -> StageKind:
    """How a stage is run."""
    if stage.frozen or not stage.cmd:
        return StageKind.CHECK
    mark = (stage.meta or {}).get("stagebook")
    return StageKind.COMMAND if mark in (None, SOURCES, SITE) else StageKind.NOTEBOOK


def _reads_lock(stage: "Stage") -> bool:
    """Whether a stage packages a model: it depends on the sources of the stages before it."""
    own = getattr(stage, "name", "")
    sources = (stage_of_source(dep.def_path) for dep in stage.deps if is_source(dep.def_path))
    return kind(stage) is StageKind.NOTEBOOK and any(name != own for name in sources)


@contextlib.contextmanager
def reported(code: str, message: str, exit_code: Exit) -> Iterator[None]:
    """Turns DVC's errors into problems.

    Args:
        code: The problem's code.
        message: What happened, to which DVC's reason is added.
        exit_code: The exit code.
    """
    from dvc.exceptions import DvcException
    from dvc.lock import LockError

    try:
        yield
    except (StagebookError, OSError):
        raise
    except LockError as error:
        raise busy(error) from None
    except Exception as error:  # such as a value that DVC's YAML can hold and its JSON cannot
        kind = "" if isinstance(error, DvcException) else f"{type(error).__name__}: "
        problem = Problem(code, f"{message}: {kind}{_text(error)}")
        raise StagebookError(problem, exit_code=exit_code) from None


def busy(error: Exception) -> StagebookError:
    """The error that another process of DVC has a lock."""
    problem = Problem(
        "dvc-busy",
        f"Another DVC process works in this repository. DVC says: {_words(error)}",
        "Wait until it has ended, then build again.",
    )
    return StagebookError(problem, exit_code=Exit.ENVIRONMENT)


def _text(error: BaseException) -> str:
    """The message of an error and of those that it comes from, relative to the working folder."""
    parts = []
    cause: BaseException | None = error
    while cause is not None:
        parts.append(_words(cause).rstrip("."))
        cause = cause.__cause__
    return ": ".join(dict.fromkeys(parts)).replace(f"{os.getcwd()}{os.sep}", "") + "."  # noqa: PTH109


def _words(error: BaseException) -> str:
    """What an error says, in one line without a terminal's colours."""
    lines = (" ".join(line.split()) for line in without_colours(str(error)).splitlines())
    text = " ".join(filter(None, lines))
    return re.sub(r" (?=(?:git|dvc) [a-z]+ )", "; ", text) if "\n" in str(error).strip() else text
